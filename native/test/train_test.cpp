// Training: compares gradients with differences of the loss, and copies of a neuron with its multiplicity. Checks that
// the bits are the same for any number of threads. The shapes take every path through simd/network/network.cpp.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <random>
#include <string>

#include "base/list.hpp"
#include "expect.hpp"
#include "training/trainer.hpp"

namespace fewpoints {
namespace {

constexpr const char* kActivations[] = {FEWPOINTS_ACTIVATIONS(FEWPOINTS_WORD)};
constexpr const char* kRules[] = {FEWPOINTS_RULES(FEWPOINTS_WORD)};

struct Numbers {
  explicit Numbers(unsigned seed) : random(seed) {}
  List<double> operator()(std::size_t n, double range = 1) {
    List<double> x(n);
    for (double& one : x) one = std::uniform_real_distribution<double>(-range, range)(random);
    return x;
  }
  std::mt19937_64 random;
};

PointsView view_of(const List<double>& values, int columns) {
  PointsView view;
  view.numbers.data = values.data();
  view.row_stride = columns;
  view.count = values.size() / usize(columns);
  view.dimension = columns;
  return view;
}

NumbersView numbers_of(const List<double>& values) {
  NumbersView view;
  view.data = values.data();
  return view;
}

Network network_of(int inputs, int width, int outputs, Activation activation, Numbers& numbers) {
  Network network{inputs, width, outputs, activation, {}, {}};
  const auto n = static_cast<std::size_t>(width);
  network.parameters = {numbers(n * usize(inputs), 1 / std::sqrt(inputs)), numbers(n),
                        numbers(n * usize(outputs), 1 / std::sqrt(n)), numbers(usize(outputs))};
  for (const double c : numbers(n)) network.multiplicity.push_back(1.5 + c);
  return network;
}

List<double> all(const Parameters& p) {
  List<double> list;
  for (const auto* part : {&p.hidden, &p.bias, &p.output, &p.output_bias})
    list.insert(list.end(), part->begin(), part->end());
  return list;
}

bool same_bits(const List<double>& a, const List<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

double* parameter(Parameters& p, std::size_t i) {
  for (auto* part : {&p.hidden, &p.bias, &p.output, &p.output_bias}) {
    if (i < part->size()) return part->data() + i;
    i -= part->size();
  }
  return nullptr;
}

// A trainer that has run `epochs` epochs.
std::unique_ptr<Trainer> trained(const Network& network, const Rows& rows, const TrainOptions& options,
                                 std::size_t epochs, const OptimizerState& state = {}) {
  Monitor monitor;
  auto trainer = Trainer::make(network, rows, std::nullopt, state, options);
  trainer->run(epochs, monitor);
  return trainer;
}

double loss_of(const Trainer& trainer) {
  Monitor monitor;
  return trainer.evaluate(monitor).train;
}

// One step of rate 1 without momentum changes the parameters by minus the gradient.
void test_gradient(int inputs, int outputs, Activation activation, Loss loss) {
  Numbers numbers(static_cast<unsigned>(17 * inputs + outputs));
  Network network = network_of(inputs, 37, outputs, activation, numbers);
  const std::size_t count = 75;
  const List<double> x = numbers(count * usize(inputs));
  List<double> y = numbers(count * usize(outputs)), w = numbers(count);
  for (double& one : w) one = one < -0.8 ? 0 : 1 + one;
  if (loss == Loss::CrossEntropy)
    for (std::size_t i = 0; i < y.size(); i++) y[i] = i % usize(outputs) == i / usize(outputs) % usize(outputs) ? 1 : 0;
  const Rows rows(view_of(x, inputs), view_of(y, outputs), numbers_of(w), "x", "y");
  TrainOptions options;
  options.rule = Rule::Sgd;
  options.loss = loss;
  options.learning_rate = 1;
  options.per_copy = false;
  const List<double> before = all(network.parameters);
  const List<double> after = all(trained(network, rows, options, 1)->parameters());
  const auto loss_with = [&](std::size_t i, double shift) {
    Network other = network;
    *parameter(other.parameters, i) += shift;
    return loss_of(*trained(other, rows, options, 0));
  };
  double worst = 0;
  for (std::size_t i = 0; i < before.size(); i += 3) {
    const double h = 1e-5, difference = (loss_with(i, h) - loss_with(i, -h)) / (2 * h);
    worst = std::max(worst, std::fabs(before[i] - after[i] - difference));
  }
  // With relu, a kink between the two points of a difference costs digits.
  expect(worst < (activation == Activation::Relu ? 1e-4 : 1e-8),
         "gradient is that of the loss, off by " + std::to_string(worst * 1e9) + "e-9");

  options.single = true;
  const List<double> rough = all(trained(network, rows, options, 1)->parameters());
  for (std::size_t i = 0; i < before.size(); i++) worst = std::max(worst, std::fabs(rough[i] - after[i]));
  expect(worst < (activation == Activation::Relu ? 1e-4 : 2e-6), "float32 gives about the same");
}

void test_threads(Rule rule, int inputs, int outputs, bool single) {
  Numbers numbers(5);
  const Network network = network_of(inputs, 2077, outputs, Activation::Tanh, numbers);
  const List<double> x = numbers(usize(700 * inputs)), y = numbers(usize(700 * outputs));
  List<double> w = numbers(700);
  for (double& one : w) one += 1;
  const Rows rows(view_of(x, inputs), view_of(y, outputs), numbers_of(w), "x", "y");
  TrainOptions options;
  options.rule = rule;
  options.batch = 300;
  options.sampling = Sampling::Replacement;
  options.single = single;
  options.epochs = 3;
  options.schedule = Schedule::Cosine;
  const auto one = trained(network, rows, options, 3);
  const auto same = [&](const Trainer& other) {
    return same_bits(all(one->parameters()), all(other.parameters())) && loss_of(*one) == loss_of(other) &&
           one->state().step == other.state().step;
  };
  for (const int threads : {2, 3, 5}) {
    options.threads = threads;
    expect(same(*trained(network, rows, options, 3)), "same bits with " + std::to_string(threads) + " threads");
  }
  const auto first = trained(network, rows, options, 1);
  Network half = network;
  half.parameters = first->parameters();
  options.begin = 1;
  expect(same(*trained(half, rows, options, 2, first->state())), "same bits by two trainers");
  Monitor monitor;
  first->run(2, monitor);
  expect(same(*first), "same bits in two calls");
}

}  // namespace
}  // namespace fewpoints

void test_train() {
  using namespace fewpoints;
  for (std::size_t activation = 0; activation < std::size(kActivations); activation++)
    for (const auto& [inputs, outputs] :
         {std::pair(1, 1), std::pair(2, 1), std::pair(3, 1), std::pair(5, 1), std::pair(2, 3), std::pair(17, 4)}) {
      place = std::string("training ") + kActivations[activation] + " " + std::to_string(inputs) + " inputs " +
              std::to_string(outputs) + " outputs";
      test_gradient(inputs, outputs, static_cast<Activation>(activation), Loss::Mse);
      if (outputs > 1) test_gradient(inputs, outputs, static_cast<Activation>(activation), Loss::CrossEntropy);
    }
  for (std::size_t rule = 0; rule < std::size(kRules); rule++)
    for (const bool single : {false, true}) {
      place = std::string("training by ") + kRules[rule] + (single ? " float32" : " float64");
      test_threads(static_cast<Rule>(rule), 2, 1, single);
      if (rule % 3 == 0) test_threads(static_cast<Rule>(rule), 6, 3, single);
    }
}
