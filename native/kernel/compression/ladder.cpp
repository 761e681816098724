#include "compression/ladder.hpp"

#include <algorithm>

#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// Cells per task. They are few enough to balance the load and to notice a cancel, and enough to make the cost of a task
// negligible. When there are few, each thread should still have this many tasks.
constexpr std::size_t kCellsPerTask = 16, kTasksPerThread = 32;

bool all_equal(const PointColumns& points) {
  for (int a = 0; a < points.dimension; a++)
    for (std::size_t i = 1; i < points.count; i++)
      if (points.x[a][i] != points.x[a][0]) return false;
  return true;
}

}  // namespace

bool has_light_weights(const double* weights, std::size_t count, double minimum) {
  double sum = 0, least = HUGE_VAL;
  for (std::size_t i = 0; i < count; i++) {
    sum += weights[i];
    least = std::min(least, weights[i]);
  }
  return least * static_cast<double>(count) < minimum * sum;
}

bool reduces_to_rank(std::size_t points, std::size_t features) {
  constexpr double kMaxWork = 2e10;
  return static_cast<double>(points) * static_cast<double>(points) * static_cast<double>(features) <= kMaxWork;
}

Ladder::Ladder(const Partition& partition, const PolynomialSpace& enlarged, const PolynomialSpace& requested,
               bool merges_equal)
    : partition_(partition),
      merges_equal_(merges_equal),
      enlarged_(enlarged, partition.largest()),
      results_(partition, enlarged.dimension(), static_cast<std::size_t>(enlarged.count())),
      strategy_(results_.cells(), 0),
      keeps_less_(results_.cells(), 0),
      residuals_(results_.cells(), 0) {
  if (enlarged.count() > requested.count()) requested_.emplace(requested, partition.largest());
}

Ladder::Answer Ladder::answer(std::size_t cell) const {
  const Support support = results_.support_of(cell);
  Answer answer{{}, support.weights, strategy_[cell], keeps_less_[cell], residuals_[cell]};
  for (const std::uint32_t i : support.indices)
    answer.rows.push_back(partition_.rows()[partition_.cells()[cell].begin + i]);
  return answer;
}

void Ladder::add_cell() {
  results_.add_cell();
  strategy_.push_back(0);
  keeps_less_.push_back(0);
  residuals_.push_back(0);
}

void Ladder::drop_cell(std::size_t united, const Answer& answer) {
  results_.drop_cell();
  strategy_.pop_back();
  keeps_less_.pop_back();
  residuals_.pop_back();
  // The points were permuted meanwhile.
  const CellRange range = partition_.cells()[united];
  List<std::pair<std::uint32_t, double>> kept;
  for (std::size_t j = 0; j < answer.rows.size(); j++) kept.push_back({answer.rows[j], answer.weights[j]});
  std::sort(kept.begin(), kept.end());
  Support support;
  for (std::size_t i = range.begin; i < range.end; i++) {
    const auto at = std::lower_bound(kept.begin(), kept.end(), std::pair{partition_.rows()[i], 0.0});
    if (at == kept.end() || at->first != partition_.rows()[i]) continue;
    support.indices.push_back(static_cast<std::uint32_t>(i - range.begin));
    support.weights.push_back(at->second);
  }
  results_.keep(united, support);
  strategy_[united] = answer.strategy;
  keeps_less_[united] = answer.keeps_less;
  residuals_[united] = answer.residual;
}

void Ladder::solve(const List<std::size_t>& cells, int threads, Monitor& monitor) {
  List<unsigned char> open(cells.size(), 0);
  List<Array<double>> workspaces(std::max(threads, 1));
  const std::size_t per_task =
      std::clamp<std::size_t>(cells.size() / (kTasksPerThread * usize(std::max(threads, 1))), 1, kCellsPerTask);
  parallel_for((cells.size() + per_task - 1) / per_task, threads, monitor, Stage::Recombine,
               [&](std::size_t task, int thread) {
                 Array<double>& workspace = workspaces[thread];
                 if (workspace.size() == 0) workspace.reset(enlarged_.workspace());
                 List<const double*> x;
                 for (std::size_t j = task * per_task; j < std::min(cells.size(), (task + 1) * per_task); j++) {
                   const std::size_t i = cells[j];
                   residuals_[i] = keeps_less_[i] = 0;
                   const PointColumns points = results_.points_of(i, x);
                   open[j] = !copies(i, points) && !solve_in_cache(i, points, workspace.data(), monitor);
                 }
               });
  List<std::size_t> left;
  for (std::size_t j = 0; j < cells.size(); j++)
    if (open[j]) left.push_back(cells[j]);
  each(left, threads, monitor, [&](std::size_t i, int inner) {
    if (climb(i, kCostly, kAgain, Support{}, inner, monitor) ||
        climb(i, kAgain, kTogether, Support{}, inner, monitor) ||
        climb(i, kBoxed, kStrategies.size(), Support{}, inner, monitor))
      return;
    throw Error(Code::Infeasible, "no vertex was found for a cell of " + std::to_string(results_.points(i)) +
                                      " points; try a lower order, or weights over fewer decades");
  });
}

