#include "compression/free_points.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/tolerances.hpp"
#include "compression/choose_order.hpp"
#include "compression/free_cells.hpp"
#include "compression/round_weights.hpp"
#include "free_support/free_solver.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"

namespace fewpoints {
namespace {

// With a larger residual, the set is done with rows.
constexpr double kFreeResidual = 50 * kEpsilon;

}  // namespace

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

std::optional<FreeResult> free_points(PointSet& set, PartitionOptions cutting, int order,
                                      const PolynomialSpace& requested, const Residual& original, Monitor& monitor) {
  const int threads = cutting.threads;
  const auto begin = std::chrono::steady_clock::now();
  const FreeSolver solver(set.dimension(), order);
  cutting.order = order;
  cutting.features = usize(solver.nodes());
  Partition partition(set, cutting, monitor);
  const double partition_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  // A cell that keeps rows keeps as many moments as free points would cost, but at least those asked for.
  const PolynomialSpace rows = requested.count() < solver.nodes()
                                   ? enlarged_space(requested, usize(solver.nodes()))
                                   : requested;
  FreeCells cells(partition, solver, rows, threads, monitor);
  std::optional<FreeResult> result;
  if (cells.solve()) {
    CellResults::Columns columns = cells.columns();
    round_weights(columns, set, threads, monitor);
    const double residual =
        original.of(columns.pointers.data(), columns.w.data(), columns.w.size(), threads, monitor).residual;
    if (residual <= kFreeResidual)
      result = {FreePoints(std::move(columns), set), partition.cells().size(), cells.free_cells(), cells.row_cells(),
                residual, partition_ms};
  }
  partition.give_rows_back();
  return result;
}

}  // namespace fewpoints
