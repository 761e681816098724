// Spaces of polynomials in m columns, and bases of them. A basis consists of products of univariate polynomials, with
// one family per axis, given by a three-term recurrence. Every family spans the same space, so every choice matches the
// same moments. The families differ in how well conditioned the arithmetic is.
//
// The degree is that of one monomial: the sum of its exponents. The order is the highest degree kept.
#pragma once
#include <compare>
#include <cstdint>

#include "base/list.hpp"

namespace fewpoints {

// The highest order that a caller may ask for. Exponents up to it fit a byte, as multiIndices() lists them, and the
// bounds of reproducible_sums.cpp hold up to it. An enlarged space may have one degree more.
constexpr int kMaxOrder = 255;

// C(m + k, k): the number of monomials of degree <= k in m variables. Saturates at 2^62.
std::int64_t moment_count(int dimension, int order);

// The tensor product of polynomial spaces on disjoint blocks of columns. Each has total degree <= the order of its
// block. One block of all columns is the usual space P_k. A column of a block of order 0 takes no part.
struct PolynomialSpace {
  List<int> block;  // of each column
  List<int> order;  // of each block
  // With one block only: how many monomials of the next degree the space has besides, as far as there are so many.
  // Those come first whose coefficients in smooth functions are the largest.
  int extra = 0;

  static PolynomialSpace total(int dimension, int order);
  int dimension() const { return static_cast<int>(block.size()); }
  bool is_total() const { return order.size() == 1; }
  int highest_power() const;   // of a single column
  int highest_degree() const;  // of a monomial
  std::int64_t count() const;  // dimension of the space; saturates at 2^62
  // Throws Error Option when an order is negative or above kMaxOrder. Throws Error Size when an int cannot count the
  // products.
  void check() const;
};

// Graded lexicographic list of exponents: degree ascending, within a degree x before y (1, x, y, x^2, xy, y^2, ...). It
// says how each product is made from an earlier one: feature e = feature parent[e] * p_degree[e](t_axis[e]). The parent
// is the product without its last axis. Exponents of 0 are not stored: time and memory are those of the list, however
// many columns there are.
struct MultiIndices {
  // Throws Error Option for an order that is negative or above kMaxOrder, and Error Size beyond 2^31 products.
  explicit MultiIndices(const PolynomialSpace& space);
  MultiIndices(int m, int k) : MultiIndices(PolynomialSpace::total(m, k)) {}
  int dimension, order, count;            // order: the highest power of a single column
  List<int> parent, axis, degree, total;  // total: the sum of the exponents
  // The factors of product e that are not 1, by ascending axis.
  struct Power {
    int axis, degree;
    auto operator<=>(const Power&) const = default;
  };
  // The order of the list inside a degree, for std::lexicographical_compare: a higher power of an earlier axis comes
  // first.
  static bool is_before(const Power& a, const Power& b) {
    return a.axis != b.axis ? a.axis < b.axis : a.degree > b.degree;
  }
  void powers(int e, List<Power>& out) const;
  List<std::uint16_t> row(int e) const;  // all exponents, also those that are 0
};

// p_0 = 1, p_{j+1}(t) = (a_j t + b_j) p_j(t) - c_j p_{j-1}(t), for j < k. Each axis has one row of k coefficients.
struct Recurrence {
  int dimension = 0, order = 0;
  List<double> a, b, c;  // dimension x order
  static Recurrence monomial(int dimension, int order);
  static Recurrence legendre(int dimension, int order);
};

}  // namespace fewpoints
