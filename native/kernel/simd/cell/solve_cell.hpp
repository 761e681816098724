// Solves one cell in cache, in double. A cell whose points fill its box begins with Legendre products on the box and
// with candidates that are spread evenly. Where that basis is badly conditioned, a basis is fitted to the points, and
// the candidates are chosen by leverage; where those do not suffice, there are more of them.
#pragma once
#include "simd/cell/cell_instances.hpp"
#include "simd/cell/solve_in_basis.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Cells of at least this order whose points are concentrated begin with the fitted basis: that of the box would be too
// badly conditioned, or too few of the candidates would have large features.
constexpr int kHighOrder = 4;
// So do large cells of more points per feature than this: the few candidates of an even sample would miss the rim.
constexpr size_t kSparse = 16;
// The variance of points that fill [-1, 1] evenly is 1/3.
constexpr double kConcentrated = 0.15;
// With the usual candidates, a large cell takes at most so many steps per feature. If no positive weights on them
// exist, all of them would be tried.
constexpr int kStepsPerFeature = 2;

FEWPOINTS_INLINE bool is_concentrated(const double* t, int n) {
  double sum = 0, square = 0;
  for (int i = 0; i < n; i++) {
    sum += t[i];
    square += t[i] * t[i];
  }
  const double variance = square / n - sum / n * (sum / n);
  return variance > 0 && variance < kConcentrated;
}

template <class F>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                      double* weights) {
  CellMemory<F> memory(shape, points.count, workspace);
  Cell<F> cell(shape, points, memory.features);
  const int m = cell.dimension();
  const size_t n = points.count, enough = 4 * n + 64;
  const bool large = cell.count() >= kLargeCell;
  cell.measure();
  memory.set_candidates(shape.samples, n);
  cell.choose_evenly(memory.S, memory.candidates);
  const auto locate = [&] { cell.coordinates(memory.candidates, memory.S, memory.stride, memory.coordinates); };

  const bool sparse = large && n > kSparse * usize(cell.count());
  bool concentrated = false;
  if (shape.order >= kHighOrder) {
    locate();
    for (int a = 0; a < m; a++)
      concentrated = concentrated || is_concentrated(memory.coordinates + a * memory.stride, memory.S);
  }
  const size_t few_steps = large ? kStepsPerFeature * usize(cell.count()) : enough;
  if (!concentrated && !sparse) {
    const CellResult result = SolveInBasis<F>(cell, memory, false, few_steps).run(chosen, weights);
    if ((result.count >= 0 && result.residual <= shape.accepted) || points.stop()) return result;
  }

  if (shape.order < kHighOrder) locate();
  fit_coordinates(cell.basis, m, shape.mixable, memory.coordinates, memory.stride, memory.S);
  const auto solve_fitted = [&](int wanted, size_t most_steps) {
    memory.set_candidates(wanted, n);
    cell.choose_by_leverage(memory.S, memory.candidates, memory.shares, memory.gone);
    locate();
    fit_polynomials(cell.basis, m, shape.order, memory.coordinates, memory.shares, memory.stride, memory.S,
                    memory.fitting);
    return SolveInBasis<F>(cell, memory, true, most_steps).run(chosen, weights);
  };
  if (!(large && concentrated)) {
    const CellResult result = solve_fitted(shape.samples, few_steps);
    if (result.count != kCellTooMany || n <= usize(shape.samples) || points.stop()) return result;
  }
  return solve_fitted(kManyCandidates * shape.samples, enough);
}

// workspace: moment_workspace().
template <class F>
bool moments_of_cell(const CellShape& shape, const CellPoints& points, double* workspace, double* low, double* high,
                     double* b) {
  const size_t padded = usize(round_up(shape.count));
  Vec* const sums = reinterpret_cast<Vec*>(workspace + padded);
  Cell<F> cell(shape, points, sums + padded);
  cell.measure();
  for (int a = 0; a < cell.dimension(); a++) {
    if (!(cell.basis.scale[a] > 0)) return false;
    extremes(points.x[a], points.count, &low[a], &high[a]);
  }
  cell.moments(b, workspace, sums);
  for (int e = 1; e < cell.count(); e++) b[e] *= shape.norm[e];
  cell.prefetch_next();
  return true;
}

}  // namespace fewpoints::FEWPOINTS_SIMD
