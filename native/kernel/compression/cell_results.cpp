#include "compression/cell_results.hpp"

#include <algorithm>
#include <numeric>

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// Cells a task: small enough to balance and to notice a cancel, large enough not to matter.
constexpr std::size_t kCellsPerTask = 16;

bool all_equal(const PointColumns& points) {
  for (int a = 0; a < points.dimension; a++)
    for (std::size_t i = 1; i < points.count; i++)
      if (points.x[a][i] != points.x[a][0]) return false;
  return true;
}

}  // namespace

CellResults::CellResults(const Partition& partition, const CellSolver& enlarged, const CellSolver& requested,
                         int dimension)
    : partition_(partition), enlarged_(enlarged), requested_(requested), dimension_(dimension) {
  const auto most = static_cast<std::size_t>(enlarged.features());
  slots_.push_back(0);
  for (const CellRange& cell : partition.cells()) slots_.push_back(slots_.back() + std::min(cell.size(), most));
  positions_.resize(slots_.back());
  weights_.resize(slots_.back());
  counts_.assign(partition.cells().size(), 0);
  residuals_.assign(counts_.size(), 0);
}

void CellResults::recombine(int threads, Monitor& monitor) {
  const std::size_t cells = counts_.size();
  List<unsigned char> open(cells, 0);
  List<Array<double>> workspaces(std::max(threads, 1));
  parallel_for((cells + kCellsPerTask - 1) / kCellsPerTask, threads, monitor, Stage::Recombine,
               [&](std::size_t task, int thread) {
                 Array<double>& workspace = workspaces[thread];
                 if (workspace.size() == 0) workspace.reset(std::max(enlarged_.workspace(), requested_.workspace()));
                 for (std::size_t i = task * kCellsPerTask; i < std::min(cells, (task + 1) * kCellsPerTask); i++)
                   open[i] = !solve_fast(i, workspace.data(), monitor);
               });
  List<std::size_t> robust;
  for (std::size_t i = 0; i < cells; i++)
    if (open[i]) robust.push_back(i);
  each_robustly(robust, threads, monitor, [&](std::size_t i, int inner) {
    solve_robustly(i, Support{}, OrthonormalBasis::kDegenerateWidth, inner, monitor);
  });
}

void CellResults::refine_weights(int threads, Monitor& monitor) {
  List<std::size_t> reduced;
  for (std::size_t i = 0; i < counts_.size(); i++)
    if (counts_[i] < partition_.cells()[i].size()) reduced.push_back(i);
  each_robustly(reduced, threads, monitor, [&](std::size_t i, int inner) {
    Support start;
    for (std::size_t j = slots_[i]; j < slots_[i] + counts_[i]; j++) {
      start.indices.push_back(static_cast<std::uint32_t>(positions_[j] - partition_.cells()[i].begin));
      start.weights.push_back(weights_[j]);
    }
    solve_robustly(i, std::move(start), 0.0, inner, monitor);
  });
}

bool CellResults::solve_in_boxes(int threads, Monitor& monitor) {
  List<std::size_t> reduced, bad;
  for (std::size_t i = 0; i < counts_.size(); i++) {
    if (counts_[i] >= partition_.cells()[i].size()) continue;
    reduced.push_back(i);
    if (!(residuals_[i] <= kAcceptedResidual)) bad.push_back(i);
  }
  List<char> changed(counts_.size(), 0);
  each_robustly(bad.empty() ? reduced : bad, threads, monitor, [&](std::size_t i, int inner) {
    List<const double*> x;
    const Support support = requested_.boxed(points_of(i, x), inner, monitor);
    if (support.indices.empty() || support.indices.size() > slots_[i + 1] - slots_[i]) return;
    keep(i, support);
    changed[i] = 1;
  });
  return std::any_of(changed.begin(), changed.end(), [](char c) { return c != 0; });
}

bool CellResults::copy_small() {
  bool any = false;
  for (std::size_t i = 0; i < counts_.size(); i++) {
    List<const double*> x;
    const PointColumns points = points_of(i, x);
    if (points.count > static_cast<std::size_t>(enlarged_.features()) || counts_[i] == points.count) continue;
    keep_all(i, points);
    any = true;
  }
  return any;
}

CellResults::Columns CellResults::columns() const {
  std::size_t count = 0;
  for (const std::size_t c : counts_) count += c;
  Columns out;
  out.x.resize(dimension_);
  for (auto& x : out.x) {
    x.reset(count);
    out.pointers.push_back(x.data());
  }
  out.w.reset(count);
  out.rows.resize(count);
  std::size_t to = 0;
  for (std::size_t i = 0; i < counts_.size(); i++) {
    for (std::size_t j = slots_[i]; j < slots_[i] + counts_[i]; j++, to++) {
      for (int a = 0; a < dimension_; a++) out.x[a][to] = partition_.column(a)[positions_[j]];
      out.w[to] = weights_[j];
      out.rows[to] = partition_.rows()[positions_[j]];
    }
  }
  return out;
}

PointColumns CellResults::points_of(std::size_t i, List<const double*>& x) const {
  const CellRange& cell = partition_.cells()[i];
  x.resize(dimension_);
  for (int a = 0; a < dimension_; a++) x[a] = partition_.column(a) + cell.begin;
  const double* w = partition_.weights();
  return {x.data(), w ? w + cell.begin : nullptr, cell.size(), dimension_};
}

