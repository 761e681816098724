#include "train_task.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <string>

#include "arguments.hpp"
#include "points/point_set.hpp"
#include "results.hpp"
#include "simd/network_kernels.hpp"

namespace fewpoints::node {
namespace {

// Multiply-adds and activations of less than a millisecond: a Sync call does them where it is, on one thread, because
// OpenMP's team belongs to the compute thread.
constexpr double kBriefWork = 1 << 17;

// The list `name`, which must be there.
List<double> read_numbers(const Napi::Object& input, const char* name, std::size_t count) {
  List<double> list = read_list(input, name, count);
  if (list.empty()) throw Error(Code::Shape, std::string(name) + " must have " + std::to_string(count) + " numbers");
  return list;
}

Parameters read_parameters(const Napi::Object& input, const char* name, const Network& network) {
  const Napi::Object given = read_object(input.Get(name), name);
  const auto width = static_cast<std::size_t>(network.width);
  return {read_numbers(given, "hidden", width * static_cast<std::size_t>(network.inputs)),
          read_numbers(given, "bias", width),
          read_numbers(given, "output", width * static_cast<std::size_t>(network.outputs)),
          read_numbers(given, "outputBias", static_cast<std::size_t>(network.outputs))};
}

// Nothing, where there is none.
Parameters read_memory(const Napi::Object& input, const char* name, const Network& network) {
  return input.Get(name).IsUndefined() ? Parameters() : read_parameters(input, name, network);
}

// Adds to `bytes`, before it makes it, what the copy takes.
Network read_network(const Napi::Object& input, double& bytes) {
  Network network;
  network.inputs = static_cast<int>(read_integer(input, "inputs", 1, kMaxInt));
  network.width = static_cast<int>(read_integer(input, "width", 1, kMaxInt));
  network.outputs = static_cast<int>(read_integer(input, "outputs", 1, kMaxInt));
  const double numbers = network.width * (2.0 + network.inputs + network.outputs) + network.outputs;
  bytes += numbers * sizeof(double);
  network.activation =
      static_cast<Activation>(read_word(input, "activation", {"relu", "tanh", "sigmoid", "gelu", "sin"}));
  network.parameters = read_parameters(input, "parameters", network);
  network.multiplicity = read_list(input, "multiplicity", static_cast<std::size_t>(network.width));
  return network;
}

TrainOptions read_options(const Napi::Object& input) {
  TrainOptions options;
  options.loss = static_cast<Loss>(read_word(input, "loss", {"mse", "cross-entropy"}));
  options.rule = static_cast<Rule>(
      read_word(input, "rule", {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "rprop", "adagrad"}));
  options.schedule = static_cast<Schedule>(read_word(input, "schedule", {"constant", "cosine"}));
  options.sampling = static_cast<Sampling>(read_word(input, "sampling", {"shuffle", "replacement"}));
  options.learning_rate = read_number(input, "learningRate");
  options.momentum = read_number(input, "momentum");
  options.beta1 = read_number(input, "beta1");
  options.beta2 = read_number(input, "beta2");
  options.alpha = read_number(input, "alpha");
  options.epsilon = read_number(input, "epsilon");
  options.weight_decay = read_number(input, "weightDecay");
  options.learning_rate_decay = read_number(input, "learningRateDecay");
  options.shrink = read_number(input, "shrink");
  options.grow = read_number(input, "grow");
  options.least_step = read_number(input, "leastStep");
  options.largest_step = read_number(input, "largestStep");
  options.epochs = static_cast<std::size_t>(read_integer(input, "epochs", 0, kMaxExact));
  const std::int64_t epochs = static_cast<std::int64_t>(options.epochs);
  options.begin = static_cast<std::size_t>(read_integer(input, "begin", 0, epochs));
  options.end = static_cast<std::size_t>(read_integer(input, "end", static_cast<std::int64_t>(options.begin), epochs));
  options.batch = static_cast<std::size_t>(read_integer(input, "batch", 0, kMaxExact));
  options.batches = static_cast<std::size_t>(read_integer(input, "batches", 0, kMaxExact));
  // The kernel lists the rows of an epoch, and counts them in 64 bits.
  if (static_cast<double>(options.batch) * static_cast<double>(options.batches) > static_cast<double>(kMaxExact))
    throw std::bad_alloc();
  options.seed = static_cast<std::uint64_t>(read_integer(input, "seed", 0, kMaxExact));
  options.per_copy = input.Get("perCopy").ToBoolean();
  options.single = input.Get("single").ToBoolean();
  options.threads = read_threads(input);
  return options;
}

// Rows (x, y) that are still JavaScript's.
struct RowsArgument {
  RowsArgument(const Napi::Object& input, const char* x_name, const char* y_name, const char* weights_name)
      : x(input, x_name), y(input, y_name), weights(input, weights_name) {}
  double bytes() const {
    const double columns = static_cast<double>(x.dimension()) + y.dimension() + (weights.given() ? 1 : 0);
    return static_cast<double>(x.count()) * columns * sizeof(double);
  }
  void check(const Network& network) const {
    if (x.dimension() != network.inputs) throw Error(Code::Shape, "x and the network differ in inputs");
    if (y.dimension() != network.outputs) throw Error(Code::Shape, "y and the network differ in outputs");
    if (x.count() != y.count()) throw Error(Code::Shape, "x and y differ in rows");
  }
  PointsArgument x, y;
  OptionalNumbers weights;
};

// About the operations that `rows` rows take, forward and backward. A tile is computed whole.
double work_of(const Network& network, double rows) {
  return rows * std::max(network.width, static_cast<int>(kNeuronTile)) *
         (static_cast<double>(network.inputs) + network.outputs + 8);
}

double rows_drawn(const TrainOptions& options, double count) {
  const double batch = options.batch == 0 ? count : static_cast<double>(options.batch);
  const double updates = options.batches == 0 ? std::ceil(count / batch) : static_cast<double>(options.batches);
  return updates * std::max(batch, static_cast<double>(kSampleTile)) * static_cast<double>(options.end - options.begin);
}

Napi::Object to_parameters(Napi::Env env, const Parameters& parameters) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("hidden", to_array(env, parameters.hidden));
  out.Set("bias", to_array(env, parameters.bias));
  out.Set("output", to_array(env, parameters.output));
  out.Set("outputBias", to_array(env, parameters.output_bias));
  return out;
}

}  // namespace

