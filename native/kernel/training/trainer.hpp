// Training of a two-layer network whose neurons have multiplicities, on rows that may have weights.
// The gradient of a neuron's parameters is that of one of its c_j copies, dL/dp_j / c_j, before any update rule sees
// it.
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

// Owns rows, network and the rule's memory, in the type and the layout that it computes in. The batches of an epoch
// depend on the seed and the epoch's number alone, and parameters and state go in and out without rounding, so a
// training may be cut into calls, and into trainers, anywhere. Overflow is no error: it leads to infinities and NaN.
class Trainer {
 public:
  // Copies everything. Throws Error Size, std::bad_alloc.
  static std::unique_ptr<Trainer> make(const Network& network, const Rows& rows, const std::optional<Rows>& test,
                                       const OptimizerState& state, const TrainOptions& options);
  virtual ~Trainer() = default;

  // The next `epochs` epochs. Throws Cancelled, which leaves the trainer in the middle of a step and of no more use.
  virtual void run(std::size_t epochs, Monitor& monitor) = 0;
  // The mean losses. Throws Cancelled, std::bad_alloc.
  virtual Losses evaluate(Monitor& monitor) const = 0;
  // The multiply-adds, roughly, of run(epochs) and evaluate() together.
  virtual double work(std::size_t epochs) const = 0;

  // Copies. They throw std::bad_alloc.
  virtual Parameters parameters() const = 0;
  virtual OptimizerState state() const = 0;
};

}  // namespace fewpoints
