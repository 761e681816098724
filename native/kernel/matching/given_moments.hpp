// How far weights are from moments that are given in the caller's own basis. Also refines their last digits in that
// basis.
#pragma once
#include <memory>
#include <string>

#include "base/list.hpp"
#include "points/point_set.hpp"
#include "polynomial/double_double_sums.hpp"
#include "polynomial/moments.hpp"

namespace fewpoints {

class GivenMoments {
 public:
  // target: the moments in the units of the set's weights. The set must outlive this.
  GivenMoments(const PointSet& set, const List<double>& target, int order, Basis basis, int threads, Monitor& monitor);

  // Whether doubles can hold the targets in the set's units. If not, no weights can reach them.
  bool are_finite() const;
  // Corrects positive weights until the moments agree to rounding, where they are few enough for a factorisation.
  // Returns the largest over moments of |sum w phi - target| / sum w |phi|, in double-double.
  double refine_weights(List<double>& weights) const;
  // The same residual with the denominator sum (w + c) |phi|, where c are the set's weights. It is of use also where
  // the moments of w are all but 0.
  double against_given(const List<double>& weights) const;
  // Says which moment cannot be met, its target and the range that the points allow. If some moment is out of reach for
  // all weights of the target's total, because of its function's values on the points, it is that one. Otherwise it is
  // the one that these weights miss by most. given: the target as the caller gave it.
  std::string unmet(const List<double>& weights, const List<double>& given) const;

 private:
  struct Scratch {
    List<double> x, powers;
    List<const double*> z;
  };
  // Evaluates the functions at a point of the set, times `factor`.
  void evaluate(std::size_t point, double factor, Scratch& scratch, double* values) const;
  // "target[3], the moment of exponents [0, 1, 0],".
  std::string name(int e) const;
  // Converts from the set's units to the caller's.
  double as_given(int e, double value, int weight_exponent) const;
  DoubleDoubleSums sums(const double* weights) const;
  DoubleDouble error(const DoubleDoubleSums& sums, int e) const { return DoubleDouble(target_[e]) - sums[e]; }

  const PointSet& set_;
  const int threads_;
  Monitor& monitor_;
  MultiIndices indices_;
  Recurrence recurrence_;
  List<double> target_, scale_;
  List<long> exponents_;  // powers of two between the set's functions and the caller's
  List<const double*> columns_;
  std::unique_ptr<DoubleDoubleBasis> basis_;
};

}  // namespace fewpoints
