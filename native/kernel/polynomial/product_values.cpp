#include "polynomial/product_values.hpp"

#include <algorithm>

namespace fewpoints {

BasisShape shape_of(const MultiIndices& indices, const Recurrence& recurrence) {
  BasisShape shape{};
  shape.dimension = indices.dimension;
  shape.order = indices.order;
  shape.count = indices.count;
  shape.parent = indices.parent.data();
  shape.axis = indices.axis.data();
  shape.degree = indices.degree.data();
  shape.a = recurrence.a.data();
  shape.b = recurrence.b.data();
  shape.c = recurrence.c.data();
  return shape;
}

void product_values(const BasisShape& shape, const double* const* z, std::size_t n, double first, double* out,
                    std::size_t stride, List<double>& powers) {
  const std::size_t k = usize(shape.order);
  powers.resize(product(shape.dimension, k + 1, n));
  for (int axis = 0; axis < shape.dimension; axis++) {
    double* p = powers.data() + usize(axis) * (k + 1) * n;
    std::fill_n(p, n, 1.0);
    for (std::size_t j = 0; j < k; j++) {
      const std::size_t at = usize(axis) * k + j;
      const double a = shape.a[at], b = shape.b[at], c = j > 0 ? shape.c[at] : 0;
      const double *now = p + j * n, *before = j > 0 ? now - n : now;
      double* next = p + (j + 1) * n;
      for (std::size_t i = 0; i < n; i++) next[i] = (a * z[axis][i] + b) * now[i] - c * before[i];
    }
  }
  std::fill_n(out, n, first);
  for (int e = 1; e < shape.count; e++) {
    const double* p = powers.data() + (usize(shape.axis[e]) * (k + 1) + usize(shape.degree[e])) * n;
    const double* parent = out + usize(shape.parent[e]) * stride;
    double* to = out + usize(e) * stride;
    for (std::size_t i = 0; i < n; i++) to[i] = parent[i] * p[i];
  }
}

}  // namespace fewpoints
