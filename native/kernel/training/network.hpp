// The input of a training: a network, rows, options, and the memory of an update rule.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/list.hpp"
#include "points/point_set.hpp"
#include "simd/network_kernels.hpp"

namespace fewpoints {

// Each enumeration is one list: X(name, word). The words are those of the TypeScript API.
#define FEWPOINTS_LOSSES(X) X(Mse, "mse") X(CrossEntropy, "cross-entropy")
#define FEWPOINTS_SCHEDULES(X) X(Constant, "constant") X(Cosine, "cosine")
#define FEWPOINTS_SAMPLINGS(X) X(Shuffle, "shuffle") X(Replacement, "replacement")
enum class Loss { FEWPOINTS_LOSSES(FEWPOINTS_NAME) };
enum class Schedule { FEWPOINTS_SCHEDULES(FEWPOINTS_NAME) };
enum class Sampling { FEWPOINTS_SAMPLINGS(FEWPOINTS_NAME) };

// One number per parameter, as the caller lays a network out.
struct Parameters {
  List<double> hidden;       // width x inputs, row-major
  List<double> bias;         // width
  List<double> output;       // width x outputs, row-major
  List<double> output_bias;  // outputs
};

// f(x) = output_bias + sum_j multiplicity_j output_j s(hidden_j . x + bias_j), s the activation.
struct Network {
  int inputs = 0, width = 0, outputs = 0;
  Activation activation = Activation::Relu;
  Parameters parameters;
  List<double> multiplicity;  // width; empty: all 1
};

// The rough number of multiply-adds for the values of `rows` rows. Whole tiles of neurons are computed.
double forward_work(const Network& network, double rows);

// The memory of an update rule (see RuleMemory). Empty lists: no update was made yet, or the rule has no such memory.
struct OptimizerState {
  std::uint64_t step = 0;  // updates made
  Parameters first, second;
};

// A copy of rows (x, y), one array per column. Throws Error NotFinite (naming row and column), Weight, Shape.
struct Rows {
  Rows(const PointsView& x, const PointsView& y, const NumbersView& weights, const char* x_name, const char* y_name);
  std::size_t count;
  List<Array<double>> x, y;
  Array<double> weights;  // size 0: all 1
};

struct TrainOptions : RuleNumbers {
  Loss loss = Loss::Mse;
  Schedule schedule = Schedule::Constant;
  std::size_t epochs = 1;   // those of the whole training, for the schedule
  std::size_t begin = 0;    // epochs done before
  std::size_t batch = 0;    // rows per batch; 0: all rows
  std::size_t batches = 0;  // batches per epoch; 0: as many as hold all rows once
  Sampling sampling = Sampling::Shuffle;
  std::uint64_t seed = 0;
  bool per_copy = true;  // false: the gradient is dL/dp_j itself, for comparison
  bool single = false;   // float32
  int threads = 1;
};

}  // namespace fewpoints
