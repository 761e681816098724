// Products of polynomials that are given by three-term recurrences, one family an axis, in plain double: weighted sums
// over any number of points without storing them, and values. For moments beyond those that are promised, where 13
// digits are enough; see exact.cpp for the others.
#include "parts.hpp"
#include "vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

constexpr int kLanes = 4;  // vectors of points in flight

// p_0 .. p_order at t, for the axis whose coefficients are a, b, c.
template <int B>
FEWPOINTS_INLINE void powers(int order, const double* a, const double* b, const double* c, const Vec* t, Vec* p) {
  for (int l = 0; l < B; l++) p[l] = splat(1);
  for (int j = 0; j < order; j++) {
    const Vec aj = splat(a[j]), bj = splat(b[j]), cj = splat(c[j]);
    const Vec* now = p + j * B;
    for (int l = 0; l < B; l++) {
      Vec next = madd(aj, t[l], bj) * now[l];
      if (j > 0) next = nmadd(cj, now[l - B], next);
      p[(j + 1) * B + l] = next;
    }
  }
}

template <int B, class Load>
FEWPOINTS_INLINE void all_powers(const ProductShape& shape, const Load& x, Vec* p) {
  const int k1 = shape.order + 1;
  for (int a = 0; a < shape.dimension; a++) {
    Vec t[B];
    for (int l = 0; l < B; l++) t[l] = (x(a, l) - splat(shape.centre[a])) * splat(shape.inverse[a]);
    const int at = a * shape.order;
    powers<B>(shape.order, shape.a + at, shape.b + at, shape.c + at, t, p + static_cast<size_t>(a) * k1 * B);
  }
}

// run(l, product, count, first): the products that begin with `lower` l are features first .. first + count.
template <int B>
FEWPOINTS_INLINE void accumulate(const ProductShape& shape, const Vec* p, const Vec* w, Vec* lower, Vec* sums) {
  const int k1 = shape.order + 1;
  const Vec* last = p + static_cast<size_t>(shape.dimension - 1) * k1 * B;
  for (int i = 0; i < shape.lowers; i++) {
    Vec here[B];
    if (i == 0) {
      for (int l = 0; l < B; l++) here[l] = w[l];
    } else {
      const Vec* from = lower + static_cast<size_t>(shape.lower_parent[i]) * B;
      const Vec* by = p + (static_cast<size_t>(shape.lower_axis[i]) * k1 + shape.lower_degree[i]) * B;
      for (int l = 0; l < B; l++) here[l] = from[l] * by[l];
    }
    for (int l = 0; l < B; l++) lower[static_cast<size_t>(i) * B + l] = here[l];
    Vec* s = sums + shape.lower_first[i];
    const int count = shape.lower_first[i + 1] - shape.lower_first[i];
    for (int q = 0; q < count; q++) {
      Vec sum = s[q];
      for (int l = 0; l < B; l++) sum = madd(here[l], last[q * B + l], sum);
      s[q] = sum;
    }
  }
}

}  // namespace

size_t product_workspace(const ProductShape& shape) {
  const size_t k1 = static_cast<size_t>(shape.order) + 1;
  return (static_cast<size_t>(shape.count) + (static_cast<size_t>(shape.lowers) + shape.dimension * k1) * kLanes) * W;
}

void product_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                  double* sums, double* workspace) {
  Vec* s = reinterpret_cast<Vec*>(workspace);
  Vec* p = s + shape.count;
  Vec* lower = p + static_cast<size_t>(shape.dimension) * (shape.order + 1) * kLanes;
  for (int e = 0; e < shape.count; e++) s[e] = Vec{};
  size_t i = begin;
  for (; i + kLanes * W <= end; i += kLanes * W) {
    Vec weights[kLanes];
    for (int l = 0; l < kLanes; l++) weights[l] = w ? loadu(w + i + l * W) : splat(1);
    all_powers<kLanes>(
        shape, [&](int a, int l) { return loadu(x[a] + i + l * W); }, p);
    accumulate<kLanes>(shape, p, weights, lower, s);
  }
  for (; i < end; i += W) {
    const int count = end - i < W ? static_cast<int>(end - i) : W;
    Vec weight = {};
    for (int l = 0; l < count; l++) weight[l] = w ? w[i + l] : 1;
    all_powers<1>(
        shape, [&](int a, int) { return load_part(x[a] + i, count); }, p);
    accumulate<1>(shape, p, &weight, lower, s);
  }
  for (int e = 0; e < shape.count; e++) sums[e] += sum(s[e]);
}

void product_values(const ProductShape& shape, const double* const* x, size_t begin, size_t end, double* values,
                    size_t stride, double* workspace) {
  const int k1 = shape.order + 1;
  Vec* p = reinterpret_cast<Vec*>(workspace);
  Vec* lower = p + static_cast<size_t>(shape.dimension) * k1;
  const Vec* last = p + static_cast<size_t>(shape.dimension - 1) * k1;
  for (size_t i = begin; i < end; i += W) {
    const int count = end - i < W ? static_cast<int>(end - i) : W;
    all_powers<1>(
        shape, [&](int a, int) { return load_part(x[a] + i, count); }, p);
    for (int j = 0; j < shape.lowers; j++) {
      const Vec here =
          j == 0 ? splat(1) : lower[shape.lower_parent[j]] * p[shape.lower_axis[j] * k1 + shape.lower_degree[j]];
      lower[j] = here;
      for (int e = shape.lower_first[j]; e < shape.lower_first[j + 1]; e++) {
        const Vec v = here * last[e - shape.lower_first[j]];
        double* to = values + static_cast<size_t>(e) * stride + (i - begin);
        if (count == W) {
          storeu(to, v);
        } else {
          for (int l = 0; l < count; l++) to[l] = v[l];
        }
      }
    }
  }
}

// Lower triangle of V V', rows first .. last: four by four dot products at a time stay in registers.
void gram(int rows, size_t stride, const double* V, int first, int last, double* G) {
  constexpr int T = 4;
  for (int i = first; i < last; i += T)
    for (int j = 0; j < (i + T < last ? i + T : last); j += T) {
      const double *a[T], *b[T];
      for (int s = 0; s < T; s++) {
        a[s] = V + static_cast<size_t>(i + s < last ? i + s : i) * stride;
        b[s] = V + static_cast<size_t>(j + s < last ? j + s : j) * stride;
      }
      Vec dot[T][T] = {};
      for (size_t c = 0; c < stride; c += W) {
        Vec right[T];
        for (int s = 0; s < T; s++) right[s] = load(b[s] + c);
        for (int r = 0; r < T; r++) {
          const Vec left = load(a[r] + c);
          for (int s = 0; s < T; s++) dot[r][s] = madd(left, right[s], dot[r][s]);
        }
      }
      for (int r = 0; r < T && i + r < last; r++)
        for (int s = 0; s < T && j + s <= i + r; s++) G[static_cast<size_t>(i + r) * rows + j + s] = sum(dot[r][s]);
    }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
