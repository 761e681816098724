// Non-negative least squares with equality constraints: min |A x - b| over x >= 0 with E x = f.
#pragma once

#include "base/list.hpp"
#include "nnls/nnls.hpp"

namespace fewpoints {

struct EqualityResult {
  List<double> x;
  double iterations = 0;
};

// The constraints are made orthonormal and found a point first: nnls of (E, f) tells whether there is one. Then the
// method of multipliers (Hestenes 1969, Powell 1969): nnls of [tau E; A], [tau f + u / tau; b] finds the passive
// columns, and each of its solutions is made exact by the null-space method on them, which gives the multipliers u as
// well. With those the next nnls starts where the last one stands; mostly the first is right. Throws Error Infeasible.
EqualityResult nnls_with_equality(const LeastSquares& problem, int threads, Monitor& monitor);

}  // namespace fewpoints
