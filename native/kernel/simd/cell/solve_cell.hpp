// Solves one cell in cache: its box, its moments in one streaming pass, the candidates, the walk to a basic feasible
// solution, refinement, the residual. Works in double with Legendre products on the cell's bounding box. Gives up where
// that basis is rank-deficient or too badly conditioned. The residual of every answer has been measured.
#pragma once
#include "simd/cell/cell_instances.hpp"
#include "simd/cell/cell_points.hpp"
#include "simd/cell/legendre_features.hpp"
#include "simd/cell/tableau.hpp"
#include "simd/cell/tableau_elimination.hpp"
#include "simd/cell/tableau_walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Entries are of order 1. A pivot below this means that the basis of the box has lost about half of the digits on these
// points.
constexpr double kPivotTolerance = 1e-9;
// When no entry in the tableau is below minus this, the exchange would be badly conditioned. A candidate outside the
// tableau is then searched for.
constexpr double kEnterTolerance = 1e-3;
// Every search outside the tableau is a pass over all points and brings in up to kBatch of them. A cell that needs more
// searches has very uneven weights or points.
constexpr int kMaxSearches = 8;
// Refinement goes on while the residual is above kRefined, at most kMaxRefinements times. It is needed because
// exchanges with small pivots cost the inverse digits.
constexpr double kRefined = 1e-15;
constexpr int kMaxRefinements = 3;
// A larger residual, or NaN, is no answer. The caller asks for much less.
constexpr double kLargestResidual = 1;

// S of the n >= S points, evenly spaced. The partition leaves the points of a cell spatially sorted, so this is a
// stratified sample. In fixed point; the step is at least 1, so no point comes twice.
struct Candidates {
  uint64_t step, half;
  Candidates(size_t n, int S) : step((static_cast<uint64_t>(n) << 32) / static_cast<uint64_t>(S)), half(step / 2) {}
  FEWPOINTS_INLINE int operator[](int c) const {
    return static_cast<int>((static_cast<uint64_t>(static_cast<uint32_t>(c)) * step + half) >> 32);
  }
};

// Rows a multiple of 2 KB apart share few sets of the first-level cache. This avoids strides that lead to that.
constexpr int stride_for(int columns) {
  const int stride = round_up(columns);
  return stride >= 128 && stride % 32 == 0 ? stride + 8 : stride;
}

template <class F>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* memory, uint32_t* chosen,
                      double* weights) {
  Cell<F> cell{shape, points, nullptr, {}};
  const int N = cell.count(), padded = round_up(N);
  const size_t n = points.count;
  const int S = n < usize(shape.samples) ? static_cast<int>(n) : shape.samples;
  const int stride = stride_for(round_up(S) + kMaxSearches * kBatch);
  const auto take = [&memory](size_t count) {
    double* p = memory;
    memory += (count + 7) / 8 * 8;
    return p;
  };
  double* b = take(usize(padded));
  double* lost = take(usize(padded));
  double* defect = take(usize(padded));
  double* step = take(usize(padded));
  double* T = take(usize(N) * usize(stride));
  double* at_support = take(usize(padded) * usize(padded));
  double* scratch = take(usize(padded) * kBatch);
  unsigned char* gone = reinterpret_cast<unsigned char*>(take(n / 8 + 8));
  TableauOf<F::N> tableau(N, S, stride, T, take(TableauOf<F::N>::doubles(N, stride)));

  cell.memory = reinterpret_cast<Vec*>(take(F::scratch_vectors(shape, kLanes) * W));

  cell.measure();
  cell.moments(b, lost, reinterpret_cast<Vec*>(scratch));

  if (points.stop()) return {kCellNotSolved, 0};
  cell.prefetch_next();

  const Candidates candidate(n, S);
  cell.features([&](int c) { return candidate[c]; }, S, round_up(S), stride, T);
  for (int e = 0; e < padded; e += W) store(tableau.v + e, load(b + e));
  if (!tableau.eliminate(kPivotTolerance, shape.pivot_share)) return {kCellNotSolved, 0};

  // Columns from first_appended on were appended by searches.
  int searches = 0, appended[kMaxSearches * kBatch];
  const int first_appended = tableau.used;
  const auto point = [&](int column) {
    return column < first_appended ? candidate[column] : appended[column - first_appended];
  };
  const auto weight = [&](int column) { return points.w ? points.w[point(column)] : 1.0; };
  const auto outside = [&](const double* y, double than, TableauOf<F::N>&) {
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
    cell.features([&](int l) { return found[l]; }, count, kBatch, kBatch, scratch);
    tableau.append(scratch, count);
    return count;
  };
  const double mass = b[0];
  if (!tableau.walk(weight, outside, kEnterTolerance, 1e-15 * mass, 4 * n + 64, points.stop))
    return {searches == kMaxSearches ? kCellTooMany : kCellNotSolved, 0};

  // Refinement with the inverse in the tableau, from features that are evaluated again.
  int* support = reinterpret_cast<int*>(lost);
  for (int i = 0; i < N; i++) support[i] = point(tableau.basis[i]);
  cell.features([&](int i) { return support[i]; }, N, padded, padded, at_support);
  double* v = tableau.v;
  for (int i = N; i < padded; i++) v[i] = 0;
  const auto measure_defect = [&] {
    for (int e = 0; e < N; e += W) {
      const double* row[W];
      for (int l = 0; l < W; l++) row[l] = at_support + usize(e + l < N ? e + l : N - 1) * usize(padded);
      Vec s[W] = {};
      for (int i = 0; i < padded; i += W) {
        const Vec vi = load(v + i);
#pragma GCC unroll 8
        for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + i), vi, s[l]);
      }
      store(defect + e, load(b + e) - sums_of(s));
    }
  };
  // One step is enough for nearly all cells; the residual is then the rounding of the sums.
  double residual = 0;
  for (int pass = 0; pass <= kMaxRefinements; pass++) {
    measure_defect();
    residual = 0;
    for (int e = 0; e < N; e++) {
      const double r = absolute(defect[e]) * shape.norm[e];
      if (!(r <= residual)) residual = r;  // also when r is NaN
    }
    residual /= mass;
    if (pass == kMaxRefinements || (pass > 0 && residual <= kRefined)) break;
    tableau.solve(defect, step);
    for (int i = 0; i < padded; i += W) store(v + i, maximum(load(v + i) + load(step + i), Vec{}));
  }
  int kept = 0;
  for (int i = 0; i < N; i++)
    if (v[i] > 0) {
      chosen[kept] = static_cast<uint32_t>(support[i]);
      weights[kept++] = v[i];
    }
  return {residual <= kLargestResidual ? kept : kCellNotSolved, residual};
}

}  // namespace fewpoints::FEWPOINTS_SIMD
