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
// Every search outside the tableau is a pass over all points, and brings in up to kBatch of them. A cell that needs
// more has very uneven weights or points.
constexpr int kMostSearches = 8;
// Refinement goes on above this, up to so many times: exchanges through small pivots wear the inverse out.
constexpr double kRefined = 1e-15;
constexpr int kMostRefinements = 3;
// A descent that ends above this, on a vertex that is nearly degenerate, is not taken.
constexpr double kDescentResidual = 4e-15;
// More than this is no answer at all (the caller asks for much less), and neither is what is not a number.
constexpr double kLargestResidual = 1;
constexpr size_t kPrefetch = 1024;  // points of the next cell
constexpr int kLanes = 4;           // vectors of points in flight in the moment pass
constexpr int kFewLanes = 2;        // the same when the sums are in registers
constexpr int kFoldEvery = 256;     // blocks of kLanes vectors between compensated foldings of the sums

struct Box {
  double centre[32], inverse[32];
};

// Sums of this many features stay in registers through the moment pass; more are kept in memory, and each vector of
// them is then worth kLanes vectors of points.
constexpr int kRegisterSums = W == 8 ? 20 : 7;

template <class F>
struct Cell {
  const CellShape& shape;
  const CellPoints& points;
  Box box;

  static constexpr int kFeatures = F::N;  // 0: known at run time only
  FEWPOINTS_INLINE int dimension() const { return F::M > 0 ? F::M : shape.dimension; }
  FEWPOINTS_INLINE int count() const { return F::N > 0 ? F::N : shape.count; }

  FEWPOINTS_INLINE Vec local(int a, Vec x) const { return (x - splat(box.centre[a])) * splat(box.inverse[a]); }

  void measure() {
    const size_t n = points.count;
    for (int a = 0; a < dimension(); a++) {
      const double* x = points.x[a];
      double low = x[0], high = low;
      if (n >= W) {
        Vec low0 = loadu(x), high0 = low0, low1 = loadu(x + n - W), high1 = low1;
        size_t i = W;
        for (; i + 2 * W <= n; i += 2 * W) {
          const Vec x0 = loadu(x + i), x1 = loadu(x + i + W);
          low0 = minimum(x0, low0);
          high0 = maximum(x0, high0);
          low1 = minimum(x1, low1);
          high1 = maximum(x1, high1);
        }
        if (i + W <= n) {
          low0 = minimum(loadu(x + i), low0);
          high0 = maximum(loadu(x + i), high0);
        }
        low = smallest(minimum(low0, low1));
        high = largest(maximum(high0, high1));
      } else {
        for (size_t i = 1; i < n; i++) {
          low = x[i] < low ? x[i] : low;
          high = x[i] > high ? x[i] : high;
        }
      }
      box.centre[a] = 0.5 * low + 0.5 * high;
      const double half = 0.5 * high - 0.5 * low;
      box.inverse[a] = half > 0 ? 1 / half : 0;
    }
  }

  template <int B>
  FEWPOINTS_INLINE void add(size_t i, Vec* sums) const {
    Vec t[F::M > 0 ? F::M : 32][B], w[B];
    for (int b = 0; b < B; b++) {
      w[b] = points.w ? loadu(points.w + i + b * W) : splat(1);
      for (int a = 0; a < dimension(); a++) t[a][b] = local(a, loadu(points.x[a] + i + b * W));
    }
    F::template accumulate<B>(shape, t, w, sums);
  }
  // The same for the points from i on, fewer than B x W: vectors that would reach beyond the last point end at it, and
  // weights of points that are behind i or were counted before are zero.
  template <int B>
  FEWPOINTS_INLINE void add_last(size_t i, Vec* sums) const {
    Vec t[F::M > 0 ? F::M : 32][B], w[B];
    const size_t n = points.count;
    for (int b = 0; b < B; b++) {
      const size_t from = i + b * W;
      if (n >= W) {
        const size_t at = from + W <= n ? from : n - W;
        for (int a = 0; a < dimension(); a++) t[a][b] = local(a, loadu(points.x[a] + at));
        w[b] = points.w ? loadu(points.w + at) : splat(1);
        Index lane;
        for (int l = 0; l < W; l++) lane[l] = l;
        w[b] =
            lane + splat_index(static_cast<long long>(at)) >= splat_index(static_cast<long long>(from)) ? w[b] : Vec{};
      } else {
        w[b] = Vec{};
        for (int a = 0; a < dimension(); a++) {
          Vec x = splat(points.x[a][0]);
          for (size_t l = 0; from + l < n; l++) x[l] = points.x[a][from + l];
          t[a][b] = local(a, x);
        }
        for (size_t l = 0; from + l < n; l++) w[b][l] = points.w ? points.w[from + l] : 1;
      }
    }
    F::template accumulate<B>(shape, t, w, sums);
  }

