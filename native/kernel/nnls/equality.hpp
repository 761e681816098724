// Non-negative least squares with equality constraints: min |A x - b| over x >= 0 with E x = f.
#pragma once

#include "base/list.hpp"
#include "nnls/nnls.hpp"

namespace fewpoints {

struct EqualityResult {
  List<double> x;
  double iterations = 0;
};

// First the constraints are made orthonormal, and nnls of (E, f) finds a point that meets them, if there is one. Then
// the method of multipliers follows (Hestenes 1969, Powell 1969). nnls of [tau E; A], [tau f + u / tau; b] finds the
// passive columns. The null-space method on these makes the solution exact and gives the multipliers u, with which the
// next nnls starts from the passive columns of the last. Mostly the first round is right. Throws Error Infeasible.
EqualityResult nnls_with_equality(const LeastSquares& problem, int threads, Monitor& monitor);

}  // namespace fewpoints
