// Training of a two-layer network whose neurons have multiplicities, on rows that may have weights:
//   f(x) = output_bias + sum_j c_j output_j s(hidden_j . x + bias_j)
// The gradient of a neuron's parameters is that of one of its c_j copies, dL/dp_j / c_j, before any update rule sees
// it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

enum class Activation { Relu, Tanh, Sigmoid, Gelu, Sin };
enum class Loss { Mse, CrossEntropy };
enum class Rule { Sgd, Momentum, Nesterov, Adam, AdamW, RmsProp, Rprop, Adagrad };
enum class Schedule { Constant, Cosine };
enum class Sampling { Shuffle, Replacement };

// One number for each parameter; as the caller lays a network out.
struct Parameters {
  List<double> hidden;       // width x inputs, row-major
  List<double> bias;         // width
  List<double> output;       // width x outputs, row-major
  List<double> output_bias;  // outputs
};

struct Network {
  int inputs = 0, width = 0, outputs = 0;
  Activation activation = Activation::Relu;
  Parameters parameters;
  List<double> multiplicity;  // width; empty: all 1
};

// What an update rule remembers. Empty vectors: nothing yet (zeros), or the rule needs none.
struct OptimizerState {
  std::uint64_t step = 0;  // updates made
  Parameters first;        // momentum buffer, first moments; Rprop: the last gradient
  Parameters second;       // second moments, sums of squares; Rprop: the step sizes
};

// Rows (x, y) as the kernel holds them, one array a column. Throws as PointSet does, Error Shape.
struct Rows {
  Rows(const PointsView& x, const PointsView& y, const NumbersView& weights, const char* x_name, const char* y_name);
  std::size_t count;
  List<Array<double>> x, y;
  Array<double> weights;  // size 0: all 1
};

struct TrainOptions {
  Loss loss = Loss::Mse;
  Rule rule = Rule::Adam;
  // With the meaning that PyTorch gives them; a rule reads its own.
  double learning_rate = 1e-3, momentum = 0, beta1 = 0.9, beta2 = 0.999, alpha = 0.99, epsilon = 1e-8, weight_decay = 0;
  double learning_rate_decay = 0, shrink = 0.5, grow = 1.2, least_step = 1e-6, largest_step = 50;
  Schedule schedule = Schedule::Constant;
  std::size_t epochs = 1;          // of the whole training: for the schedule
  std::size_t begin = 0, end = 1;  // epochs of this call
  std::size_t batch = 0;           // rows of a batch; 0: all rows
  std::size_t batches = 0;         // batches of an epoch; 0: as many as hold all rows once
  Sampling sampling = Sampling::Shuffle;
  std::uint64_t seed = 0;
  bool per_copy = true;  // false: dL/dp_j itself, for comparison
  bool single = false;   // float32
  int threads = 1;
};

struct Trained {
  Parameters parameters;
  OptimizerState state;
  double train_loss = 0, test_loss = 0;  // with the parameters of the end; test_loss only if there were test rows
};

// Epochs [begin, end) of a training. What is drawn in an epoch depends on the seed and its number only, and the
// parameters and the state go in and out without rounding, so a training may be cut into any calls. Numbers that
// overflow become infinities and NaN, as they do anywhere: it is not an error. Throws Cancelled, std::bad_alloc.
Trained train(const Network& network, const Rows& rows, const std::optional<Rows>& test, const OptimizerState& state,
              const TrainOptions& options, Monitor& monitor);

// f of every row, row-major. x: one array a column.
List<double> predict(const Network& network, const List<Array<double>>& x, std::size_t count, bool single, int threads,
                     Monitor& monitor);

}  // namespace fewpoints