  // Up to kFoldEvery blocks of points from i on; returns the first that was left.
  template <int B>
  FEWPOINTS_INLINE size_t add_many(size_t i, Vec* sums) const {
    constexpr size_t block = static_cast<size_t>(B) * W;
    const size_t n = points.count;
    for (int done = 0; done < kFoldEvery && i + block <= n; done++, i += block) add<B>(i, sums);
    if (i + block <= n) return i;
    if (i + W < n) {
      if constexpr (B > 1) {
        add_last<B>(i, sums);
        return n;
      } else {
        add<1>(i, sums);
        i += W;
      }
    }
    if (i < n) add_last<1>(i, sums);
    return n;
  }

  // b = sum w phi, `padded` entries. Sums are folded now and then with the rounding error carried along, so that large
  // cells lose nothing.
  void moments(double* b, double* lost, Vec* sums) const {
    const int padded = round_up(count());
    for (int e = 0; e < padded; e += W) {
      store(b + e, Vec{});
      store(lost + e, Vec{});
    }
    for (int e = count(); e < padded; e++) sums[e] = Vec{};
    size_t i = 0;
    do {
      if constexpr (F::N > 0 && F::N <= kRegisterSums) {
        Vec held[F::N] = {};
        i = add_many<kFewLanes>(i, held);
        for (int e = 0; e < F::N; e++) sums[e] = held[e];
      } else {
        for (int e = 0; e < count(); e++) sums[e] = Vec{};
        i = add_many<kLanes>(i, sums);
      }
      for (int e = 0; e < padded; e += W) {
        const Vec y = sums_of(sums + e) - load(lost + e), before = load(b + e), s = before + y;
        store(lost + e, (s - before) - y);
        store(b + e, s);
      }
    } while (i < points.count);
  }

  // Cells are solved in the order in which they lie in memory: the next one's points travel while this one is solved.
  FEWPOINTS_INLINE void prefetch_next() const {
    const size_t ahead = points.count < kPrefetch ? points.count : kPrefetch;
    for (int a = 0; a < dimension(); a++)
      for (size_t i = 0; i < ahead; i += 8) __builtin_prefetch(points.x[a] + points.count + i);
    if (points.w)
      for (size_t i = 0; i < ahead; i += 8) __builtin_prefetch(points.w + points.count + i);
  }

  // Features of the points at(0) .. at(count - 1), W at a time, into rows `stride` apart;
  // columns from `count` up to `columns` repeat the first.
  template <class At>
  FEWPOINTS_INLINE void features(const At& at, int count, int columns, int stride, double* out) const {
    for (int c = 0; c < columns; c += W) {
      size_t index[W];
      for (int l = 0; l < W; l++) index[l] = static_cast<size_t>(at(c + l < count ? c + l : 0));
      Vec t[F::M > 0 ? F::M : 32];
      for (int a = 0; a < dimension(); a++) {
        const double* x = points.x[a];
        Vec v;
        for (int l = 0; l < W; l++) v[l] = x[index[l]];
        t[a] = local(a, v);
      }
      F::values(shape, t, out + c, static_cast<size_t>(stride));
    }
  }

  // The most negative y . phi of each of kBatch interleaved parts of the points that are not `gone`, below `than`.
  // Returns how many were found; the most negative of all is among them.
  int search(const double* y, double than, const unsigned char* gone, int* found) const {
    const size_t n = points.count;
    double least[kBatch];
    int at[kBatch];
    for (int l = 0; l < kBatch; l++) {
      least[l] = than;
      at[l] = -1;
    }
    const auto keep = [&](Vec s, size_t from, size_t fresh, size_t end) {
      for (size_t l = fresh - from; l < W && from + l < end; l++) {
        const size_t part = (from + l) % kBatch;
        if (s[l] < least[part] && !gone[from + l]) {
          least[part] = s[l];
          at[part] = static_cast<int>(from + l);
        }
      }
    };
    constexpr int B = 2;
    Vec t[F::M > 0 ? F::M : 32][B], s[B];
    size_t i = 0;
    for (; i + B * W <= n; i += B * W) {
      for (int b = 0; b < B; b++)
        for (int a = 0; a < dimension(); a++) t[a][b] = local(a, loadu(points.x[a] + i + b * W));
      F::template combination<B>(shape, t, y, s);
      for (int b = 0; b < B; b++)
        if (any(s[b] < splat(than))) keep(s[b], i + b * W, i + b * W, n);
    }
    for (; i < n; i += W) {
      const size_t from = i + W <= n || n < W ? i : n - W;
      for (int a = 0; a < dimension(); a++) {
        Vec x = splat(points.x[a][from]);
        if (n >= W) {
          x = loadu(points.x[a] + from);
        } else {
          for (size_t l = 0; l < n; l++) x[l] = points.x[a][l];
        }
        t[a][0] = t[a][1] = local(a, x);
      }
      F::template combination<B>(shape, t, y, s);
      keep(s[0], from, i, n);
    }
    int count = 0;
    for (int l = 0; l < kBatch; l++)
      if (at[l] >= 0) found[count++] = at[l];
    return count;
  }
};