bool Ladder::solve_again(int threads, Monitor& monitor) {
  return climb_all(reduced(), kAgain, kTogether, true, threads, monitor);
}

bool Ladder::solve_bad_again(int threads, Monitor& monitor) {
  return climb_all(bad(), kAgain, kTogether, true, threads, monitor);
}

bool Ladder::copy_small() {
  bool any = false;
  for (const std::size_t i : reduced()) {
    if (results_.points(i) > results_.room(i)) continue;
    copy(i);
    any = true;
  }
  return any;
}

bool Ladder::solve_boxed(int threads, Monitor& monitor) {
  const List<std::size_t> bad_ones = bad();
  return climb_all(bad_ones.empty() ? reduced() : bad_ones, kBoxed, kRequestedAgain, false, threads, monitor);
}

bool Ladder::solve_requested(int threads, Monitor& monitor) {
  return climb_all(reduced(), kRequestedAgain, kStrategies.size(), true, threads, monitor);
}

std::size_t Ladder::raise_weights(double minimum, int threads, Monitor& monitor) {
  const auto is_light = [&](const Support& support) {
    return has_light_weights(support.weights.data(), support.weights.size(), minimum);
  };
  List<std::size_t> light;
  for (std::size_t i = 0; i < results_.cells(); i++)
    if (is_light(results_.support_of(i))) light.push_back(i);
  List<unsigned char> raised(results_.cells(), 0);
  each(light, threads, monitor, [&](std::size_t i, int inner) {
    if (!results_.is_reduced(i)) return;
    List<const double*> x;
    const PointColumns points = results_.points_of(i, x);
    const auto is_good = [&](const Support& support) {
      return support.found() && support.indices.size() <= results_.kept(i) &&
             support.residual <= std::max(residuals_[i], kCellResidual) && !is_light(support);
    };
    const auto larger = [&](const CellSolver& with, Support support) {
      return with.with_larger_weights(points, std::move(support), minimum, inner, monitor);
    };
    Support support = larger(keeps_less_[i] ? *requested_ : enlarged_, results_.support_of(i));
    if (!is_good(support) && requested_ && !keeps_less_[i]) {
      // With fewer moments to keep there are more supports.
      Support start = requested_->orthonormal(points, {}, OrthonormalBasis::kDegenerateWidth, inner, monitor);
      if (start.found()) support = larger(*requested_, std::move(start));
      if (is_good(support)) keeps_less_[i] = 1;
    }
    if (!is_good(support)) return;
    results_.keep(i, support);
    residuals_[i] = support.residual;
    raised[i] = 1;
  });
  return light.size() - usize(std::count(raised.begin(), raised.end(), 1));
}

StrategyCounts Ladder::counts() const {
  StrategyCounts counts{};
  for (const unsigned char s : strategy_) counts[s]++;
  return counts;
}

std::size_t Ladder::cells_keeping_less() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < results_.cells(); i++)
    if (requested_ && (keeps_less_[i] || residuals_[i] > kCellResidual)) count++;
  return count;
}

// Answers a cell that has nothing to reduce. False: the cell must be solved.
bool Ladder::copies(std::size_t cell, const PointColumns& points) {
  if (points.count > 1 && all_equal(points)) {
    results_.keep(cell, merged(points));
    strategy_[cell] = kMerged;
    return true;
  }
  if (points.count > usize(enlarged_.features())) return false;
  // One cell that is the whole set is brought to its rank, where that takes seconds. In a partition the bound on the
  // size holds anyway, and copies are exact.
  const bool whole = results_.cells() == 1 && points.count > 1;
  if (whole && reduces_to_rank(points.count, usize(enlarged_.features()))) return false;
  if (!whole && !merges_equal_) {
    copy(cell);
    return true;
  }
  results_.keep_distinct(cell);
  strategy_[cell] = results_.is_reduced(cell) ? kMerged : kCopied;
  return true;
}

