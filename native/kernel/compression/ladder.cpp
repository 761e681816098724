#include "compression/ladder.hpp"

#include <algorithm>

#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// Cells per task. They are few enough to balance the load and to notice a cancel, and enough to make the cost of a task
// negligible.
constexpr std::size_t kCellsPerTask = 16;

bool all_equal(const PointColumns& points) {
  for (int a = 0; a < points.dimension; a++)
    for (std::size_t i = 1; i < points.count; i++)
      if (points.x[a][i] != points.x[a][0]) return false;
  return true;
}

std::size_t index_of(Way way) {
  return static_cast<std::size_t>(
      std::find_if(kStrategies.begin(), kStrategies.end(), [&](const Strategy& s) { return s.way == way; }) -
      kStrategies.begin());
}

}  // namespace

bool reduces_to_rank(std::size_t points, std::size_t features) {
  constexpr double kMaxWork = 2e10;
  return static_cast<double>(points) * static_cast<double>(points) * static_cast<double>(features) <= kMaxWork;
}

Ladder::Ladder(const Partition& partition, const PolynomialSpace& enlarged, const PolynomialSpace& requested)
    : enlarged_(enlarged, partition.largest()),
      results_(partition, enlarged.dimension(), static_cast<std::size_t>(enlarged.count())),
      strategy_(results_.cells(), 0),
      keeps_less_(results_.cells(), 0),
      residuals_(results_.cells(), 0) {
  if (enlarged.count() > requested.count()) requested_.emplace(requested, partition.largest());
}

void Ladder::solve(int threads, Monitor& monitor) {
  const std::size_t cells = results_.cells();
  List<unsigned char> open(cells, 0);
  List<Array<double>> workspaces(std::max(threads, 1));
  parallel_for((cells + kCellsPerTask - 1) / kCellsPerTask, threads, monitor, Stage::Recombine,
               [&](std::size_t task, int thread) {
                 Array<double>& workspace = workspaces[thread];
                 if (workspace.size() == 0) workspace.reset(enlarged_.workspace());
                 List<const double*> x;
                 for (std::size_t i = task * kCellsPerTask; i < std::min(cells, (task + 1) * kCellsPerTask); i++) {
                   const PointColumns points = results_.points_of(i, x);
                   open[i] = !copies(i, points) && !solve_in_cache(i, points, workspace.data(), monitor);
                 }
               });
  List<std::size_t> left;
  for (std::size_t i = 0; i < cells; i++)
    if (open[i]) left.push_back(i);
  each(left, threads, monitor, [&](std::size_t i, int inner) {
    if (climb(i, kCostly, kAgain, Support{}, inner, monitor) ||
        climb(i, kAgain, kTogether, Support{}, inner, monitor) ||
        climb(i, kBoxed, kStrategies.size(), Support{}, inner, monitor))
      return;
    throw Error(Code::Infeasible, "no vertex was found for a cell of " + std::to_string(results_.points(i)) +
                                      " points; try a lower order, or weights over fewer decades");
  });
}

void Ladder::solve_again(int threads, Monitor& monitor) {
  List<std::size_t> reduced;
  for (std::size_t i = 0; i < results_.cells(); i++)
    if (results_.is_reduced(i)) reduced.push_back(i);
  each(reduced, threads, monitor,
       [&](std::size_t i, int inner) { climb(i, kAgain, kTogether, results_.support_of(i), inner, monitor); });
}

bool Ladder::copy_small() {
  bool any = false;
  for (std::size_t i = 0; i < results_.cells(); i++) {
    if (results_.points(i) > results_.room(i) || !results_.is_reduced(i)) continue;
    results_.keep_all(i);
    strategy_[i] = static_cast<unsigned char>(index_of(Way::Copied));
    any = true;
  }
  return any;
}

bool Ladder::solve_boxed(int threads, Monitor& monitor) {
  List<std::size_t> reduced, bad;
  for (std::size_t i = 0; i < results_.cells(); i++) {
    if (!results_.is_reduced(i)) continue;
    reduced.push_back(i);
    if (!(residuals_[i] <= kAcceptedResidual)) bad.push_back(i);
  }
  List<char> changed(results_.cells(), 0);
  each(bad.empty() ? reduced : bad, threads, monitor,
       [&](std::size_t i, int inner) { changed[i] = climb(i, kBoxed, kRequestedAgain, Support{}, inner, monitor); });
  return std::any_of(changed.begin(), changed.end(), [](char c) { return c != 0; });
}

bool Ladder::solve_requested(int threads, Monitor& monitor) {
  List<std::size_t> cells;
  for (std::size_t i = 0; i < results_.cells(); i++)
    if (requested_ && results_.is_reduced(i) && !keeps_less_[i]) cells.push_back(i);
  each(cells, threads, monitor, [&](std::size_t i, int inner) {
    climb(i, kRequestedAgain, kStrategies.size(), results_.support_of(i), inner, monitor);
  });
  return !cells.empty();
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
    DoubleDouble mass;
    for (std::size_t i = 0; i < points.count; i++) mass = mass + DoubleDouble(points.w ? points.w[i] : 1.0);
    results_.keep(cell, Support{{0}, {static_cast<double>(mass)}, 0});
    strategy_[cell] = static_cast<unsigned char>(index_of(Way::Merged));
    return true;
  }
  if (points.count > usize(enlarged_.features())) return false;
  // One cell that is the whole set is brought to its rank, where that takes seconds. In a partition the bound on the
  // size holds anyway, and copies are exact.
  const bool whole = results_.cells() == 1 && points.count > 1;
  if (whole && reduces_to_rank(points.count, usize(enlarged_.features()))) return false;
  if (whole)
    results_.keep_distinct(cell);
  else
    results_.keep_all(cell);
  strategy_[cell] = static_cast<unsigned char>(index_of(whole ? Way::Merged : Way::Copied));
  return true;
}

// Solves a cell in cache, or in parts where it has too many points. In cache the weights go straight to their place,
// without allocation.
bool Ladder::solve_in_cache(std::size_t cell, const PointColumns& points, double* workspace, const Monitor& monitor) {
  if (enlarged_.streams(points.count) || points.count <= usize(enlarged_.features())) return false;
  std::uint32_t chosen[kMaxFastFeatures];
  const CellResult result = enlarged_.in_cache(points, workspace, chosen, results_.weights(cell), monitor);
  if (result.count >= 0 && result.residual <= kStrategies[kInCache].accepted) {
    results_.keep(cell, chosen, result.count);
    strategy_[cell] = kInCache;
    return true;
  }
  if (result.count != kCellTooMany) return false;
  const Support support = enlarged_.in_parts(points, kStrategies[kInParts].accepted, workspace, monitor);
  if (!support.found() || !(support.residual <= kStrategies[kInParts].accepted)) return false;
  results_.keep(cell, support);
  strategy_[cell] = kInParts;
  return true;
}

// Tries the strategies [first, end) one after the other, and takes the first that is accepted, or else the one with the
// smallest residual. A cell that has room for all its points keeps them when no
// better answer was found. Returns whether the cell has a new answer.
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
    results_.keep_all(cell);
    strategy_[cell] = static_cast<unsigned char>(index_of(Way::Copied));
    residuals_[cell] = 0;
    return true;
  }
  if (answer == end) return false;
  results_.keep(cell, best);
  residuals_[cell] = best.residual;
  strategy_[cell] = static_cast<unsigned char>(answer);
  if (kStrategies[answer].space == Space::Requested) keeps_less_[cell] = 1;
  return true;
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
