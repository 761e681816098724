#include "training/train.hpp"

#include <cmath>
#include <numbers>

#include "parallel/thread_team.hpp"
#include "training/batches.hpp"
#include "training/layer.hpp"
#include "training/loss.hpp"
#include "training/step.hpp"

namespace fewpoints {
namespace {

double rate_of(const TrainOptions& options, std::size_t epoch) {
  if (options.schedule == Schedule::Constant) return options.learning_rate;
  const double part = static_cast<double>(epoch) / static_cast<double>(options.epochs);
  return options.learning_rate * (1 + std::cos(std::numbers::pi * part)) / 2;
}

// The numbers of update t (from 1) of an epoch with this rate.
UpdateStep step_of(const TrainOptions& options, double rate, std::uint64_t t) {
  UpdateStep step{};
  step.rule = static_cast<UpdateRule>(options.rule);
  step.rate = rate;
  step.momentum = options.momentum;
  step.beta1 = options.beta1;
  step.beta2 = options.beta2;
  step.alpha = options.alpha;
  step.epsilon = options.epsilon;
  step.decay = options.weight_decay;
  step.decay_factor = 1 - rate * options.weight_decay;
  step.shrink = options.shrink;
  step.grow = options.grow;
  step.least_step = options.least_step;
  step.largest_step = options.largest_step;
  const double n = static_cast<double>(t);
  if (options.rule == Rule::Adam || options.rule == Rule::AdamW) {
    step.rate = rate / (1 - std::pow(options.beta1, n));
    step.root_correction = std::sqrt(1 - std::pow(options.beta2, n));
  }
  if (options.rule == Rule::Adagrad) step.rate = rate / (1 + (n - 1) * options.learning_rate_decay);
  return step;
}

template <class T>
Trained train_as(const Network& network, const Rows& rows, const std::optional<Rows>& test, const OptimizerState& state,
                 const TrainOptions& options, Monitor& monitor) {
  Layer<T> layer(network);
  OptimizerMemory<T> memory(layer.layout, state, options);
  const Columns<T> data(rows);
  std::optional<Columns<T>> test_data;
  if (test) test_data.emplace(*test);

  const bool replace = options.sampling == Sampling::Replacement;
  std::optional<Batches> batches;  // none: the batch is all rows
  if (options.batch > 0)
    batches.emplace(rows.count, rows.weights.data(), options.batch, options.batches, replace, options.seed);
  const std::size_t count = batches ? batches->count() : 1;
  const std::size_t largest = batches ? batches->size(0) : rows.count;
  // Rows that are drawn in proportion to their weights count alike.
  TrainingStep<T> step(layer, memory, data, !batches || !replace, largest, options);

  const std::size_t steps = (options.end - options.begin) * count;
  ThreadTeam team(team_size(network, largest, options.threads), monitor);
  team.run([&](ThreadTeam::Worker& worker) {
    for (std::size_t i = 0; i < steps && !monitor.cancelled(); i++) {
      const std::size_t epoch = options.begin + i / count, b = i % count;
      if (batches && b == 0) worker.phase(1, [&](std::size_t) { batches->draw(epoch); });
      step.take(worker, batches ? batches->rows(b) : nullptr, batches ? batches->size(b) : rows.count,
                step_of(options, rate_of(options, epoch), state.step + i + 1));
      if (worker.index() == 0) monitor.report(Stage::Train, i + 1, steps);
    }
  });

  Trained result;
  ThreadTeam evaluators(team_size(network, rows.count, options.threads), monitor);
  result.train_loss = mean_loss(layer, data, options.loss, evaluators);
  if (test) result.test_loss = mean_loss(layer, *test_data, options.loss, evaluators);
  result.parameters = layer.parameters();
  result.state = memory.state(state.step + steps);
  return result;
}

}  // namespace

Rows::Rows(const PointsView& x_view, const PointsView& y_view, const NumbersView& weights_view, const char* x_name,
           const char* y_name)
    : count(x_view.count) {
  if (y_view.count != count) throw Error(Code::Shape, std::string(x_name) + " and " + y_name + " differ in rows");
  copy_finite(x_view, x_name, x);
  copy_finite(y_view, y_name, y);
  if (weights_view.data == nullptr) return;
  copy_weights(weights_view, count, weights);
  bring_into_range(weights);  // they count by their ratios
}

Trained train(const Network& network, const Rows& rows, const std::optional<Rows>& test, const OptimizerState& state,
              const TrainOptions& options, Monitor& monitor) {
  return options.single ? train_as<float>(network, rows, test, state, options, monitor)
                        : train_as<double>(network, rows, test, state, options, monitor);
}

}  // namespace fewpoints