// S points evenly spread over n > S: the partition leaves the points of a cell spatially sorted, so these are
// stratified. In fixed point; the step is above 1, so that no point comes twice.
struct Candidates {
  uint64_t step, half;
  Candidates(size_t n, int S) : step((static_cast<uint64_t>(n) << 32) / static_cast<uint64_t>(S)), half(step / 2) {}
  FEWPOINTS_INLINE int operator[](int c) const {
    return static_cast<int>((static_cast<uint64_t>(static_cast<uint32_t>(c)) * step + half) >> 32);
  }
};

// Rows a multiple of 2 KB apart share few places of the first-level cache.
constexpr int stride_for(int columns) {
  const int stride = round_up(columns);
  return stride >= 128 && stride % 32 == 0 ? stride + 8 : stride;
}

// Descends: F is of order k + 1, else of order k.
template <class F, bool Descends>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* memory, uint32_t* chosen,
                      double* weights) {
  CellShape features = shape;
  features.order += Descends;
  features.count += shape.descent;
  Cell<F> cell{features, points, {}};
  // all: with the extra features.
  const int all = cell.count(), N = Descends ? shape.count : all, padded = round_up(all);
  const size_t n = points.count;
  const int S = n < static_cast<size_t>(shape.samples) ? static_cast<int>(n) : shape.samples;
  const int stride = stride_for(round_up(S) + kMostSearches * kBatch);
  const auto take = [&memory](size_t count) {
    double* p = memory;
    memory += (count + 7) / 8 * 8;
    return p;
  };
  double* b = take(padded);
  double* lost = take(padded);
  double* defect = take(padded);
  double* step = take(padded);
  double* T = take(static_cast<size_t>(all) * stride);
  double* at_support = take(static_cast<size_t>(padded) * padded);
  double* scratch = take(static_cast<size_t>(padded) * kBatch);
  unsigned char* gone = reinterpret_cast<unsigned char*>(take(n / 8 + 8));
  using Solver = TableauOf<Descends ? 0 : F::N>;
  Solver tableau(N, S, stride, T, take(Solver::doubles(N, stride, all - N)), all - N);

  cell.measure();
  cell.moments(b, lost, reinterpret_cast<Vec*>(scratch));

  cell.prefetch_next();

  const Candidates candidate(n, S);
  cell.features([&](int c) { return candidate[c]; }, S, round_up(S), stride, T);
  for (int e = 0; e < padded; e += W) store(tableau.v + e, load(b + e));
  if (!tableau.eliminate(kPivotTolerance, false, shape.pivot_share)) return {-1, 0};

  // Columns from S on are appended ones.
  int searches = 0, appended[kMostSearches * kBatch];
  const int first_appended = tableau.used;
  const auto point = [&](int column) {
    return column < first_appended ? candidate[column] : appended[column - first_appended];
  };
  const auto weight = [&](int column) { return points.w ? points.w[point(column)] : 1.0; };
  const auto outside = [&](double* y, double than, Solver&) {
    for (int e = N; e < all; e++) y[e] = 0;
    if (searches == 0) {
      for (size_t i = 0; i < n; i++) gone[i] = 0;
      for (int c = 0; c < S; c++) gone[candidate[c]] = 1;  // those are priced in the tableau
    }
    if (searches == kMostSearches) return kGiveUp;
    int* found = appended + searches * kBatch;
    const int count = cell.search(y, than, gone, found);
    if (count == 0) return 0;
    searches++;
    for (int l = 0; l < count; l++) gone[found[l]] = 1;  // once in, never again
    cell.features([&](int l) { return found[l]; }, count, kBatch, kBatch, scratch);
    tableau.append(scratch, count);
    return count;
  };
  const double mass = b[0];
  if (!tableau.push(weight, outside, kEnterTolerance, 1e-15 * mass, 4 * n + 64, points.stop)) return {-1, 0};
  if constexpr (Descends) tableau.descend(N / 2, shape.norm, points.stop);

  // Refinement with the inverse at hand, from fresh features.
  int* support = reinterpret_cast<int*>(lost);
  const int taken = round_up(N);  // weights, the last ones zero
  for (int i = 0; i < N; i++) support[i] = point(tableau.basis[i]);
  cell.features([&](int i) { return support[i]; }, N, taken, taken, at_support);
  double* v = tableau.v;
  for (int i = N; i < taken; i++) v[i] = 0;
  const auto measure_defect = [&] {
    for (int e = 0; e < N; e += W) {
      const double* row[W];
      for (int l = 0; l < W; l++) row[l] = at_support + static_cast<size_t>(e + l < N ? e + l : N - 1) * taken;
      Vec s[W] = {};
      for (int i = 0; i < taken; i += W) {
        const Vec vi = load(v + i);
#pragma GCC unroll 8
        for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + i), vi, s[l]);
      }
      store(defect + e, load(b + e) - sums_of(s));
    }
  };
  // Once is enough for nearly all; what is left then is the rounding of the sums.
  double residual = 0;
  for (int pass = 0; pass <= kMostRefinements; pass++) {
    measure_defect();
    residual = 0;
    for (int e = 0; e < N; e++) {
      const double r = absolute(defect[e]) * shape.norm[e];
      if (!(r <= residual)) residual = r;  // also when it is not a number
    }
    residual /= mass;
    if (pass == kMostRefinements || (pass > 0 && residual <= kRefined)) break;
    tableau.solve(defect, step);
    for (int i = 0; i < taken; i += W) store(v + i, maximum(load(v + i) + load(step + i), Vec{}));
  }
  int kept = 0;
  for (int i = 0; i < N; i++)
    if (v[i] > 0) {
      chosen[kept] = static_cast<uint32_t>(support[i]);
      weights[kept++] = v[i];
    }
  return {residual <= kLargestResidual ? kept : -1, residual};
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
  Solver solve, descend;  // descend: of order k - 1
};
// With many features the elimination takes nearly all the time, and the general functions do for descent.
constexpr int kMostDescending = 64;
template <class F>
constexpr Solver kDescend = solve_cell<Features<0, 0>, true>;
template <class F>
  requires(F::N <= kMostDescending)
