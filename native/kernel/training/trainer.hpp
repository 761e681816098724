// Training of a two-layer network whose neurons have multiplicities, on rows that may have weights. The gradient that
// an update rule gets for a neuron's parameters is that of one of its c_j copies: dL/dp_j / c_j.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>

#include "base/status.hpp"
#include "training/network.hpp"

namespace fewpoints {

struct Losses {
  double train = 0;
  std::optional<double> test;  // absent without test rows
};

// Owns the rows, the network and the memory of the rule, in the type and the layout of the computation. The batches of
// an epoch depend on the seed and the number of the epoch alone, and parameters and state go in and out without
// rounding. So a training may be split into several calls, and several trainers, between any two epochs. Overflow is no
// error: it leads to infinities and NaN.
class Trainer {
 public:
  // Copies everything. Throws Error Size, std::bad_alloc.
  static std::unique_ptr<Trainer> make(const Network& network, const Rows& rows, const std::optional<Rows>& test,
                                       const OptimizerState& state, const TrainOptions& options);
  virtual ~Trainer() = default;

  // Runs the next `epochs` epochs. Throws Cancelled; the trainer is then in the middle of a step and of no further use.
  virtual void run(std::size_t epochs, Monitor& monitor) = 0;
  // The weighted mean losses. Throws Cancelled, std::bad_alloc.
  virtual Losses evaluate(Monitor& monitor) const = 0;
  // The rough number of multiply-adds of run(epochs) and evaluate() together.
  virtual double work(std::size_t epochs) const = 0;

  // Both return copies. They throw std::bad_alloc.
  virtual Parameters parameters() const = 0;
  virtual OptimizerState state() const = 0;
};

}  // namespace fewpoints
