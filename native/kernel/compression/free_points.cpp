#include "compression/free_points.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "base/tolerances.hpp"
#include "compression/round_weights.hpp"
#include "free_support/equal_weights.hpp"
#include "free_support/free_solver.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"

namespace fewpoints {
FreePoints::FreePoints(CellResults::Columns columns, const PointSet& set)
    : columns_(std::move(columns)), weight_exponent_(set.weight_exponent()) {
  for (int a = 0; a < set.dimension(); a++) exponents_.push_back(set.exponent(a));
}

void FreePoints::write(const RowOrderTarget& to, int threads, Monitor& monitor) const {
  const PartTimer timer(Part::RowOrder);
  const std::size_t count = size(), m = columns_.x.size();
  parallel_for(chunk_count(count), threads, monitor, Stage::Recombine, [&](std::size_t c, int) {
    const std::size_t begin = c * kChunk, end = std::min(count, begin + kChunk);
    for (std::size_t i = begin; i < end; i++) to.weights[i] = std::ldexp(columns_.w[i], weight_exponent_);
    for (std::size_t a = 0; a < m; a++)
      for (std::size_t i = begin; i < end; i++) to.points[i * m + a] = std::ldexp(columns_.x[a][i], exponents_[a]);
  });
}

namespace {

// With a larger residual, the set is done with rows.
constexpr double kFreeResidual = 50 * kEpsilon;

// A cell that keeps rows keeps as many moments as free points would take the place of, but at least those asked for.
PolynomialSpace space_of_rows(PolynomialSpace space, int points) {
  while (moment_count(space.dimension(), space.order[0] + 1) <= points) space.order[0]++;
  space.extra = std::max(0, points - static_cast<int>(space.count()));
  return space;
}

// Rounds the coordinates as the caller gets them: in the caller's unit, subnormal ones have fewer digits.
void round_points(CellResults::Columns& kept, const PointSet& set, int threads, Monitor& monitor) {
  const std::size_t count = kept.w.size();
  for (int a = 0; a < set.dimension(); a++) {
    const int e = set.exponent(a);
    if (e == 0) continue;
    parallel_for(chunk_count(count), threads, monitor, Stage::Recombine, [&](std::size_t c, int) {
      for (std::size_t i = c * kChunk; i < std::min(count, (c + 1) * kChunk); i++)
        kept.x[a][i] = std::ldexp(std::ldexp(kept.x[a][i], e), -e);
    });
  }
}

// A cell that can keep neither free points nor rows does not end the call: another order may do, or rows of all cells.
WhyRows solve(FreeCells& cells) {
  try {
    return cells.solve();
  } catch (const Error& error) {
    if (error.code != Code::Infeasible) throw;
    return WhyRows::Cells;
  }
}

FreeResult free_points_of_order(PointSet& set, PartitionOptions cutting, int order, const FreeDemands& demands,
                                const PolynomialSpace& requested, const Residual& original, Monitor& monitor) {
  const int threads = cutting.threads;
  const auto begin = std::chrono::steady_clock::now();
  const FreeSolver solver(set.dimension(), order);
  cutting.order = order;
  cutting.features = usize(solver.nodes());
  Partition partition(set, cutting, monitor);
  const double partition_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  FreeCells cells(partition, solver, space_of_rows(requested, solver.nodes()), demands, threads, monitor);
  FreeResult result;
  result.why_rows = solve(cells);
  if (result.why_rows == WhyRows::None) {
    CellResults::Columns columns = cells.columns();
    round_weights(columns, set, threads, monitor);
    round_points(columns, set, threads, monitor);
    const double residual =
        original.of(columns.pointers.data(), columns.w.data(), columns.w.size(), threads, monitor).residual;
    if (residual <= kFreeResidual)
      result = {.points = FreePoints(std::move(columns), set),
                .cells = partition.cells().size(),
                .free_cells = cells.free_cells(),
                .row_cells = cells.row_cells(),
                .cells_keeping_less = order > requested.order[0] ? cells.row_cells() : 0,
                .residual = residual,
                .partition_ms = partition_ms};
    else
      result.why_rows = WhyRows::Precision;
  }
  partition.give_rows_back();
  return result;
}

}  // namespace

FreeResult free_points(PointSet& set, const PartitionOptions& cutting, const List<int>& orders,
                       const FreeDemands& demands, const PolynomialSpace& requested, const Residual& original,
                       Monitor& monitor) {
  FreeResult result;
  result.why_rows = WhyRows::Order;
  for (const int order : orders) {
    result = free_points_of_order(set, cutting, order, demands, requested, original, monitor);
    if (result.why_rows == WhyRows::None) break;
  }
  return result;
}

FreeResult equal_points(const PointSet& set, const List<double>& units, std::size_t size,
                        const PolynomialSpace& requested, const Residual& original, int threads, Monitor& monitor) {
  const std::size_t m = usize(set.dimension()), moments = usize(requested.count());
  if (size * m + 1 < moments)
    throw Error(Code::Size, "size " + std::to_string(size) + " is too small: equal weights and " +
                                std::to_string(moments) + " moments need at least " +
                                std::to_string((moments - 1 + m - 1) / m) + " points in " + std::to_string(m) +
                                " columns");
  List<const double*> columns;
  for (std::size_t a = 0; a < m; a++) columns.push_back(set.column(static_cast<int>(a)));
  const PointColumns points{columns.data(), set.weights(), set.size(), set.dimension()};
  CellResults::Columns kept;
  kept.x = equal_points_of(points, requested, units, size, threads, monitor);
  const auto not_found = [&] {
    return Error(Code::Infeasible, "no " + std::to_string(size) +
                                       " points of equal weight were found that keep the moments up to degree " +
                                       std::to_string(requested.highest_degree()) +
                                       "; a larger 'size' or a lower 'order' may do");
  };
  if (kept.x.empty()) throw not_found();
  for (auto& x : kept.x) kept.pointers.push_back(x.data());
  kept.w.reset(size);
  std::fill_n(kept.w.data(), size, original.total_weight() / static_cast<double>(size));
  round_points(kept, set, threads, monitor);
  const double residual = original.of(kept.pointers.data(), kept.w.data(), size, threads, monitor).residual;
  if (!(residual <= kFreeResidual)) throw not_found();
  return {.points = FreePoints(std::move(kept), set), .cells = 1, .free_cells = 1, .residual = residual};
}

}  // namespace fewpoints