constexpr Solver kDescend<F> = solve_cell<F, true>;
#define FEWPOINTS_ENTRY(m, k) {m, k, solve_cell<Features<m, k>, false>, kDescend<Features<m, k>>},
const Instance kInstances[] = {FEWPOINTS_INSTANCES(FEWPOINTS_ENTRY)};
constexpr int kInstanceCount = sizeof(kInstances) / sizeof(kInstances[0]);

}  // namespace

int cell_instance(int dimension, int order) {
  for (int i = 0; i < kInstanceCount; i++)
    if (kInstances[i].dimension == dimension && kInstances[i].order == order) return i;
  return -1;
}

size_t cell_workspace(const CellShape& shape, size_t largest_cell) {
  const int all = shape.count + shape.descent;
  // And 8: a smaller cell may have the wider stride.
  const int stride = stride_for(round_up(shape.samples) + kMostSearches * kBatch) + 8;
  const size_t padded = static_cast<size_t>(round_up(all));
  return 4 * padded + padded * static_cast<size_t>(stride) + padded * padded + padded * kBatch + largest_cell / 8 + 64 +
         Tableau::doubles(shape.count, stride, shape.descent) + 64;
}

CellResult cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                double* weights) {
  const Instance general = {0, 0, solve_cell<Features<0, 0>, false>, solve_cell<Features<0, 0>, true>};
  const Instance& instance = shape.instance >= 0 ? kInstances[shape.instance] : general;
  if (shape.descent > 0) {
    const CellResult result = instance.descend(shape, points, workspace, chosen, weights);
    if (result.count >= 0 && result.residual <= kDescentResidual) return result;
    CellShape plain = shape;
    plain.descent = 0;
    plain.instance = cell_instance(shape.dimension, shape.order);
    return cell(plain, points, workspace, chosen, weights);
  }
  return instance.solve(shape, points, workspace, chosen, weights);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