TrainTask::TrainTask(const Napi::Object& input, double& bytes) {
  const RowsArgument rows(input, "x", "y", "weights");
  std::optional<RowsArgument> test;
  if (!input.Get("testX").IsUndefined()) test.emplace(input, "testX", "testY", "testWeights");
  bytes = rows.bytes() + (test ? test->bytes() : 0);
  options_ = read_options(input);
  network_ = read_network(input, bytes);
  state_.step = static_cast<std::uint64_t>(read_integer(input, "step", 0, kMaxExact));
  state_.first = read_memory(input, "first", network_);
  state_.second = read_memory(input, "second", network_);
  rows.check(network_);
  if (test) test->check(network_);
  // Nothing of JavaScript's runs from here on.
  rows_.emplace(rows.x.view(), rows.y.view(), rows.weights.view(rows.x.count()), "x", "y");
  if (test) test_.emplace(test->x.view(), test->y.view(), test->weights.view(test->x.count()), "test.x", "test.y");
  const double count = static_cast<double>(rows.x.count());
  const double evaluated = count + (test ? static_cast<double>(test->x.count()) : 0);
  run_inline_ = work_of(network_, 3 * rows_drawn(options_, count) + evaluated) <= kBriefWork;
  if (run_inline_) options_.threads = 1;
}

void TrainTask::run(Monitor& monitor) { output_ = train(network_, *rows_, test_, state_, options_, monitor); }

Napi::Value TrainTask::result(Napi::Env env) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("parameters", to_parameters(env, output_.parameters));
  out.Set("step", static_cast<double>(output_.state.step));
  if (!output_.state.first.bias.empty()) out.Set("first", to_parameters(env, output_.state.first));
  if (!output_.state.second.bias.empty()) out.Set("second", to_parameters(env, output_.state.second));
  out.Set("trainLoss", output_.train_loss);
  if (test_) out.Set("testLoss", output_.test_loss);
  return out;
}

PredictTask::PredictTask(const Napi::Object& input, double& bytes) {
  const PointsArgument x(input, "x");
  single_ = input.Get("single").ToBoolean();
  threads_ = read_threads(input);
  bytes = static_cast<double>(x.count()) * x.dimension() * sizeof(double);
  network_ = read_network(input, bytes);
  if (x.dimension() != network_.inputs) throw Error(Code::Shape, "x and the network differ in inputs");
  count_ = x.count();
  copy_finite(x.view(), "x", x_);
  run_inline_ = work_of(network_, static_cast<double>(count_)) <= kBriefWork;
  if (run_inline_) threads_ = 1;
}

void PredictTask::run(Monitor& monitor) { output_ = predict(network_, x_, count_, single_, threads_, monitor); }

Napi::Value PredictTask::result(Napi::Env env) { return to_array(env, output_); }

}  // namespace fewpoints::node
