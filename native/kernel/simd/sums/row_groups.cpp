// Sums of features over groups of rows. matrix_sums takes the features from a matrix, row by row, and adds in
// double-double. group_sums evaluates a product basis and does not store it; it takes one group per lane.
#include "simd/parts.hpp"
#include "simd/vector/error_free.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Vectors of columns that are summed together. Each needs three accumulators and the temporaries of a two-sum.
#if FEWPOINTS_AVX512 || defined(__ARM_NEON)
constexpr int kWide = 6;
#else
constexpr int kWide = 2;
#endif
// Bytes of a band of rows. A wide matrix is summed band by band: the band is still in the first-level cache when the
// next columns are summed.
constexpr size_t kBand = 16384;
// Points per lane that group_sums has in flight.
constexpr int kLanes = 4;

struct Sums {
  double *high, *low, *magnitude;
};

// Adds Q vectors of columns, over the rows of the segments. No vector is loaded across end_of_matrix.
template <int Q, bool Weighted>
FEWPOINTS_INLINE void add_rows(const double* values, size_t width, size_t column, const double* weights,
                               const Segment* segments, size_t count, const double* end_of_matrix, const Sums& sums) {
  Vec high[usize(Q)], low[usize(Q)], size[usize(Q)];
  for (int q = 0; q < Q; q++) {
    high[q] = loadu(sums.high + column + W * q);
    low[q] = loadu(sums.low + column + W * q);
    size[q] = loadu(sums.magnitude + column + W * q);
  }
  const auto add = [&](const Vec* f, double weight) {
    const Vec w = splat(weight);
    for (int q = 0; q < Q; q++) {
      const Vec p = Weighted ? w * f[q] : f[q];
      if constexpr (Weighted)
        accumulate(high[q], low[q], {p, lost_product(w, f[q], p)});
      else
        accumulate(high[q], low[q], p);
      size[q] += magnitude(p);
    }
  };
  for (size_t s = 0; s < count; s++) {
    size_t i = segments[s].begin;
    const size_t end = segments[s].end;
    const double* row = values + i * width + column;
    for (; i < end && row + Q * W <= end_of_matrix; i++, row += width) {
      Vec f[usize(Q)];
      for (int q = 0; q < Q; q++) f[q] = loadu(row + W * q);
      add(f, Weighted ? weights[i] : 1);
    }
    for (; i < end; i++, row += width) {  // the last rows of the matrix
      double part[usize(Q * W)];
      const size_t there = static_cast<size_t>(end_of_matrix - row);
      for (size_t c = 0; c < Q * W; c++) part[c] = c < there ? row[c] : 0;
      Vec f[usize(Q)];
      for (int q = 0; q < Q; q++) f[q] = loadu(part + W * q);
      add(f, Weighted ? weights[i] : 1);
    }
  }
  for (int q = 0; q < Q; q++) {
    storeu(sums.high + column + W * q, high[q]);
    storeu(sums.low + column + W * q, low[q]);
    storeu(sums.magnitude + column + W * q, size[q]);
  }
}

template <int Q, bool Weighted>
void add_tail(int vectors, const double* values, size_t width, size_t column, const double* weights,
              const Segment* segments, size_t count, const double* end_of_matrix, const Sums& sums) {
  if constexpr (Q > 0) {
    if (vectors == Q)
      add_rows<Q, Weighted>(values, width, column, weights, segments, count, end_of_matrix, sums);
    else
      add_tail<Q - 1, Weighted>(vectors, values, width, column, weights, segments, count, end_of_matrix, sums);
  }
}

template <bool Weighted>
void add_segments(const double* values, size_t width, const double* weights, const Segment* segments, size_t count,
                  const double* end_of_matrix, const Sums& sums) {
  const size_t vectors = (width + W - 1) / W;
  size_t v = 0;
  for (; v + kWide <= vectors; v += kWide)
    add_rows<kWide, Weighted>(values, width, v * W, weights, segments, count, end_of_matrix, sums);
  add_tail<kWide - 1, Weighted>(static_cast<int>(vectors - v), values, width, v * W, weights, segments, count,
                                end_of_matrix, sums);
}

}  // namespace

void matrix_sums(const double* values, size_t rows, size_t width, const double* weights, const Segment* segments,
                 size_t count, double* high, double* low, double* magnitude) {
  const Sums sums{high, low, magnitude};
  const double* end_of_matrix = values + rows * width;
  const auto add = [&](const Segment* some, size_t size) {
    if (weights != nullptr)
      add_segments<true>(values, width, weights, some, size, end_of_matrix, sums);
    else
      add_segments<false>(values, width, nullptr, some, size, end_of_matrix, sums);
  };
  if (width <= usize(kWide) * W) {  // every row is read once
    add(segments, count);
    return;
  }
  const size_t band = width * sizeof(double) < kBand ? kBand / (width * sizeof(double)) : 1;
  for (size_t s = 0; s < count; s++)
    for (size_t begin = segments[s].begin; begin < segments[s].end; begin += band) {
      const Segment part{begin, segments[s].end - begin < band ? segments[s].end : begin + band};
      add(&part, 1);
    }
}

