#include "train_task.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "arguments.hpp"
#include "errors.hpp"
#include "points/point_set.hpp"
#include "results.hpp"
#include "training/trainer.hpp"
#include "training/values.hpp"

namespace fewpoints::node {
namespace {

// A rough number of multiply-adds that take less than a millisecond. The kernel does so few on one thread. It must,
// where a Sync call does the work itself, because the OpenMP team belongs to the compute thread.
constexpr double kInlineWork = 1 << 17;
static_assert(kInlineWork <= kWorkPerWorker);

// The constant of Enum whose word the property is. LIST: X(name, word, ...).
#define READ_ENUM(input, name, Enum, LIST) static_cast<Enum>(read_word(input, name, {LIST(FEWPOINTS_WORD)}))

std::size_t read_size(const Napi::Object& input, const char* name, std::uint64_t most = kMaxExact) {
  const auto countable = std::min<std::uint64_t>(most, std::numeric_limits<std::size_t>::max());
  return static_cast<std::size_t>(read_integer(input, name, 0, static_cast<std::int64_t>(countable)));
}

// The list `name`, which must be given.
List<double> read_numbers(const Napi::Object& input, const char* name, std::size_t count) {
  List<double> list = read_list(input, name, count);
  if (list.empty()) throw Error(Code::Shape, std::string(name) + " must have " + std::to_string(count) + " numbers");
  return list;
}

Parameters read_parameters(const Napi::Object& input, const char* name, const Network& network) {
  const Napi::Object given = read_object(input.Get(name), name);
  const auto width = usize(network.width);
  return {read_numbers(given, "hidden", width * usize(network.inputs)), read_numbers(given, "bias", width),
          read_numbers(given, "output", width * usize(network.outputs)),
          read_numbers(given, "outputBias", usize(network.outputs))};
}

// Empty lists when the property is undefined.
Parameters read_memory(const Napi::Object& input, const char* name, const Network& network) {
  return input.Get(name).IsUndefined() ? Parameters() : read_parameters(input, name, network);
}

// Before it copies the network, it adds the size of the copy to `bytes`.
Network read_network(const Napi::Object& input, double& bytes) {
  Network network;
  network.inputs = static_cast<int>(read_integer(input, "inputs", 1, kMaxInt));
  network.width = static_cast<int>(read_integer(input, "width", 1, kMaxInt));
  network.outputs = static_cast<int>(read_integer(input, "outputs", 1, kMaxInt));
  const double numbers = network.width * (2.0 + network.inputs + network.outputs) + network.outputs;
  bytes += numbers * sizeof(double);
  network.activation = READ_ENUM(input, "activation", Activation, FEWPOINTS_ACTIVATIONS);
  network.parameters = read_parameters(input, "parameters", network);
  network.multiplicity = read_list(input, "multiplicity", usize(network.width));
  return network;
}

TrainOptions read_options(const Napi::Object& input) {
  TrainOptions options;
  options.loss = READ_ENUM(input, "loss", Loss, FEWPOINTS_LOSSES);
  options.rule = READ_ENUM(input, "rule", Rule, FEWPOINTS_RULES);
  options.schedule = READ_ENUM(input, "schedule", Schedule, FEWPOINTS_SCHEDULES);
  options.sampling = READ_ENUM(input, "sampling", Sampling, FEWPOINTS_SAMPLINGS);
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
  options.min_step = read_number(input, "minStep");
  options.max_step = read_number(input, "maxStep");
  options.epochs = read_size(input, "epochs");
  options.begin = read_size(input, "begin", options.epochs);
  options.batch = to_size(read_integer(input, "batch", 0, kMaxExact));
  options.batches = to_size(read_integer(input, "batches", 0, kMaxExact));
  // The kernel makes a list of the rows of an epoch and counts them as sizes.
  constexpr auto kMostRows = static_cast<double>(std::min<std::uint64_t>(kMaxExact, SIZE_MAX));
  if (static_cast<double>(options.batch) * static_cast<double>(options.batches) > kMostRows) throw std::bad_alloc();
  options.seed = static_cast<std::uint64_t>(read_integer(input, "seed", 0, kMaxExact));
  options.per_copy = input.Get("perCopy").ToBoolean();
  options.single = input.Get("single").ToBoolean();
  options.threads = read_threads(input);
  return options;
}

// Rows (x, y) that JavaScript still owns. path: their name in messages, such as "trainNetwork: test.".
class RowsArgument {
 public:
  RowsArgument(const Napi::Object& input, const std::string& path)
      : x_name_(path + "x"), y_name_(path + "y"), x_(input, "x"), y_(input, "y"), weights_(input, "weights") {}
  double bytes() const {
    const double columns = static_cast<double>(x_.dimension()) + y_.dimension() + (weights_.given() ? 1 : 0);
    return static_cast<double>(x_.count()) * columns * sizeof(double);
  }
  Rows copy(const Network& network) const {
    if (x_.dimension() != network.inputs) throw Error(Code::Shape, x_name_ + " and the network differ in inputs");
    if (y_.dimension() != network.outputs) throw Error(Code::Shape, y_name_ + " and the network differ in outputs");
    return Rows(x_.view(), y_.view(), weights_.view(x_.count()), x_name_.c_str(), y_name_.c_str());
  }

