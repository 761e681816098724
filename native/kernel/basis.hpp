// Bases of the polynomials of total degree <= k in m variables: products of univariate polynomials, one family an axis,
// given by three-term recurrences. Every family spans the same space, so every choice matches the same moments; they
// differ in how well conditioned the arithmetic is.
#pragma once
#include <cstdint>
#include <vector>

namespace fewpoints {

// C(m + k, k), the number of monomials of degree <= k in m variables; saturates at 2^62.
std::int64_t moment_count(int dimension, int order);

// Graded lexicographic list of exponents: degree ascending, within a degree x before y (1, x, y, x^2, xy, y^2, ...),
// and how each product is made from an earlier one: feature e = feature parent[e] * p_degree[e](t_axis[e]).
struct MultiIndices {
  MultiIndices(int dimension, int order);
  int dimension, order, count;
  std::vector<std::uint8_t> exponents;           // count x dimension
  std::vector<int> parent, axis, degree, total;  // total: the sum of the exponents
  const std::uint8_t* row(int e) const { return exponents.data() + static_cast<std::size_t>(e) * dimension; }
};

// p_0 = 1, p_{j+1}(t) = (a_j t + b_j) p_j(t) - c_j p_{j-1}(t), for j < k; one row of k coefficients an axis.
struct Recurrence {
  int dimension = 0, order = 0;
  std::vector<double> a, b, c;  // dimension x order
  static Recurrence monomial(int dimension, int order);
  static Recurrence legendre(int dimension, int order);
};

}  // namespace fewpoints
