#include "training/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "training/batches.hpp"
#include "training/layer.hpp"
#include "training/loss.hpp"
#include "training/step.hpp"
#include "training/values.hpp"

namespace fewpoints {
namespace {

double rate_of(const TrainOptions& options, std::size_t epoch) {
  if (options.schedule == Schedule::Constant) return options.learning_rate;
  const double part = static_cast<double>(epoch) / static_cast<double>(options.epochs);
  return options.learning_rate * (1 + std::cos(std::numbers::pi * part)) / 2;
}

// The numbers of update t, counted from 1, in an epoch with this rate.
UpdateStep step_of(const TrainOptions& options, double rate, std::uint64_t t) {
  UpdateStep step{options, rate, 0, 1 - rate * options.weight_decay};
  const double n = static_cast<double>(t);
  if (options.rule == Rule::Adam || options.rule == Rule::AdamW) {
    step.rate = rate / (1 - std::pow(options.beta1, n));
    step.root_correction = std::sqrt(1 - std::pow(options.beta2, n));
  }
  if (options.rule == Rule::Adagrad) step.rate = rate / (1 + (n - 1) * options.learning_rate_decay);
  return step;
}

template <class T>
class TrainerOf final : public Trainer {
 public:
  TrainerOf(const Network& network, const Rows& rows, const std::optional<Rows>& test, const OptimizerState& state,
            const TrainOptions& options)
      : options_(options),
        work_per_row_(forward_work(network, 1)),
        epoch_(options.begin),
        updates_(state.step),
        layer_(network),
        memory_(layer_.layout, state, options),
        data_(rows.count, rows.x, rows.y, rows.weights) {
    if (test) test_.emplace(test->count, test->x, test->y, test->weights);
    const bool replace = options.sampling == Sampling::Replacement;
    if (options.batch > 0)
      batches_.emplace(rows.count, rows.weights.data(), options.batch, options.batches, replace, options.seed);
    batch_ = batches_ ? batches_->size(0) : rows.count;
    // Rows that are drawn in proportion to their weights all count the same.
    step_.emplace(layer_, memory_, data_, !batches_ || !replace, batch_, options);
  }

  void run(std::size_t epochs, Monitor& monitor) override {
    const std::size_t per_epoch = updates_per_epoch(), updates = epochs * per_epoch;
    ThreadTeam team(team_size(work_per_row_ * static_cast<double>(batch_), options_.threads), monitor);
    team.run([&](ThreadTeam::Worker& worker) {
      for (std::size_t i = 0; i < updates && !monitor.cancelled(); i++) {
        const std::size_t epoch = epoch_ + i / per_epoch, b = i % per_epoch;
        if (batches_ && b == 0) worker.phase(1, [&](std::size_t) { batches_->draw(epoch); });
        step_->take(worker, batches_ ? batches_->rows(b) : nullptr, batches_ ? batches_->size(b) : batch_,
                    step_of(options_, rate_of(options_, epoch), updates_ + i + 1));
        if (worker.index() == 0) monitor.report(Stage::Train, i + 1, updates);
      }
    });
    epoch_ += epochs;
    updates_ += updates;
  }

  Losses evaluate(Monitor& monitor) const override {
    ThreadTeam team(team_size(work_per_row_ * static_cast<double>(data_.count()), options_.threads), monitor);
    Losses losses{mean_loss(layer_, data_, options_.loss, team), std::nullopt};
    if (test_) losses.test = mean_loss(layer_, *test_, options_.loss, team);
    return losses;
  }

  double work(std::size_t epochs) const override {
    const double evaluated = static_cast<double>(data_.count()) + (test_ ? static_cast<double>(test_->count()) : 0);
    const double drawn = static_cast<double>(epochs) * static_cast<double>(updates_per_epoch()) *
                         static_cast<double>(std::max(batch_, kSampleTile));
    return work_per_row_ * (3 * drawn + evaluated);  // the backward pass takes twice the time of the forward pass
  }

  Parameters parameters() const override { return layer_.parameters(); }
  OptimizerState state() const override { return memory_.state(updates_); }

 private:
  std::size_t updates_per_epoch() const { return batches_ ? batches_->count() : 1; }

  const TrainOptions options_;
  const double work_per_row_;
  std::size_t epoch_;
  std::uint64_t updates_;
  Layer<T> layer_;
  OptimizerMemory<T> memory_;
  const Columns<T> data_;
  std::optional<Columns<T>> test_;
  std::optional<Batches> batches_;  // absent when the batch is all rows
  std::size_t batch_;               // rows of the largest batch
  std::optional<TrainingStep<T>> step_;
};

}  // namespace

std::unique_ptr<Trainer> Trainer::make(const Network& network, const Rows& rows, const std::optional<Rows>& test,
                                       const OptimizerState& state, const TrainOptions& options) {
  if (options.single) return std::make_unique<TrainerOf<float>>(network, rows, test, state, options);
  return std::make_unique<TrainerOf<double>>(network, rows, test, state, options);
}

}  // namespace fewpoints
