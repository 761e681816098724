#include "compress.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cell.hpp"
#include "info.hpp"
#include "order.hpp"
#include "partition.hpp"
#include "residual.hpp"
#include "threads.hpp"
#include "tolerances.hpp"

namespace fewpoints {
namespace {

// Cells a task: small enough to balance and to notice a cancel, large enough not to matter.
constexpr std::size_t kCellsPerTask = 16;

class Clock {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Factors that turn columns into the units in which cells are cut.
std::vector<double> cutting_units(const PointSet& set, const std::vector<double>& deviations,
                                  const CompressOptions& options) {
  std::vector<double> units(set.dimension(), 1.0);
  int top = set.dimension() > 0 ? set.exponent(0) : 0;
  for (int a = 0; a < set.dimension(); a++) top = std::max(top, set.exponent(a));
  for (int a = 0; a < set.dimension(); a++) {
    if (options.standardise)
      units[a] = deviations[a] > 0 ? 1 / deviations[a] : 0;
    else
      units[a] = std::ldexp(1.0, set.exponent(a) - top);
    if (!options.scales.empty()) units[a] *= options.scales[a];
    if (options.space.block[a] != 0) units[a] = 0;
  }
  return units;
}

// What is kept: for every cell a slot of min(points, N) places in positions and weights.
class Kept {
 public:
  Kept(const Partition& partition, const CellSolver& solver, int dimension)
      : partition_(partition), solver_(solver), dimension_(dimension) {
    const auto N = static_cast<std::size_t>(solver.features());
    slots_.push_back(0);
    for (const CellRange& cell : partition.cells()) slots_.push_back(slots_.back() + std::min(cell.size(), N));
    positions_.resize(slots_.back());
    weights_.resize(slots_.back());
    counts_.assign(partition.cells().size(), 0);
  }

  void recombine(int threads, Monitor& monitor) {
    const std::size_t cells = counts_.size();
    std::vector<unsigned char> open(cells, 0);
    std::vector<Array<double>> workspaces(std::max(threads, 1));
    parallel_for((cells + kCellsPerTask - 1) / kCellsPerTask, threads, monitor, Stage::Recombine,
                 [&](std::size_t task, int thread) {
                   Array<double>& workspace = workspaces[thread];
                   if (workspace.size() == 0) workspace.reset(solver_.workspace());
                   for (std::size_t i = task * kCellsPerTask; i < std::min(cells, (task + 1) * kCellsPerTask); i++)
                     open[i] = !solve_fast(i, workspace.data(), monitor);
                 });
    std::vector<std::size_t> careful;
    for (std::size_t i = 0; i < cells; i++)
      if (open[i]) careful.push_back(i);
    each_carefully(careful, threads, monitor,
                   [&](std::size_t i, int inner) { solve_carefully(i, Support{}, inner, monitor); });
  }

  // Polishes every cell that was not merely copied, beginning with the support that it has.
  void polish(int threads, Monitor& monitor) {
    std::vector<std::size_t> reduced;
    for (std::size_t i = 0; i < counts_.size(); i++)
      if (counts_[i] < partition_.cells()[i].size()) reduced.push_back(i);
    each_carefully(reduced, threads, monitor, [&](std::size_t i, int inner) {
      Support start;
      for (std::size_t j = slots_[i]; j < slots_[i] + counts_[i]; j++) {
        start.indices.push_back(static_cast<std::uint32_t>(positions_[j] - partition_.cells()[i].begin));
        start.weights.push_back(weights_[j]);
      }
      solve_carefully(i, std::move(start), inner, monitor);
    });
  }

  // Takes the reduction of cells back that could as well be copied. Returns whether there were any.
  bool copy_small() {
    bool any = false;
    for (std::size_t i = 0; i < counts_.size(); i++) {
      std::vector<const double*> x;
      const Points points = points_of(i, x);
      if (points.count > static_cast<std::size_t>(solver_.features()) || counts_[i] == points.count) continue;
      keep_all(i, points);
      any = true;
    }
    return any;
  }

