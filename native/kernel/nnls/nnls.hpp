// Non-negative least squares: min |A x - b|_2 over x >= 0 with E x = f.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "nnls/active_set.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

// A validated private copy of a problem. Either matrix may have no rows; both have the same number of columns.
struct LeastSquares {
  explicit LeastSquares(std::size_t width) : columns(width), matrix(0, width), equality(0, width) {}
  // Throws Error NotFinite with row and column, std::bad_alloc.
  void set_matrix(const PointsView& view, const NumbersView& rhs);
  void set_equality(const PointsView& view, const NumbersView& rhs);

  std::size_t columns;
  RowMajor matrix, equality;
  List<double> rhs, equality_rhs;
  int rhs_exponent = 0;  // both right-hand sides are held times 2^-rhs_exponent
};

struct LeastSquaresResult {
  List<double> x;
  double residual_norm = 0;  // |A x - b|
  double iterations = 0;     // steps of the active set: columns that entered the passive ones
};

// The Karush-Kuhn-Tucker conditions hold to rounding. With r = b - A x and size = |b| + sum |a_j| x_j, every column has
// a_j.r <= 2^-44 |a_j| size, and where x_j > 0 also a_j.r >= -2^-44 |a_j| size. Throws Error Infeasible when no x >= 0
// has E x = f to 2^-40 of sum |E_ij| x_j + |f_i| in every row.
LeastSquaresResult nnls(LeastSquares&& problem, int threads, Monitor& monitor);

}  // namespace fewpoints
