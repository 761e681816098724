// The last digits: weights on a chosen support corrected until the moments agree in double-double.
#pragma once
#include <Eigen/Core>
#include <functional>

#include "base/list.hpp"
#include "polynomial/double_double_sums.hpp"

namespace fewpoints {

// For Eigen's pivoted QR, which finds no pivot where there is no column or a norm is not a number, and then reads or
// writes at any place: entries whose squares vanish become 0. False where nothing can be factored: no entry, one that
// is not a number, or a square that overflows.
bool make_factorable(Eigen::MatrixXd& A);

// Iterative refinement with residuals in double-double (Demmel et al. 2006): weights w on the columns of B (features x
// support) are changed by factors 1 + h, h the least squares solution of B diag(w) h = target - B w, rows measured in
// units of target.magnitude. What remains is the rounding of the weights themselves: about one epsilon. Weights that
// would turn negative are set to 0, and the rest solved again. sums: the exact moments of the support with the given
// weights. Returns the largest |target - sums| / magnitude; `weights` holds the best ones seen.
double refine_weights(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                      const std::function<DoubleDoubleSums(const List<double>&)>& sums, List<double>& weights);

// For any number of columns, also when the rows of B depend on each other to all digits (high powers): the h of
// smallest norm is taken, by a rank-revealing factorisation, and no weight changes by more than a factor of 8 at a
// time.
double refine_weights_min_norm(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                               const std::function<DoubleDoubleSums(const List<double>&)>& sums, List<double>& weights);

}  // namespace fewpoints
