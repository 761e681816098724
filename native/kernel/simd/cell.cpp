// One cell, fast: box, moments in one streaming pass, candidates, homotopy push, one refinement, residual. Works in
// double with Legendre products on the cell's bounding box; gives up (count -1) where that basis is rank-deficient or
// too badly conditioned, and never returns an answer whose residual it has not measured.
#include "features.hpp"
#include "parts.hpp"
#include "tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// A pivot below this, in values of order 1, means that the box basis has lost about half the digits on these points.
constexpr double kPivotTolerance = 1e-9;
// Below this a candidate outside the tableau is looked for: the exchange would be badly conditioned.
constexpr double kEnterTolerance = 1e-3;
// Every search outside the tableau is a pass over all points. A cell that needs more has very uneven weights or points.
constexpr int kMostSearches = 24;
constexpr int kLanes = 4;        // vectors of points in flight in the moment pass
constexpr int kFoldEvery = 256;  // blocks of kLanes vectors between compensated foldings of the sums

struct Box {
  double centre[32], inverse[32];
};

template <class F>
struct Cell {
  const CellShape& shape;
  const CellPoints& points;
  Box box;

  FEWPOINTS_INLINE Vec local(int a, Vec x) const { return (x - splat(box.centre[a])) * splat(box.inverse[a]); }

  void measure() {
    for (int a = 0; a < shape.dimension; a++) {
      double low = points.x[a][0], high = low;
      bounds(points.x[a], 0, points.count, &low, &high);
      box.centre[a] = 0.5 * low + 0.5 * high;
      const double half = 0.5 * high - 0.5 * low;
      box.inverse[a] = half > 0 ? 1 / half : 0;
    }
  }

  template <int B>
  FEWPOINTS_INLINE void add(size_t i, Vec* sums) const {
    Vec t[32][B], w[B];
    for (int b = 0; b < B; b++) {
      w[b] = points.w ? loadu(points.w + i + b * W) : splat(1);
      for (int a = 0; a < shape.dimension; a++) t[a][b] = local(a, loadu(points.x[a] + i + b * W));
    }
    F::template accumulate<B>(shape, t, w, sums);
  }

  // b = sum w phi. Sums are folded now and then with the rounding error carried along, so that large cells lose
  // nothing.
  void moments(double* b, double* lost, Vec* sums) const {
    const int N = shape.count;
    const size_t n = points.count, block = static_cast<size_t>(kLanes) * W;
    for (int e = 0; e < N; e++) b[e] = lost[e] = 0;
    size_t i = 0;
    const auto fold = [&] {
      for (int e = 0; e < N; e++) {
        const double y = sum(sums[e]) - lost[e];
        const double s = b[e] + y;
        lost[e] = (s - b[e]) - y;
        b[e] = s;
      }
    };
    while (i < n) {
      for (int e = 0; e < N; e++) sums[e] = Vec{};
      for (int count = 0; count < kFoldEvery && i + block <= n; count++, i += block) add<kLanes>(i, sums);
      if (i + block > n) {
        for (; i + W <= n; i += W) add<1>(i, sums);
        if (i < n) {
          const int rest = static_cast<int>(n - i);
          Vec t[32][1], w[1];
          for (int a = 0; a < shape.dimension; a++) t[a][0] = local(a, load_part(points.x[a] + i, rest));
          w[0] = Vec{};
          for (int l = 0; l < rest; l++) w[0][l] = points.w ? points.w[i + l] : 1;
          F::template accumulate<1>(shape, t, w, sums);
          i = n;
        }
      }
      fold();
    }
  }

  // Features of the points numbered index[0..count), W at a time; columns behind `count` repeat the first point.
  void features(const int* index, int count, int stride, double* out) const {
    for (int c = 0; c < stride; c += W) {
      Vec t[32];
      for (int a = 0; a < shape.dimension; a++) {
        Vec x;
        for (int l = 0; l < W; l++) x[l] = points.x[a][index[c + l < count ? c + l : 0]];
        t[a] = local(a, x);
      }
      F::values(shape, t, out + c, static_cast<size_t>(stride));
    }
  }

  // sum_e y_e phi_e at W points from i on.
  FEWPOINTS_INLINE Vec combination(const double* y, size_t i, int count, double* scratch) const {
    Vec t[32];
    for (int a = 0; a < shape.dimension; a++)
      t[a] = local(a, count == W ? loadu(points.x[a] + i) : load_part(points.x[a] + i, count));
    F::values(shape, t, scratch, W);
    Vec s = {};
    for (int e = 0; e < shape.count; e++) s = madd(splat(y[e]), load(scratch + e * W), s);
    return s;
  }
};