void Ladder::copy(std::size_t cell) {
  results_.keep_all(cell);
  strategy_[cell] = kCopied;
  residuals_[cell] = 0;
}

List<std::size_t> Ladder::reduced() const {
  List<std::size_t> cells;
  for (std::size_t i = 0; i < results_.cells(); i++)
    if (results_.is_reduced(i)) cells.push_back(i);
  return cells;
}

List<std::size_t> Ladder::bad() const {
  List<std::size_t> cells;
  for (const std::size_t i : reduced())
    if (!(residuals_[i] <= kAcceptedResidual)) cells.push_back(i);
  return cells;
}

// Solves a cell in cache. The weights go straight to their place, without allocation.
bool Ladder::solve_in_cache(std::size_t cell, const PointColumns& points, double* workspace, const Monitor& monitor) {
  if (enlarged_.streams(points.count) || points.count <= usize(enlarged_.features())) return false;
  std::uint32_t chosen[kMaxFastFeatures];
  const CellResult result = enlarged_.in_cache(points, workspace, chosen, results_.weights(cell), monitor);
  if (result.count >= 0 && result.residual <= kStrategies[kInCache].accepted) {
    results_.keep(cell, chosen, result.count);
    residuals_[cell] = result.residual;
    strategy_[cell] = kInCache;
    return true;
  }
  return false;
}

// Tries the strategies [first, end) one after the other, and takes the first that is accepted, or else the one with the
// smallest residual. A cell that has room for all its points keeps them when no better answer was found. Returns
// whether the cell has a new answer.
bool Ladder::climb(std::size_t cell, std::size_t first, std::size_t end, const Support& start, int threads,
                   Monitor& monitor) {
  List<const double*> x;
  const PointColumns points = results_.points_of(cell, x);
  Support best;
  std::size_t answer = end;
  for (std::size_t s = first; s < end; s++) {
    const Strategy& strategy = kStrategies[s];
    if (strategy.space == Space::Requested && (!requested_ || keeps_less_[cell])) continue;
    const bool less = strategy.space == Space::Requested || keeps_less_[cell];
    const CellSolver& with = less ? *requested_ : enlarged_;
    Support support;
    if (strategy.way == Way::Streamed) {
      if (!with.streams(points.count) || points.count <= usize(with.features())) continue;
      support = with.streamed(points, threads, monitor);
    } else if (strategy.way == Way::Orthonormal) {
      const double width = first >= kAgain ? 0 : OrthonormalBasis::kDegenerateWidth;
      support = with.orthonormal(points, start, width, threads, monitor);
    } else {
      support = with.boxed(points, threads, monitor);
    }
    if (!support.found() || support.indices.size() > results_.room(cell)) continue;
    if (best.found() && !(support.residual < best.residual)) continue;
    best = std::move(support);
    answer = s;
    if (best.residual <= strategy.accepted) break;
  }
  if (first < kBoxed && points.count <= results_.room(cell) &&
      (best.indices.size() >= points.count || !(best.residual <= kAcceptedResidual))) {
    copy(cell);
    return true;
  }
  if (answer == end) return false;
  results_.keep(cell, best);
  residuals_[cell] = best.residual;
  strategy_[cell] = static_cast<unsigned char>(answer);
  if (kStrategies[answer].space == Space::Requested) keeps_less_[cell] = 1;
  return true;
}

// Climbs with every one of the cells; from_support: starting from the support that it has. Returns whether any of them
// has a new answer.
bool Ladder::climb_all(const List<std::size_t>& cells, std::size_t first, std::size_t end, bool from_support,
                       int threads, Monitor& monitor) {
  List<char> changed(results_.cells(), 0);
  each(cells, threads, monitor, [&](std::size_t i, int inner) {
    changed[i] = climb(i, first, end, from_support ? results_.support_of(i) : Support{}, inner, monitor);
  });
  return std::any_of(changed.begin(), changed.end(), [](char c) { return c != 0; });
}

// All threads work on each cell when there are few. One thread works on each when there are many.
template <class Body>
void Ladder::each(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body) {
  if (cells.size() < static_cast<std::size_t>(2 * threads)) {
    for (const std::size_t i : cells) body(i, threads);
    return;
  }
  parallel_for(cells.size(), threads, monitor, Stage::Recombine, [&](std::size_t j, int) { body(cells[j], 1); });
}

}  // namespace fewpoints