 private:
  const std::string x_name_, y_name_;
  const PointsArgument x_, y_;
  const OptionalNumbers weights_;
};

Napi::Object to_parameters(Napi::Env env, const Parameters& parameters) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("hidden", to_array(env, parameters.hidden));
  out.Set("bias", to_array(env, parameters.bias));
  out.Set("output", to_array(env, parameters.output));
  out.Set("outputBias", to_array(env, parameters.output_bias));
  return out;
}

// Owns a kernel Trainer for JavaScript.
//
// Lifetime. The functions of the object that JavaScript holds share the handle. So does the task of a run that is
// queued or running. All of them end on the JavaScript thread, even tasks (job.cpp), and so does the handle. The
// compute thread uses the Trainer only, and is_busy keeps all others from it meanwhile. So nothing here needs a lock.
class TrainerHandle {
 public:
  TrainerHandle(const Napi::Object& input, double& bytes) : env_(input.Env()) {
    const std::string where = input.Get("where").ToString();
    const RowsArgument rows(read_object(input.Get("rows"), "rows"), where);
    std::optional<RowsArgument> test;
    if (!input.Get("test").IsUndefined()) test.emplace(read_object(input.Get("test"), "test"), where + "test.");
    bytes = rows.bytes() + (test ? test->bytes() : 0);
    const TrainOptions options = read_options(input);
    const Network network = read_network(input, bytes);
    const OptimizerState state{read_size(input, "step"), read_memory(input, "first", network),
                               read_memory(input, "second", network)};
    // No JavaScript runs from here on.
    const Rows row_copy = rows.copy(network);
    std::optional<Rows> test_copy;
    if (test) test_copy.emplace(test->copy(network));
    trainer_ = Trainer::make(network, row_copy, test_copy, state, options);
    epochs_left = options.epochs - options.begin;
    bytes_ = static_cast<std::int64_t>(bytes);
    tell_v8(bytes_);
  }
  ~TrainerHandle() { free(); }
  TrainerHandle(const TrainerHandle&) = delete;
  TrainerHandle& operator=(const TrainerHandle&) = delete;

  // Both throw Error Option while a task has the trainer; trainer() also after free().
  Trainer& trainer() const {
    check_idle();
    if (!trainer_) throw Error(Code::Option, "the trainer was freed");
    return *trainer_;
  }
  void free() {
    check_idle();
    if (trainer_) tell_v8(-bytes_);
    trainer_.reset();
  }

  std::size_t epochs_left = 0;
  bool is_busy = false;

