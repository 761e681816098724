// Solves one cell in cache: its box, its moments in one streaming pass, the candidates, the walk to a basic feasible
// solution, refinement, the residual. Works in double with Legendre products on the cell's bounding box. Gives up where
// that basis is rank-deficient or too badly conditioned. The residual of every answer has been measured.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include "simd/cell/cell_instances.hpp"
#include "simd/cell/cell_points.hpp"
#include "simd/cell/inverse_walk.hpp"
#include "simd/cell/legendre_features.hpp"
#include "simd/cell/tableau.hpp"
#include "simd/cell/tableau_elimination.hpp"
#include "simd/cell/tableau_walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Entries are of order 1. A pivot below kIllConditioned means that the basis of the box has lost about half of the
// digits on these points, unless it is rounding. Below kDependent it is.
constexpr double kIllConditioned = 1e-9, kDependent = 1e-13;
// A moment of a feature that depends on others, relative to the mass, is rounding up to this. An entry above kFree is
// none.
constexpr double kConsistent = 1e-13, kFree = 1e-3, kLeastFree = 1e-9;
// Rows with a smaller pivot wait until all others have theirs. The largest of them is then next: small pivots come last.
constexpr double kDeferred = 1e-3;
// When no entry in the tableau is below minus this, the exchange would be badly conditioned. A candidate outside the
// tableau is then searched for.
constexpr double kEnterTolerance = 1e-3;
// Every search outside the tableau is a pass over all points and brings in up to kBatch of them. A cell that needs more
// searches has very uneven weights or points.
constexpr int kMaxSearches = 8;
// Refinement goes on while the residual is above kRefined, at most kMaxRefinements times. It is needed because
// exchanges with small pivots cost the inverse digits.
constexpr double kRefined = 2e-16;
constexpr int kMaxRefinements = 3;
// A larger residual, or NaN, is no answer. The caller asks for much less.
constexpr double kLargestResidual = 1;

// The candidates for the support, S of the n >= S points: one of each of S runs of equal length. The partition leaves the
// points of a cell spatially sorted, so this is a stratified sample.
FEWPOINTS_INLINE void choose_candidates(size_t n, int S, int* candidates) {
  // In fixed point. The step is at least 1, so no point comes twice.
  const uint64_t step = (static_cast<uint64_t>(n) << 32) / static_cast<uint64_t>(S), half = step / 2;
  for (int c = 0; c < S; c++)
    candidates[c] = static_cast<int>((static_cast<uint64_t>(static_cast<uint32_t>(c)) * step + half) >> 32);
}

// Cells of this many features, and cells of this order whose points are concentrated, begin with the fitted basis: the
// basis of the box would be too badly conditioned, or too few of the candidates would have large features.
constexpr int kLargeCell = 100, kHighOrder = 4;
constexpr int kManySamples = 3;
// The variance of points that fill [-1, 1] evenly is 1/3.
constexpr double kConcentrated = 0.15;
FEWPOINTS_INLINE bool is_concentrated(const double* t, int n) {
  double sum = 0, square = 0;
  for (int i = 0; i < n; i++) {
    sum += t[i];
    square += t[i] * t[i];
  }
  const double variance = square / n - sum / n * (sum / n);
  return variance > 0 && variance < kConcentrated;
}

// Rows a multiple of 2 KB apart share few sets of the first-level cache. This avoids strides that lead to that.
constexpr int stride_for(int columns) {
  const int stride = round_up(columns);
  return stride >= 128 && stride % 32 == 0 ? stride + 8 : stride;
}

struct Dbg { long many, cells, deficient, raised, fitted, ill, norank, walkfail, gaveup, bad; ~Dbg() { if (getenv("DBG")) fprintf(stderr, "many %ld cells %ld deficient %ld raised %ld fitted %ld ill %ld norank %ld walkfail %ld gaveup %ld bad %ld\n", many, cells, deficient, raised, fitted, ill, norank, walkfail, gaveup, bad); } };
inline Dbg dbg;

