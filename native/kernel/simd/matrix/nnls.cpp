// The inner loops of nnls/active_set.cpp: the reduced costs of all columns of a row-major matrix, and products with the
// stacked columns of the factorisation. Lengths and strides are multiples of 8. Arrays are aligned to 64 bytes. Padding
// takes part in the sums, so it must be 0.
#include "simd/parts.hpp"
#include "simd/vector/error_free.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

constexpr int kTile = 4;  // vectors of columns whose sums are in registers at a time

template <int Tile>
FEWPOINTS_INLINE void reduced_cost_tile(size_t rows, size_t stride, const double* matrix, const double* r,
                                        const double* scale, double* cost) {
  Vec even[usize(Tile)] = {}, odd[usize(Tile)] = {};
  size_t i = 0;
  for (; i + 2 <= rows; i += 2) {
    const Vec r0 = splat(r[i]), r1 = splat(r[i + 1]);
    const double *a0 = matrix + i * stride, *a1 = a0 + stride;
    for (int t = 0; t < Tile; t++) even[t] = madd(r0, load(a0 + t * W), even[t]);
    for (int t = 0; t < Tile; t++) odd[t] = madd(r1, load(a1 + t * W), odd[t]);
  }
  if (i < rows)
    for (int t = 0; t < Tile; t++) even[t] = madd(splat(r[i]), load(matrix + i * stride + t * W), even[t]);
  for (int t = 0; t < Tile; t++) store(cost + t * W, (even[t] + odd[t]) * load(scale + t * W));
}

}  // namespace

size_t nnls_reduced_costs(size_t rows, size_t columns, size_t stride, const double* matrix, const double* r,
                          const double* scale, double* cost) {
  size_t j = 0;
  for (; j + kTile * W <= columns; j += kTile * W)
    reduced_cost_tile<kTile>(rows, stride, matrix + j, r, scale + j, cost + j);
  for (; j < columns; j += W) reduced_cost_tile<1>(rows, stride, matrix + j, r, scale + j, cost + j);
  Vec best = splat(-1);
  Index place = splat_index(0), now;
  for (int i = 0; i < W; i++) now[i] = i;
  for (j = 0; j < columns; j += W, now += W) {
    const Vec p = load(cost + j);
    const Index better = p > best;
    best = better ? p : best;
    place = better ? now : place;
  }
  // The first of equals, for any width of a vector.
  size_t chosen = static_cast<size_t>(place[0]);
  double value = best[0];
  for (int i = 1; i < W; i++) {
    const size_t at = static_cast<size_t>(place[i]);
    if (best[i] > value || (best[i] == value && at < chosen)) {
      chosen = at;
      value = best[i];
    }
  }
  return chosen;
}

void nnls_column_sizes(size_t rows, size_t columns, size_t stride, const double* matrix, double* square,
                       double* largest) {
  for (size_t j = 0; j < columns; j += W) {
    Vec s = {}, m = {};
    for (size_t i = 0; i < rows; i++) {
      const Vec a = load(matrix + i * stride + j);
      s = madd(a, a, s);
      m = maximum(m, magnitude(a));
    }
    store(square + j, s);
    store(largest + j, m);
  }
}

// to[0..length) += sum_j factor_j column_j
void nnls_combine(size_t length, size_t stride, size_t count, const double* columns, const double* factor, double* to) {
  size_t i = 0;
  for (; i + 4 * W <= length; i += 4 * W) {
    Vec s[4];
    for (int t = 0; t < 4; t++) s[t] = load(to + i + t * W);
    for (size_t j = 0; j < count; j++) {
      const Vec f = splat(factor[j]);
      for (int t = 0; t < 4; t++) s[t] = madd(f, load(columns + j * stride + i + t * W), s[t]);
    }
    for (int t = 0; t < 4; t++) store(to + i + t * W, s[t]);
  }
  for (; i < length; i += W) {
    Vec s = load(to + i);
    for (size_t j = 0; j < count; j++) s = madd(splat(factor[j]), load(columns + j * stride + i), s);
    store(to + i, s);
  }
}

void nnls_dots(size_t length, size_t stride, size_t count, const double* columns, const double* v, double* dot) {
  size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    const double* a = columns + j * stride;
    Vec s[4] = {};
    for (size_t i = 0; i < length; i += W) {
      const Vec x = load(v + i);
      for (int t = 0; t < 4; t++) s[t] = madd(x, load(a + usize(t) * stride + i), s[t]);
    }
    for (int t = 0; t < 4; t++) dot[j + usize(t)] = sum(s[t]);
  }
  for (; j < count; j++) {
    Vec s = {};
    for (size_t i = 0; i < length; i += W) s = madd(load(v + i), load(columns + j * stride + i), s);
    dot[j] = sum(s);
  }
}

void nnls_reflect(size_t length, size_t stride, size_t count, double* columns, const double* factor, const double* v) {
  size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    double* a = columns + j * stride;
    for (size_t i = 0; i < length; i += W) {
      const Vec x = load(v + i);
      for (int t = 0; t < 4; t++)
        store(a + usize(t) * stride + i, nmadd(splat(factor[j + usize(t)]), x, load(a + usize(t) * stride + i)));
    }
  }
  for (; j < count; j++) {
    double* a = columns + j * stride;
    for (size_t i = 0; i < length; i += W) store(a + i, nmadd(splat(factor[j]), load(v + i), load(a + i)));
  }
}

// The sums carry their rounding errors along (Ogita, Rump, Oishi 2005).
void nnls_residual(size_t length, size_t stride, size_t count, const double* columns, const double* x, const double* b,
                   double* r) {
  for (size_t i = 0; i < length; i += W) {
    Vec high = load(b + i), low = {};
    for (size_t j = 0; j < count; j++) accumulate_product(high, low, load(columns + j * stride + i), splat(-x[j]));
    store(r + i, high + low);
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