void CellResults::keep(std::size_t i, std::size_t place, std::size_t index, double weight) {
  positions_[slots_[i] + place] = partition_.cells()[i].begin + index;
  weights_[slots_[i] + place] = weight;
}

// Equal rows are one: the first of them, with the weight of all.
void CellResults::keep_distinct(std::size_t i, const PointColumns& points) {
  const auto compare = [&](std::size_t a, std::size_t b) {
    for (int c = 0; c < points.dimension; c++)
      if (points.x[c][a] != points.x[c][b]) return points.x[c][a] < points.x[c][b] ? -1 : 1;
    return 0;
  };
  List<std::size_t> order(points.count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return compare(a, b) < 0; });
  List<DoubleDouble> weight(points.count);  // of the first row of each kind
  for (std::size_t j = 0, first = 0; j < order.size(); j++) {
    if (compare(order[first], order[j]) != 0) first = j;
    DoubleDouble& sum = weight[order[first]];
    sum = sum + DoubleDouble(points.w ? points.w[order[j]] : 1.0);
  }
  std::size_t kept = 0;
  for (std::size_t j = 0; j < points.count; j++)
    if (weight[j].high > 0) keep(i, kept++, j, static_cast<double>(weight[j]));
  counts_[i] = kept;
}

void CellResults::keep(std::size_t i, const Support& support) {
  for (std::size_t j = 0; j < support.indices.size(); j++) keep(i, j, support.indices[j], support.weights[j]);
  counts_[i] = support.indices.size();
}

void CellResults::keep_all(std::size_t i, const PointColumns& points) {
  for (std::size_t j = 0; j < points.count; j++) keep(i, j, j, points.w ? points.w[j] : 1.0);
  counts_[i] = points.count;
}

bool CellResults::solve_fast(std::size_t i, double* workspace, const Monitor& monitor) {
  List<const double*> x;
  const PointColumns points = points_of(i, x);
  if (points.count > 1 && all_equal(points)) {
    DoubleDouble sum;
    for (std::size_t j = 0; j < points.count; j++) sum = sum + DoubleDouble(points.w ? points.w[j] : 1.0);
    keep(i, 0, 0, static_cast<double>(sum));
    counts_[i] = 1;
    return true;
  }
  if (points.count <= static_cast<std::size_t>(enlarged_.features())) {
    // One cell that is the whole set is brought down to its rank, where that is found in seconds; in a partition, the
    // bound holds and copies are exact.
    const bool whole = counts_.size() == 1 && points.count > 1;
    if (whole && reduces_to_rank(points.count, static_cast<std::size_t>(enlarged_.features()))) return false;
    if (whole)
      keep_distinct(i, points);
    else
      keep_all(i, points);
    return true;
  }
  const auto solved_by = [&](const CellSolver& solver) {
    if (solver.workspace() == 0) return false;
    std::uint32_t chosen[kMaxFastFeatures];
    const int count = solver.fast(points, workspace, chosen, weights_.data() + slots_[i], monitor);
    if (count < 0) return false;
    for (int j = 0; j < count; j++) positions_[slots_[i] + usize(j)] = partition_.cells()[i].begin + chosen[j];
    counts_[i] = static_cast<std::size_t>(count);
    return true;
  };
  if (solved_by(enlarged_)) return true;
  if (&enlarged_ == &requested_ || enlarged_.streams(points.count))
    return false;  // that is first streamed, by all threads
  return solved_by(requested_);
}

void CellResults::solve_robustly(std::size_t i, Support start, double degenerate_width, int threads, Monitor& monitor) {
  List<const double*> x;
  const PointColumns points = points_of(i, x);
  const auto most = static_cast<std::size_t>(enlarged_.features());
  if (start.indices.empty() && &enlarged_ != &requested_ && points.count > most) {
    // Points of lower dimension need care in any space, and in the richer one they need not keep more of themselves.
    const Support support = enlarged_.robust(points, Support{}, degenerate_width, threads, monitor);
    if (support.residual <= kAcceptedResidual && support.indices.size() <= slots_[i + 1] - slots_[i])
      return keep(i, support);
  }
  const Support support = requested_.robust(points, std::move(start), degenerate_width, threads, monitor);
  residuals_[i] = support.residual;
  if (points.count <= most && (support.indices.size() >= points.count || !(support.residual <= kAcceptedResidual)))
    return keep_all(i, points);
  if (support.indices.size() > slots_[i + 1] - slots_[i])
    throw Error(Code::Infeasible, "no vertex was found for a cell of " + std::to_string(points.count) +
                                      " points; try a lower order, or weights over fewer decades");
  keep(i, support);
}

// A few cells: all threads on each. Many: a cell a thread.
template <class Body>
void CellResults::each_robustly(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body) {
  if (cells.size() < static_cast<std::size_t>(2 * threads)) {
    for (const std::size_t i : cells) body(i, threads);
    return;
  }
  parallel_for(cells.size(), threads, monitor, Stage::Recombine, [&](std::size_t j, int) { body(cells[j], 1); });
}

}  // namespace fewpoints