// The working memory of one cell.
template <class F>
struct CellMemory {
  CellMemory(const CellShape& shape, size_t n, double* memory) {
    const int N = F::N > 0 ? F::N : shape.count, padded = round_up(N);
    set_samples(shape.samples, n);
    const int few = stride;
    set_samples(kManySamples * shape.samples, n);
    const int stride = this->stride;
    const auto take = [&memory](size_t count) {
      double* p = memory;
      memory += (count + 7) / 8 * 8;
      return p;
    };
    b = take(usize(padded));
    lost = take(usize(padded));
    defect = take(usize(padded));
    step = take(usize(padded));
    T = take(usize(N) * usize(stride));
    at_support = take(usize(padded) * usize(padded));
    if (N >= kLargeCell) {
      inverse = take(usize(padded) * usize(padded));
      prices = take(usize(stride));
      open = reinterpret_cast<unsigned char*>(take(usize(stride)));
    }
    scratch = take(usize(padded) * kBatch);
    gone = reinterpret_cast<unsigned char*>(take(n / 8 + 8));
    tableau = take(TableauOf<F::N>::doubles(N, stride));
    features = reinterpret_cast<Vec*>(take(F::scratch_vectors(shape, kLanes) * W));
    sample = take(usize(shape.dimension + 5) * usize(stride));
    candidates = reinterpret_cast<int*>(take(usize(stride)));
    this->stride = few;
  }
  void set_samples(int wanted, size_t n) {
    S = n < usize(wanted) ? static_cast<int>(n) : wanted;
    stride = stride_for(round_up(S) + kMaxSearches * kBatch);
  }
  int S, stride;
  double *b, *lost, *defect, *step, *T, *at_support, *scratch, *tableau, *sample, *inverse = nullptr, *prices = nullptr;
  unsigned char *gone, *open = nullptr;
  int* candidates;
  Vec* features;
};

