// Spaces of polynomials in m columns, and bases of them: products of univariate polynomials, one family per axis, given
// by three-term recurrences. Every family spans the same space, so every choice matches the same moments; they differ
// in how well conditioned the arithmetic is.
#pragma once
#include <compare>
#include <cstdint>

#include "base/list.hpp"

namespace fewpoints {

// Of every polynomial that is asked for, by total degree. Exponents fit a byte, as multiIndices() lists them, and the
// bounds of reproducible_sums.cpp hold up to it. An enlarged space may have one degree more.
constexpr int kMaxOrder = 255;

// C(m + k, k), the number of monomials of degree <= k in m variables; saturates at 2^62.
std::int64_t moment_count(int dimension, int order);

// The tensor product of polynomial spaces on disjoint blocks of columns, each of total degree <= its own order. One
// block of all columns is the usual space P_k. A column of a block of order 0 takes no part.
struct PolynomialSpace {
  List<int> block;  // of each column
  List<int> order;  // of each block
  // One block only: so many monomials of the next degree besides, those first whose multiples of smooth functions are
  // the largest (as far as there are so many).
  int extra = 0;

  static PolynomialSpace total(int dimension, int order);
  int dimension() const { return static_cast<int>(block.size()); }
  bool is_total() const { return order.size() == 1; }
  int highest_power() const;   // of a single column
  int highest_degree() const;  // of a monomial
  std::int64_t count() const;  // dimension of the space; saturates at 2^62
  // Throws Error Option when an order is negative or above kMaxOrder, Error Size when products cannot be counted in an
  // int.
  void check() const;
};

// Graded lexicographic list of exponents: degree ascending, within a degree x before y (1, x, y, x^2, xy, y^2, ...),
// and how each product is made from an earlier one: feature e = feature parent[e] * p_degree[e](t_axis[e]), the parent
// being the product without the last axis. No exponents of 0 are stored: time and memory are those of the list, however
// many columns there are.
struct MultiIndices {
  // Throws Error Option for an order above kMaxOrder or a negative one, Error Size beyond 2^31 products.
  explicit MultiIndices(const PolynomialSpace& space);
  MultiIndices(int m, int k) : MultiIndices(PolynomialSpace::total(m, k)) {}
  int dimension, order, count;            // order: the highest power of a single column
  List<int> parent, axis, degree, total;  // total: the sum of the exponents
  // The factors of product e that are not 1, axes ascending.
  struct Power {
    int axis, degree;
    auto operator<=>(const Power&) const = default;
  };
  // The order of the list inside a degree, for std::lexicographical_compare: more of an earlier axis comes first.
  static bool is_before(const Power& a, const Power& b) {
    return a.axis != b.axis ? a.axis < b.axis : a.degree > b.degree;
  }
  void powers(int e, List<Power>& out) const;
  List<std::uint16_t> row(int e) const;  // all exponents, those of 0 as well
};

// p_0 = 1, p_{j+1}(t) = (a_j t + b_j) p_j(t) - c_j p_{j-1}(t), for j < k; one row of k coefficients per axis.
struct Recurrence {
  int dimension = 0, order = 0;
  List<double> a, b, c;  // dimension x order
  static Recurrence monomial(int dimension, int order);
  static Recurrence legendre(int dimension, int order);
};

}  // namespace fewpoints
