// Non-negative least squares with equality constraints: min |A x - b| over x >= 0 with E x = f.
#pragma once

#include "base/list.hpp"
#include "nnls/nnls.hpp"

namespace fewpoints {

struct EqualityResult {
  List<double> x;
  double iterations = 0;
};

// The rows of E are made orthonormal first, and nnls of (E, f) tells whether any x >= 0 meets them. Then the method of
// multipliers (Hestenes 1969, Powell 1969) begins. nnls of [tau E; A], [tau f + u / tau; b] finds the passive columns.
// The null-space method on these columns makes the solution exact, and gives the multipliers u for the next nnls, which
// starts from the last passive columns. Mostly the first solution is already right. Throws Error Infeasible.
EqualityResult nnls_with_equality(const LeastSquares& problem, int threads, Monitor& monitor);

}  // namespace fewpoints