// Solves the cell in its present basis. ill: a pivot below this means that another basis should be tried.
template <class F>
CellResult solve_in_basis(const Cell<F>& cell, const CellMemory<F>& memory, double ill, bool fitted, size_t most_steps,
                          uint32_t* chosen, double* weights) {
  const CellShape& shape = cell.shape;
  const CellPoints& points = cell.points;
  const int N = cell.count(), padded = round_up(N), S = memory.S, stride = memory.stride;
  const size_t n = points.count;
  double *const b = memory.b, *const scratch = memory.scratch, *const at_support = memory.at_support;
  cell.moments(b, memory.lost, reinterpret_cast<Vec*>(scratch));
  if (points.stop()) return {kCellNotSolved, 0};
  cell.prefetch_next();

  const int* const candidate = memory.candidates;
  TableauOf<F::N> tableau(N, S, stride, memory.T, memory.tableau);
  cell.features([&](int c) { return candidate[c]; }, S, round_up(S), stride, memory.T);
  for (int e = 0; e < padded; e += W) store(tableau.v + e, load(b + e));
  dbg.cells++;
  const double deferred = fitted ? kDeferred : kDependent;
  if (!tableau.eliminate(fitted ? deferred : ill, deferred, shape.pivot_share)) { dbg.ill++; return {kCellNotSolved, 0}; }
  const double mass = b[0];

  // Columns from first_appended on were appended by searches.
  int searches = 0, appended[kMaxSearches * kBatch];
  const int first_appended = tableau.used;
  const auto point = [&](int column) {
    return column < first_appended ? candidate[column] : appended[column - first_appended];
  };
  const auto weight = [&](int column) { return points.w ? points.w[point(column)] : 1.0; };
  unsigned char* const gone = memory.gone;
  const auto found_outside = [&](const double* y, double than) {
    if (searches == 0) {
      for (size_t i = 0; i < n; i++) gone[i] = 0;
      for (int c = 0; c < S; c++) gone[candidate[c]] = 1;  // they are columns of the tableau
    }
    if (searches == kMaxSearches) return kGiveUp;
    int* found = appended + searches * kBatch;
    const int count = cell.search(y, than, gone, found);
    if (count == 0) return 0;
    searches++;
    for (int l = 0; l < count; l++) gone[found[l]] = 1;  // no point is appended twice
    return count;
  };
  const auto outside = [&](const double* y, double than, TableauOf<F::N>&) {
    const int count = found_outside(y, than);
    if (count <= 0) return count;
    const int* const found = appended + (searches - 1) * kBatch;
    cell.features([&](int l) { return found[l]; }, count, kBatch, kBatch, scratch);
    tableau.append(scratch, count);
    return count;
  };
  // A feature that depends on the others on all candidates may still be free on other points of the cell.
  if (tableau.rank < N) {
    if (fitted) tableau.raise_deferred(kDependent);
    dbg.deficient++;
    for (int j = 0; j < N; j++) {
      if (tableau.basis[j] >= 0) continue;
      if (absolute(tableau.v[j]) <= kConsistent * mass) continue;
      if (tableau.raise_rank(j, kFree)) { dbg.raised++; continue; }
      const double missing = tableau.dependence(j, memory.step);
      if (missing > 0)
        for (int e = 0; e < padded; e++) memory.step[e] = -memory.step[e];
      // Some point has at least the mean. A smaller pivot than kLeastFree would be rounding.
      const double mean = absolute(missing) / mass;
      const int found = outside(memory.step, -(0.5 * mean > kLeastFree ? 0.5 * mean : kLeastFree), tableau);
      if (found == kGiveUp) return {kCellTooMany, 0};
      if (found > 0 && tableau.raise_rank(j, kLeastFree)) dbg.raised++; else dbg.norank++;
    }
  }
  int exchanges = 0;
  bool found;
  if (N >= kLargeCell) {
    for (int i = 0; i < N; i++)
      for (int e = 0; e < padded; e++)
        memory.inverse[i * padded + e] = e < N && tableau.home[e] >= 0 && tableau.basis[i] >= 0 ? memory.T[usize(i) * usize(stride) + usize(tableau.home[e])] : 0;
    for (int c = 0; c < tableau.used; c++) memory.open[c] = tableau.open[c] != 0;
    cell.features([&](int c) { return c >= S && c < first_appended ? 0 : point(c); }, tableau.used, tableau.used, stride, memory.T);
    for (int i = 0; i < N; i++) {
      tableau.u[i] = tableau.basis[i] >= 0 ? weight(tableau.basis[i]) : 0;
      if (tableau.basis[i] < 0) tableau.v[i] = 0;
    }
    int columns = tableau.used;
    const auto append = [&](const double* y, double than) {
      const int count = found_outside(y, than);
      if (count <= 0) return count;
      const int* const rows = appended + (searches - 1) * kBatch;
      cell.features([&](int l) { return rows[l]; }, count, kBatch, stride, memory.T + columns);
      for (int l = 0; l < kBatch; l++) memory.open[columns + l] = l < count;
      columns += kBatch;
      return count;
    };
    InverseWalk<decltype(weight), decltype(append)> walk{
        N, padded, memory.inverse, memory.T, stride, columns, tableau.basis, tableau.u, tableau.v, memory.step, memory.prices,
        memory.open, weight, append, kEnterTolerance, 1e-15 * mass, points.stop};
    found = walk_to_basic_solution(walk, most_steps);
    exchanges = walk.exchanges;
  } else {
    found = tableau.walk(weight, outside, kEnterTolerance, 1e-15 * mass, most_steps, points.stop);
  }
  if (getenv("DBG3") && N > 150) fprintf(stderr, "n %zu N %d S %d searches %d fitted %d exchanges %d found %d\n", n, N, S, searches, fitted, exchanges, found);
  if (!found)
    { if (searches == kMaxSearches) dbg.gaveup++; else dbg.walkfail++; return {searches == kMaxSearches || most_steps < 4 * n + 64 ? kCellTooMany : kCellNotSolved, 0}; }

  // Refinement with the inverse in the tableau, from features that are evaluated again.
  int* support = reinterpret_cast<int*>(memory.lost);
  for (int i = 0; i < N; i++) support[i] = tableau.basis[i] >= 0 ? point(tableau.basis[i]) : 0;
  cell.features([&](int i) { return support[i]; }, N, padded, padded, at_support);
  double *const v = tableau.v, *const defect = memory.defect, *const step = memory.step;
  for (int i = N; i < padded; i++) v[i] = 0;
  const auto measure_defect = [&] {
    multiply(at_support, N, padded, v, defect);
    for (int e = 0; e < padded; e += W) store(defect + e, load(b + e) - load(defect + e));
  };
  // In a fitted basis a defect counts relative to the sum of w |phi_e|, but at least to the mass.
  const auto unit_of = [&](int e) {
    if (!fitted) return shape.norm[e];
    const double* row = at_support + usize(e) * usize(padded);
    Vec s = {};
    for (int i = 0; i < padded; i += W) s = madd(magnitude(load(row + i)), load(v + i), s);
    const double size = sum(s);
    return size > mass ? mass / size : 1.0;
  };
  double seen[8];
  // One step is enough for nearly all cells; the residual is then the rounding of the sums.
  double residual = 0;
  for (int pass = 0; pass <= kMaxRefinements; pass++) {
    measure_defect();
    residual = 0;
    for (int e = 0; e < N; e++) {
      const double r = absolute(defect[e]) * unit_of(e);
      if (!(r <= residual)) residual = r;  // also when r is NaN
    }
    residual /= mass; seen[pass] = residual;
    if (pass == kMaxRefinements || (pass > 0 && residual <= kRefined)) break;
    if (N >= kLargeCell)
      multiply(memory.inverse, N, padded, defect, step);
    else
      tableau.solve(defect, step);
    for (int i = 0; i < padded; i += W) store(v + i, maximum(load(v + i) + load(step + i), Vec{}));
  }
  if (getenv("DBG3") && N > 150) fprintf(stderr, "   defects %g %g %g %g\n", seen[0], seen[1], seen[2], seen[3]);
  if (!(residual <= shape.accepted)) { dbg.bad++; if (getenv("DBG2")) fprintf(stderr, "bad n %zu rank %d of %d residual %g searches %d fitted %d\n", n, tableau.rank, N, residual, searches, fitted); }
  int kept = 0;
  for (int i = 0; i < N; i++)
    if (v[i] > 0) {
      chosen[kept] = static_cast<uint32_t>(support[i]);
      weights[kept++] = v[i];
    }
  return {residual <= kLargestResidual ? kept : kCellNotSolved, residual};
}