  // Columns and weights of all that is kept, cell by cell.
  struct Columns {
    std::vector<Array<double>> x;
    Array<double> w;
    std::vector<std::uint32_t> rows;
    std::vector<const double*> pointers;
  };
  Columns columns() const {
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

 private:
  Points points_of(std::size_t i, std::vector<const double*>& x) const {
    const CellRange& cell = partition_.cells()[i];
    x.resize(dimension_);
    for (int a = 0; a < dimension_; a++) x[a] = partition_.column(a) + cell.begin;
    const double* w = partition_.weights();
    return {x.data(), w ? w + cell.begin : nullptr, cell.size(), dimension_};
  }

  static bool all_equal(const Points& points) {
    for (int a = 0; a < points.dimension; a++)
      for (std::size_t i = 1; i < points.count; i++)
        if (points.x[a][i] != points.x[a][0]) return false;
    return true;
  }

  void keep(std::size_t i, std::size_t place, std::size_t index, double weight) {
    positions_[slots_[i] + place] = partition_.cells()[i].begin + index;
    weights_[slots_[i] + place] = weight;
  }
  void keep_all(std::size_t i, const Points& points) {
    for (std::size_t j = 0; j < points.count; j++) keep(i, j, j, points.w ? points.w[j] : 1.0);
    counts_[i] = points.count;
  }

  bool solve_fast(std::size_t i, double* workspace, const Monitor& monitor) {
    std::vector<const double*> x;
    const Points points = points_of(i, x);
    if (points.count > 1 && all_equal(points)) {
      DoubleDouble sum;
      for (std::size_t j = 0; j < points.count; j++) sum = sum + DoubleDouble(points.w ? points.w[j] : 1.0);
      keep(i, 0, 0, static_cast<double>(sum));
      counts_[i] = 1;
      return true;
    }
    if (points.count <= static_cast<std::size_t>(solver_.features())) {
      // One cell that is the whole set is brought down to its rank; in a partition, the bound holds and copies are
      // exact.
      if (counts_.size() == 1 && points.count > 1) return false;
      keep_all(i, points);
      return true;
    }
    if (workspace == nullptr || solver_.workspace() == 0) return false;
    std::uint32_t chosen[kMostFast];
    const int count = solver_.fast(points, workspace, chosen, weights_.data() + slots_[i], monitor);
    if (count < 0) return false;
    for (int j = 0; j < count; j++) positions_[slots_[i] + j] = partition_.cells()[i].begin + chosen[j];
    counts_[i] = static_cast<std::size_t>(count);
    return true;
  }

  void solve_carefully(std::size_t i, Support start, int threads, Monitor& monitor) {
    std::vector<const double*> x;
    const Points points = points_of(i, x);
    const Support support = solver_.careful(points, std::move(start), threads, monitor);
    const bool copyable = points.count <= static_cast<std::size_t>(solver_.features());
    if (copyable && (support.indices.size() >= points.count || !(support.residual <= kAcceptedResidual))) {
      keep_all(i, points);
      return;
    }
    if (support.indices.size() > slots_[i + 1] - slots_[i])
      throw Error(Code::Infeasible, "no vertex was found for a cell of " + std::to_string(points.count) +
                                        " points; try a lower order, or weights over fewer decades");
    for (std::size_t j = 0; j < support.indices.size(); j++) keep(i, j, support.indices[j], support.weights[j]);
    counts_[i] = support.indices.size();
  }

  // A few cells: all threads on each. Many: a cell a thread.
  template <class Body>
  void each_carefully(const std::vector<std::size_t>& cells, int threads, Monitor& monitor, const Body& body) {
    if (cells.size() < static_cast<std::size_t>(2 * threads)) {
      for (const std::size_t i : cells) body(i, threads);
      return;
    }
    parallel_for(cells.size(), threads, monitor, Stage::Recombine, [&](std::size_t j, int) { body(cells[j], 1); });
  }

  static constexpr std::size_t kMostFast = 256;
  const Partition& partition_;
  const CellSolver& solver_;
  const int dimension_;
  std::vector<std::size_t> slots_, positions_, counts_;
  std::vector<double> weights_;
};

// Into the order of the caller's rows: a bit a row, and how many bits are set before each word.
void in_row_order(const Kept::Columns& kept, const PointSet& set, Compressed& out) {
  const std::size_t count = kept.rows.size(), m = kept.x.size();
  std::uint32_t last = 0;
  for (const std::uint32_t r : kept.rows) last = std::max(last, r);
  std::vector<std::uint64_t> bits(last / 64 + 1, 0);
  std::vector<std::uint32_t> before(bits.size() + 1, 0);
  for (const std::uint32_t r : kept.rows) bits[r / 64] |= std::uint64_t{1} << (r % 64);
  for (std::size_t i = 0; i < bits.size(); i++)
    before[i + 1] = before[i] + static_cast<std::uint32_t>(__builtin_popcountll(bits[i]));
  out.indices.resize(count);
  out.weights.resize(count);
  out.points.resize(count * m);
  for (std::size_t i = 0; i < count; i++) {
    const std::uint32_t r = kept.rows[i];
    const std::size_t to =
        before[r / 64] +
        static_cast<std::uint32_t>(__builtin_popcountll(bits[r / 64] & ((std::uint64_t{1} << (r % 64)) - 1)));
    out.indices[to] = r;
    out.weights[to] = set.weight_exponent() == 0 ? kept.w[i] : std::ldexp(kept.w[i], set.weight_exponent());
    for (std::size_t a = 0; a < m; a++) {
      const int e = set.exponent(static_cast<int>(a));
      out.points[to * m + a] = e == 0 ? kept.x[a][i] : std::ldexp(kept.x[a][i], e);
    }
  }
}

// What is kept, worked over until the moments of the whole set are right; result.residual says how right they are.
Kept::Columns settle(Kept& kept, const Residual& original, Compressed& result, Monitor& monitor) {
  const auto residual_of = [&](const Kept::Columns& c) {
    return original.of(c.pointers.data(), c.w.data(), c.rows.size(), result.threads, monitor).residual;
  };
  Kept::Columns best = kept.columns();
  result.residual = residual_of(best);
  const auto keep_if_better = [&] {
    Kept::Columns now = kept.columns();
    const double residual = residual_of(now);
    if (!(residual < result.residual)) return;
    result.residual = residual;
    best = std::move(now);
  };
  if (result.residual > kAcceptedResidual) {
    kept.polish(result.threads, monitor);
    keep_if_better();
  }
  if (result.residual > kAcceptedResidual && kept.copy_small()) keep_if_better();
  return best;
}

}  // namespace

Compressed compress(PointSet&& set, const CompressOptions& options, Monitor& monitor) {
  Compressed result;
  if (set.size() == 0) return result;
  Clock total, clock;
  result.threads = usable_threads(options.threads);

  const PolynomialSpace& space = options.space;
  const Residual original(set, space, result.threads, monitor);
  const PolynomialSpace kept_space = options.best ? enlarged_space(space, options.size, set.size()) : space;
  const std::int64_t features = kept_space.count();
  const PartitionOptions cutting{cutting_units(set, original.deviations(), options), kept_space.order[0],
                                 static_cast<std::size_t>(features), options.size, result.threads,
                                 options.division};
  clock.lap();
  const Partition partition(set, cutting, monitor);
  result.partition_ms = clock.lap();

  const CellSolver solver(kept_space, partition.largest());
  Kept kept(partition, solver, set.dimension());
  kept.recombine(result.threads, monitor);
  const Kept::Columns columns = settle(kept, original, result, monitor);
  if (!(result.residual <= kRefusedResidual))
    throw refusal("the moments up to degree " + std::to_string(space.highest_degree()), result.residual,
                  "a lower order, more cells (a larger size), or columns with lighter tails");
  in_row_order(columns, set, result);
  result.cells = partition.cells().size();
  result.recombine_ms = clock.lap();
  result.total_ms = total.lap();
  return result;
}

}  // namespace fewpoints