template <class F>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* memory, uint32_t* chosen,
                      double* weights) {
  Cell<F> cell{shape, points, {}};
  const int N = shape.count, padded = round_up(N);
  const size_t n = points.count;
  const int S = n < static_cast<size_t>(shape.samples) ? static_cast<int>(n) : shape.samples;
  const int stride = round_up(S);
  const auto take = [&memory](size_t count) {
    double* p = memory;
    memory += (count + 7) / 8 * 8;
    return p;
  };
  double* b = take(N);
  double* lost = take(N);
  double* phi = take(N);
  double* T = take(static_cast<size_t>(N) * stride);
  double* at_support = take(static_cast<size_t>(N) * padded);
  double* scratch = take(static_cast<size_t>(N) * W);
  int* candidate = reinterpret_cast<int*>(take(stride));
  unsigned char* gone = reinterpret_cast<unsigned char*>(take(n / 8 + 8));
  Tableau tableau(N, S, stride, T, take(Tableau::doubles(N, stride)));

  cell.measure();
  cell.moments(b, lost, reinterpret_cast<Vec*>(scratch));

  // Strided candidates: the partition leaves the points of a cell spatially sorted, so these are stratified.
  for (int i = 0; i < S; i++)
    candidate[i] = static_cast<size_t>(S) == n
                       ? i
                       : static_cast<int>((2 * static_cast<size_t>(i) + 1) * n / (2 * static_cast<size_t>(S)));
  cell.features(candidate, S, stride, T);
  for (int e = 0; e < N; e++) tableau.v[e] = b[e];
  if (!tableau.eliminate(kPivotTolerance, false, shape.pivot_share)) return {-1, 0};

  // Columns from outside T are numbered stride + point.
  int searches = 0;
  const auto weight = [&](int column) {
    const size_t i = column < stride ? static_cast<size_t>(candidate[column]) : static_cast<size_t>(column - stride);
    return points.w ? points.w[i] : 1.0;
  };
  const auto outside = [&](const double* y, double than, double* column, Tableau&) {
    if (searches == 0) {
      for (size_t i = 0; i < n; i++) gone[i] = 0;
      for (int c = 0; c < S; c++) gone[candidate[c]] = 1;  // those are priced in the tableau
    }
    if (++searches > kMostSearches) return kGiveUp;
    double best = than;
    size_t at = n;
    for (size_t i = 0; i < n; i += W) {
      const int count = n - i < W ? static_cast<int>(n - i) : W;
      const Vec s = cell.combination(y, i, count, scratch);
      for (int l = 0; l < count; l++)
        if (s[l] < best && !gone[i + l]) {
          best = s[l];
          at = i + l;
        }
    }
    if (at == n) return -1;
    gone[at] = 1;  // once in, never again
    const int index = static_cast<int>(at);
    cell.features(&index, 1, W, scratch);
    for (int e = 0; e < N; e++) phi[e] = scratch[e * W];
    for (int e = 0; e < N; e++) column[e] = phi[e];
    return stride + index;
  };
  const double mass = b[0];
  if (!tableau.push(weight, outside, kEnterTolerance, 1e-15 * mass, 4 * n + 64, points.stop)) return {-1, 0};

  // One refinement with the inverse at hand, from fresh features.
  int* support = reinterpret_cast<int*>(lost);
  for (int i = 0; i < N; i++)
    support[i] = tableau.basis[i] < stride ? candidate[tableau.basis[i]] : tableau.basis[i] - stride;
  cell.features(support, N, padded, at_support);
  double* v = tableau.v;
  for (int i = N; i < padded; i++) v[i] = 0;
  double residual = 0;
  for (int pass = 0; pass < 2; pass++) {
    residual = 0;
    for (int e = 0; e < N; e++) {
      Vec s = {};
      for (int i = 0; i < padded; i += W)
        s = madd(load(at_support + static_cast<size_t>(e) * padded + i), load(v + i), s);
      phi[e] = b[e] - sum(s);
      const double r = absolute(phi[e]) * shape.norm[e];
      residual = r > residual ? r : residual;
    }
    if (pass == 1) break;
    tableau.solve(phi, scratch);
    for (int i = 0; i < N; i++) {
      v[i] += scratch[i];
      v[i] = v[i] > 0 ? v[i] : 0;
    }
  }
  int kept = 0;
  for (int i = 0; i < N; i++)
    if (v[i] > 0) {
      chosen[kept] = static_cast<uint32_t>(support[i]);
      weights[kept++] = v[i];
    }
  return {kept, residual / mass};
}

// clang-format off
#ifdef FEWPOINTS_FEW_INSTANCES  // sanitizers: the other instances are the same source and take minutes to compile
#define FEWPOINTS_INSTANCES(X) X(1, 3) X(2, 3) X(2, 5) X(3, 2)
#else
#define FEWPOINTS_INSTANCES(X)                                              \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8)           \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7) X(2, 8)           \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6)                           \
  X(4, 1) X(4, 2) X(4, 3) X(4, 4) X(4, 5) X(5, 1) X(5, 2) X(5, 3)
#endif
// clang-format on

using Solver = CellResult (*)(const CellShape&, const CellPoints&, double*, uint32_t*, double*);
struct Instance {
  int dimension, order;
  Solver solve;
};
#define FEWPOINTS_ENTRY(m, k) {m, k, solve_cell<Features<m, k>>},
const Instance kInstances[] = {FEWPOINTS_INSTANCES(FEWPOINTS_ENTRY)};
constexpr int kInstanceCount = sizeof(kInstances) / sizeof(kInstances[0]);

}  // namespace

int cell_instance(int dimension, int order) {
  for (int i = 0; i < kInstanceCount; i++)
    if (kInstances[i].dimension == dimension && kInstances[i].order == order) return i;
  return -1;
}

size_t cell_workspace(const CellShape& shape, size_t largest_cell) {
  const size_t N = static_cast<size_t>(shape.count), padded = static_cast<size_t>(round_up(shape.count));
  const size_t stride = static_cast<size_t>(shape.samples);
  return 3 * (padded + 8) + N * stride + N * padded + (N + 1) * 8 + stride + largest_cell / 8 + 64 +
         Tableau::doubles(shape.count, shape.samples) + 64;
}

CellResult cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                double* weights) {
  const Solver solve = shape.instance >= 0 ? kInstances[shape.instance].solve : solve_cell<Features<0, 0>>;
  return solve(shape, points, workspace, chosen, weights);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