template <class F>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                      double* weights) {
  CellMemory<F> memory(shape, points.count, workspace);
  Cell<F> cell{shape, points, memory.features, {}};
  const int m = cell.dimension();
  const size_t n = points.count, enough = 4 * n + 64;
  cell.measure();
  memory.set_samples(shape.samples, n);
  choose_candidates(n, memory.S, memory.candidates);
  const auto good = [&](const CellResult& result) {
    return (result.count >= 0 && result.residual <= shape.accepted) || points.stop();
  };
  const bool large = cell.count() >= kLargeCell;
  bool concentrated = false;
  if (large || shape.order >= kHighOrder) {
    cell.coordinates(memory.candidates, memory.S, memory.stride, memory.sample);
    for (int a = 0; a < m; a++)
      concentrated = concentrated || is_concentrated(memory.sample + a * memory.stride, memory.S);
  }
  if (!large && !concentrated) {
    const CellResult result = solve_in_basis(cell, memory, kIllConditioned, false, enough, chosen, weights);
    if (good(result)) return result;
  }
  dbg.fitted++;
  cell.coordinates(memory.candidates, memory.S, memory.stride, memory.sample);
  fit_coordinates(cell.basis, m, shape.mixable, memory.sample, memory.stride, memory.S);
  const auto solve_fitted = [&](int samples, size_t most_steps) {
    memory.set_samples(samples, n);
    const int S = memory.S, stride = memory.stride;
    double* const weight = memory.sample + (m + 4) * stride;
    cell.choose_by_leverage(S, memory.candidates, weight, memory.gone);
    cell.coordinates(memory.candidates, S, stride, memory.sample);
    fit_polynomials(cell.basis, m, shape.order, memory.sample, weight, stride, S, memory.sample + m * stride);
    return solve_in_basis(cell, memory, kDependent, true, most_steps, chosen, weights);
  };
  if (!(large && concentrated)) {
    const CellResult result = solve_fitted(shape.samples, large ? 2 * usize(cell.count()) : enough);
    if (good(result) || result.count != kCellTooMany || n <= usize(shape.samples)) return result;
  }
  dbg.many++;
  return solve_fitted(kManySamples * shape.samples, enough);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