size_t group_workspace(const GroupShape& shape) {
  const size_t powers = usize(shape.dimension) * usize(shape.order + 1);
  return ((powers + usize(shape.lower)) * kLanes + usize(shape.count)) * W;
}

void group_sums(const GroupShape& shape, const double* const* x, const double* w, const Segment* segments,
                const uint32_t* first, int columns, double* out, size_t stride, double* workspace) {
  const int m = shape.dimension, k = shape.order, k1 = k + 1;
  Vec* p = reinterpret_cast<Vec*>(workspace);      // (axis, degree, lane)
  Vec* lower = p + usize(m) * usize(k1) * kLanes;  // (feature without the last axis, lane)
  Vec* sums = lower + usize(shape.lower) * kLanes;
  for (int c0 = 0; c0 < columns; c0 += W) {
    const int lanes = columns - c0 < W ? columns - c0 : W;
    for (int e = 0; e < shape.count; e++) sums[e] = Vec{};
    uint32_t segment[W];
    size_t row[W];
    bool any = false;
    for (int l = 0; l < lanes; l++) {
      segment[l] = first[c0 + l];
      row[l] = segment[l] < first[c0 + l + 1] ? segments[segment[l]].begin : 0;
      any = any || segment[l] < first[c0 + l + 1];
    }
    while (any) {
      any = false;
      double weight[kLanes][W];
      size_t at[kLanes][W];
      for (int l = 0; l < W; l++)
        for (int b = 0; b < kLanes; b++) {
          if (l >= lanes || segment[l] >= first[c0 + l + 1]) {
            weight[b][l] = 0;
            at[b][l] = 0;
            continue;
          }
          at[b][l] = row[l];
          weight[b][l] = w != nullptr ? w[row[l]] : 1;
          if (++row[l] == segments[segment[l]].end && ++segment[l] < first[c0 + l + 1])
            row[l] = segments[segment[l]].begin;
          any = any || segment[l] < first[c0 + l + 1];
        }
      for (int axis = 0; axis < m; axis++) {
        const double *xa = x[axis], *ra = shape.a + usize(axis) * usize(k), *rb = shape.b + usize(axis) * usize(k),
                     *rc = shape.c + usize(axis) * usize(k);
        Vec* pa = p + usize(axis) * usize(k1) * kLanes;
        const Vec centre = splat(shape.centre[axis]), inverse = splat(shape.inverse[axis]);
        for (int b = 0; b < kLanes; b++) {
          double here[W];
          for (int l = 0; l < W; l++) here[l] = xa[at[b][l]];
          const Vec t = (loadu(here) - centre) * inverse;
          pa[b] = splat(1);
          Vec before = {}, now = splat(1);
          for (int j = 0; j < k; j++) {
            const Vec linear = madd(splat(ra[j]), t, splat(rb[j]));
            const Vec next = nmadd(splat(rc[j]), before, linear * now);
            before = now;
            now = next;
            pa[(j + 1) * kLanes + b] = now;
          }
        }
      }
      const Vec* pl = p + usize(m - 1) * usize(k1) * kLanes;
      Vec* to = sums;
      for (int i = 0; i < shape.lower; i++) {
        Vec f[kLanes];
        if (i == 0) {
          for (int b = 0; b < kLanes; b++) f[b] = loadu(weight[b]);
        } else {
          const Vec *from = lower + static_cast<size_t>(shape.lower_parent[i]) * kLanes,
                    *by = p + static_cast<size_t>(shape.lower_factor[i]) * kLanes;
          for (int b = 0; b < kLanes; b++) f[b] = from[b] * by[b];
        }
        for (int b = 0; b < kLanes; b++) lower[usize(i) * kLanes + usize(b)] = f[b];
        Vec s = *to;
        for (int b = 0; b < kLanes; b++) s += f[b];
        *to++ = s;
        for (int q = 1; q < shape.powers[i]; q++) {
          s = *to;
          for (int b = 0; b < kLanes; b++) s = madd(f[b], pl[q * kLanes + b], s);
          *to++ = s;
        }
      }
    }
    for (int e = 0; e < shape.count; e++) {
      double value[W];
      __builtin_memcpy(value, sums + e, sizeof value);
      double* to = out + static_cast<size_t>(shape.place[e]) * stride + c0;
      for (int l = 0; l < lanes; l++) to[l] = value[l];
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