 private:
  void check_idle() const {
    if (is_busy) throw Error(Code::Option, "the trainer is busy");
  }
  // Tells V8 of the memory, so that it collects a trainer that nobody uses.
  void tell_v8(std::int64_t change) const {
    std::int64_t total;
    napi_adjust_external_memory(env_, change, &total);
  }
  const Napi::Env env_;
  std::unique_ptr<Trainer> trainer_;
  std::int64_t bytes_ = 0;
};

// Runs some epochs, then evaluates the losses. As long as the task exists, nothing else may use the trainer.
class TrainTask final : public Task {
 public:
  static constexpr const char* kName = "train";
  // Throws Error Option.
  TrainTask(std::shared_ptr<TrainerHandle> handle, const Napi::Object& input)
      : handle_(std::move(handle)),
        epochs_(read_size(input, "epochs", handle_->epochs_left)),
        trainer_(handle_->trainer()) {  // after the getter of `epochs`, which might free it
    handle_->epochs_left -= epochs_;
    handle_->is_busy = true;
  }
  ~TrainTask() override { handle_->is_busy = false; }
  bool run_inline() const override { return trainer_.work(epochs_) <= kInlineWork; }
  void run(Monitor& monitor) override {
    if (epochs_ > 0) trainer_.run(epochs_, monitor);
    losses_ = trainer_.evaluate(monitor);
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("trainLoss", losses_.train);
    if (losses_.test) out.Set("testLoss", *losses_.test);
    return out;
  }

 private:
  const std::shared_ptr<TrainerHandle> handle_;
  const std::size_t epochs_;
  Trainer& trainer_;
  Losses losses_;
};

Napi::Value state_of(Napi::Env env, const Trainer& trainer) {
  const OptimizerState state = trainer.state();
  Napi::Object out = Napi::Object::New(env);
  out.Set("parameters", to_parameters(env, trainer.parameters()));
  out.Set("step", static_cast<double>(state.step));
  if (!state.first.bias.empty()) out.Set("first", to_parameters(env, state.first));
  if (!state.second.bias.empty()) out.Set("second", to_parameters(env, state.second));
  return out;
}

}  // namespace

Napi::Value make_trainer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double bytes = 0;
  return or_error(env, TrainTask::kName, bytes, [&]() -> Napi::Value {
    const auto handle = std::make_shared<TrainerHandle>(read_object(info[0], "input"), bytes);
    Napi::Object object = Napi::Object::New(env);
    const auto define = [&](const char* name, const auto& function) {
      object.Set(name, Napi::Function::New(env, function, name));
    };
    const auto with_call = [handle](const Napi::CallbackInfo& run, const auto& body) {
      return or_error(run.Env(), TrainTask::kName, 0, [&] {
        return body(Call{TrainTask::kName,
                         [&](double&) { return std::make_unique<TrainTask>(handle, read_object(run[0], "input")); }});
      });
    };
    define("run", [with_call](const Napi::CallbackInfo& run) {
      return with_call(run, [&](const Call& call) { return start(run.Env(), call, run[1]); });
    });
    define("runSync", [with_call](const Napi::CallbackInfo& run) {
      return with_call(run, [&](const Call& call) { return run_sync(run.Env(), call); });
    });
    define("state", [handle](const Napi::CallbackInfo& call) {
      return or_error(call.Env(), TrainTask::kName, 0, [&] { return state_of(call.Env(), handle->trainer()); });
    });
    define("free", [handle](const Napi::CallbackInfo& call) {
      return or_error(call.Env(), TrainTask::kName, 0, [&] {
        handle->free();
        return call.Env().Undefined();
      });
    });
    return object;
  });
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
}

bool PredictTask::run_inline() const { return forward_work(network_, static_cast<double>(count_)) <= kInlineWork; }

void PredictTask::run(Monitor& monitor) { output_ = predict(network_, x_, count_, single_, threads_, monitor); }

Napi::Value PredictTask::result(Napi::Env env) { return to_array(env, output_); }

}  // namespace fewpoints::node
