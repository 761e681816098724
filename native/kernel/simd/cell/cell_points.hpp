// The points of one cell in its bounding box, mapped to [-1,1]^m. Sums features over all points in one pass, evaluates
// the features of chosen points, and searches for points on which a combination of features is most negative. Nothing
// after a cell's last point is read for a result.
#pragma once
#include "simd/cell/located_cell.hpp"
#include "simd/cell/product_features.hpp"
#include "simd/cell/tableau.hpp"
#include "simd/kernels.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

constexpr size_t kPrefetch = 1024;   // points of the next cell that are prefetched, at most
constexpr int kLanes = 4;            // vectors of points in flight in the moment pass
constexpr int kFewLanes = 2;         // the same when the sums stay in registers
constexpr int kFoldEvery = 64;       // blocks of vectors between two compensated foldings of the sums
constexpr size_t kStopEvery = 8192;  // points between two looks at the cancel flag; a power of two
// Up to this many features, the sums stay in registers throughout the moment pass. More are kept in memory; each load
// of a sum then serves kLanes vectors of points.
constexpr int kRegisterSums = W == 8 ? 20 : 7;

template <class F>
struct Cell : LocatedCell {
  Vec* memory;  // F::scratch_vectors()
  Cell(const CellShape& cell_shape, const CellPoints& cell_points, Vec* scratch)
      : LocatedCell{cell_shape, cell_points, {}}, memory(scratch) {}
  static constexpr size_t kMaxColumns = usize(F::M > 0 ? F::M : kMaxFastDimension);

  FEWPOINTS_INLINE int dimension() const { return F::M > 0 ? F::M : shape.dimension; }
  FEWPOINTS_INLINE int count() const { return F::N > 0 ? F::N : shape.count; }

  template <int B>
  FEWPOINTS_INLINE void mix(Vec (*t)[usize(B)]) const {
    if (!basis.mixed) return;
    Vec point[kMaxColumns];
    for (int b = 0; b < B; b++) {
      for (int a = 0; a < dimension(); a++) point[a] = t[a][b];
      basis.mix(dimension(), point);
      for (int a = 0; a < dimension(); a++) t[a][b] = point[a];
    }
  }

  template <int B>
  FEWPOINTS_INLINE void add(size_t i, Vec* sums) const {
    Vec t[kMaxColumns][usize(B)], w[usize(B)];
    for (int b = 0; b < B; b++) {
      w[b] = points.w ? loadu(points.w + i + b * W) : splat(1);
      for (int a = 0; a < dimension(); a++) t[a][b] = local(a, loadu(points.x[a] + i + b * W));
    }
    mix<B>(t);
    F::template accumulate<B>(shape, basis, t, w, sums, memory);
  }
  // The same for the points from i on, at most B x W of them. A vector that would reach beyond the last point ends at
  // it instead, and the points in it that come before its own place get weight zero.
  template <int B>
  FEWPOINTS_INLINE void add_last(size_t i, Vec* sums) const {
    Vec t[kMaxColumns][usize(B)], w[usize(B)];
    const size_t n = points.count;
    for (int b = 0; b < B; b++) {
      const size_t from = i + usize(b * W);
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
    mix<B>(t);
    F::template accumulate<B>(shape, basis, t, w, sums, memory);
  }

  // Adds up to kFoldEvery blocks of points from i on. Returns the first point that is left.
  template <int B>
  FEWPOINTS_INLINE size_t add_many(size_t i, Vec* sums) const {
    constexpr size_t block = usize(B) * W;
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

  // b = sum w phi, `padded` entries. The sums are folded into b every kFoldEvery blocks, and the rounding errors are
  // carried along, so that large cells lose no digits.
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
    } while (i < points.count && !points.stop());
  }

  // Cells are solved in the order in which they lie in memory. So the next cell's points are fetched while this one is
  // solved.
  FEWPOINTS_INLINE void prefetch_next() const {
    const size_t ahead = points.count < kPrefetch ? points.count : kPrefetch;
    for (int a = 0; a < dimension(); a++)
      for (size_t i = 0; i < ahead; i += 8) __builtin_prefetch(points.x[a] + points.count + i);
    if (points.w)
      for (size_t i = 0; i < ahead; i += 8) __builtin_prefetch(points.w + points.count + i);
  }

  // The features of points at(0) .. at(count - 1), W at a time, into rows `stride` apart. Columns from `count` up to
  // `columns` repeat the first.
  template <class At>
  FEWPOINTS_INLINE void features(const At& at, int count, int columns, int stride, double* out) const {
    for (int c = 0; c < columns; c += W) {
      size_t index[W];
      for (int l = 0; l < W; l++) index[l] = static_cast<size_t>(at(c + l < count ? c + l : 0));
      Vec t[kMaxColumns];
      for (int a = 0; a < dimension(); a++) {
        const double* x = points.x[a];
        Vec v;
        for (int l = 0; l < W; l++) v[l] = x[index[l]];
        t[a] = local(a, v);
      }
      if (basis.mixed) basis.mix(dimension(), t);
      F::values(shape, basis, t, out + c, usize(stride), memory);
    }
  }

  // The points that are not `gone` form kBatch interleaved parts. Finds, in each part, the point of most negative
  // y . phi below `than`. Returns how many it found; the most negative of all is among them.
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
    Vec t[kMaxColumns][B], s[B];
    size_t i = 0;
    for (; i + B * W <= n; i += B * W) {
      if (i % kStopEvery == 0 && points.stop()) return 0;
      for (int b = 0; b < B; b++)
        for (int a = 0; a < dimension(); a++) t[a][b] = local(a, loadu(points.x[a] + i + b * W));
      mix<B>(t);
      F::template combination<B>(shape, basis, t, y, s, memory);
      for (int b = 0; b < B; b++)
        if (any(s[b] < splat(than))) keep(s[b], i + usize(b * W), i + usize(b * W), n);
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
      mix<B>(t);
      F::template combination<B>(shape, basis, t, y, s, memory);
      keep(s[0], from, i, n);
    }
    int count = 0;
    for (int l = 0; l < kBatch; l++)
      if (at[l] >= 0) found[count++] = at[l];
    return count;
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
