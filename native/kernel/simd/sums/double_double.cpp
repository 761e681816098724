// Moments in double-double arithmetic (about 32 digits). They are the targets of the last refinement and give the
// residual that is reported. Error-free transformations as in Dekker (1971) and Hida, Li, Bailey (2001).
#include "simd/parts.hpp"
#include "simd/vector/error_free.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

FEWPOINTS_INLINE Twofold quick_two_sum(Vec a, Vec b) {  // |a| >= |b|
  const Vec s = a + b;
  return {s, b - (s - a)};
}
FEWPOINTS_INLINE Twofold multiply(Twofold a, Twofold b) {
  const Vec p = a.high * b.high;
  return quick_two_sum(p, madd(a.low, b.high, madd(a.high, b.low, lost_product(a.high, b.high, p))));
}
FEWPOINTS_INLINE Twofold multiply(Twofold a, Vec b) {
  const Vec p = a.high * b;
  return quick_two_sum(p, madd(a.low, b, lost_product(a.high, b, p)));
}
FEWPOINTS_INLINE Twofold plus(Twofold a, Twofold b) {
  const Twofold s = two_sum(a.high, b.high);
  return quick_two_sum(s.high, s.low + (a.low + b.low));
}
FEWPOINTS_INLINE Twofold negative(Twofold a) { return {Vec{} - a.high, Vec{} - a.low}; }

// Sets t to the coordinates of W points. x(b) gives their column b. d: scratch, shape.columns long.
template <class X>
FEWPOINTS_INLINE void locate(const BasisShape& shape, const X& x, Twofold* d, Twofold* t) {
  if (shape.map == nullptr) {
    for (int a = 0; a < shape.dimension; a++) {
      const Twofold moved = two_sum(x(a), splat(-shape.centre[a]));
      const Vec s = splat(shape.scale[a]);
      t[a] = {moved.high * s, moved.low * s};  // exact: powers of two
    }
    return;
  }
  for (int b = 0; b < shape.columns; b++) d[b] = two_sum(x(b), splat(-shape.centre[b]));
  for (int a = 0; a < shape.dimension; a++) {
    t[a] = {Vec{}, Vec{}};
    if (shape.from != nullptr) {
      t[a] = plus(t[a], multiply(d[shape.from[a]], splat(shape.map[a])));
      continue;
    }
    for (int b = 0; b < shape.columns; b++) {
      const double factor = shape.map[a * shape.columns + b];
      if (factor != 0) t[a] = plus(t[a], multiply(d[b], splat(factor)));
    }
  }
}

FEWPOINTS_INLINE void powers(const BasisShape& shape, int axis, Twofold t, Twofold* p) {
  const int k = shape.order;
  p[0] = {splat(1), Vec{}};
  if (shape.monomial) {
    if (k > 0) p[1] = t;
    for (int j = 1; j < k; j++) p[j + 1] = multiply(p[j], t);
    return;
  }
  const double *a = shape.a + axis * k, *b = shape.b + axis * k, *c = shape.c + axis * k;
  for (int j = 0; j < k; j++) {
    const Twofold linear = plus(multiply(t, splat(a[j])), {splat(b[j]), Vec{}});
    p[j + 1] = multiply(linear, p[j]);
    if (j > 0) p[j + 1] = plus(p[j + 1], negative(multiply(p[j - 1], splat(c[j]))));
  }
}

}  // namespace

size_t double_double_workspace(const BasisShape& shape) {
  const size_t twofolds = usize(shape.count) + usize(shape.columns) + usize(shape.dimension) * (usize(shape.order) + 2);
  return (3 * usize(shape.count) + 2 * twofolds) * W;
}

void double_double_sums(const BasisShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                        double* high, double* low, double* magnitudes, double* workspace) {
  const int N = shape.count, k1 = shape.order + 1;
  Vec* sum_high = reinterpret_cast<Vec*>(workspace);
  Vec* sum_low = sum_high + N;
  Vec* sum_magnitude = sum_low + N;
  Twofold* f = reinterpret_cast<Twofold*>(sum_magnitude + N);
  Twofold *d = f + N, *t = d + shape.columns, *p = t + shape.dimension;
  for (int e = 0; e < N; e++) sum_high[e] = sum_low[e] = sum_magnitude[e] = Vec{};
  for (size_t i = begin; i < end; i += W) {
    const int count = end - i < W ? static_cast<int>(end - i) : W;
    if (count == W) {
      locate(
          shape, [&](int b) { return loadu(x[b] + i); }, d, t);
      f[0] = {w ? loadu(w + i) : splat(1), Vec{}};
    } else {
      locate(
          shape, [&](int b) { return load_part(x[b] + i, count); }, d, t);
      f[0] = {Vec{}, Vec{}};
      for (int l = 0; l < count; l++) f[0].high[l] = w ? w[i + usize(l)] : 1;
    }
    for (int a = 0; a < shape.dimension; a++) powers(shape, a, t[a], p + a * k1);
    const bool ones = w == nullptr && count == W;  // lanes after the last point have weight 0
    accumulate(sum_high[0], sum_low[0], f[0]);
    sum_magnitude[0] += f[0].high;
    for (int e = 1; e < N; e++) {
      const Twofold& power = p[shape.axis[e] * k1 + shape.degree[e]];
      const Twofold g = ones && shape.parent[e] == 0 ? power : multiply(f[shape.parent[e]], power);
      if (e < shape.inner) f[e] = g;
      accumulate(sum_high[e], sum_low[e], g);
      sum_magnitude[e] += magnitude(g.high);
    }
  }
  for (int e = 0; e < N; e++) {
    accumulate_lanes(high[e], low[e], {sum_high[e], sum_low[e]});
    if (magnitudes != nullptr) magnitudes[e] += sum(sum_magnitude[e]);
  }
}

void double_double_coordinates(const BasisShape& shape, const double* const* x, size_t begin, size_t end, double* local,
                               size_t stride, double* workspace) {
  Twofold *d = reinterpret_cast<Twofold*>(workspace), *t = d + shape.columns;
  for (size_t i = begin; i < end; i += W) {
    const int count = end - i < W ? static_cast<int>(end - i) : W;
    if (count == W) {
      locate(
          shape, [&](int b) { return loadu(x[b] + i); }, d, t);
      for (int a = 0; a < shape.dimension; a++) storeu(local + usize(a) * stride + (i - begin), t[a].high);
    } else {
      locate(
          shape, [&](int b) { return load_part(x[b] + i, count); }, d, t);
      for (int a = 0; a < shape.dimension; a++)
        for (int l = 0; l < count; l++) local[usize(a) * stride + (i - begin) + usize(l)] = t[a].high[l];
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
