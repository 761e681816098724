// The last digits: corrects the weights on a chosen support until the moments agree in double-double.
#pragma once
#include <Eigen/Core>
#include <functional>

#include "base/list.hpp"
#include "polynomial/double_double_sums.hpp"

namespace fewpoints {

// Prepares a matrix for Eigen's pivoted QR, which finds no pivot where there is no column or a norm is not a number,
// and then reads or writes out of bounds. Entries whose squares vanish become 0. False: the matrix cannot be factored,
// because it has no entry, an entry that is not a number, or a square that overflows.
bool make_factorable(Eigen::MatrixXd& A);

// Iterative refinement with residuals in double-double (Demmel et al. 2006). B has one row per feature and one column
// per point of the support. Its weights w are changed by factors 1 + h, where h is the least squares solution of B
// diag(w) h = target - B w, with rows in units of target.magnitude. The rounding of the weights themselves remains:
// about one epsilon. Weights that would turn negative are set to 0, and the rest is solved again. sums(w): the moments
// of the support with weights w, in double-double. Returns the largest |target - sums| / magnitude; `weights` holds the
// best weights seen.
double refine_weights(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                      const std::function<DoubleDoubleSums(const List<double>&)>& sums, List<double>& weights);

// The same for any number of columns, also when rows of B depend on each other to all digits (high powers). It takes
// the h of smallest norm, by a rank-revealing factorisation, and no step changes a weight by more than a factor of 8.
double refine_weights_min_norm(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                               const std::function<DoubleDoubleSums(const List<double>&)>& sums, List<double>& weights);

}  // namespace fewpoints
