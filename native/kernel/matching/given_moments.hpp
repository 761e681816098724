// How far weights are from moments given in the caller's own basis, and their last digits in it.
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
  // target: for the set's weights as it holds them. The set must outlive this.
  GivenMoments(const PointSet& set, const List<double>& target, int order, Basis basis, int threads, Monitor& monitor);

  // Whether doubles can hold the targets in the set's units: others are beyond what any weights give.
  bool are_finite() const;
  // Corrects positive weights until the moments agree to rounding, where they are few enough for a factorisation.
  // Returns the largest over moments of |sum w phi - target| / sum w |phi|, in double-double.
  double refine_weights(List<double>& weights) const;
  // The same with sum (w + c) |phi| below the line, c the set's weights: also where the moments of w are all but 0.
  double against_given(const List<double>& weights) const;
  // Which moment cannot be met, what the target says of it and what the points allow: first one that no weights of the
  // target's total can give, because of the values that its function has on the points; else the one that these weights
  // miss by most. given: the target as the caller gave it.
  std::string unmet(const List<double>& weights, const List<double>& given) const;

 private:
  struct Scratch {
    List<double> x, powers;
    List<const double*> z;
  };
  // The functions at a point of the set, times `factor`.
  void evaluate(std::size_t point, double factor, Scratch& scratch, double* values) const;
  // "target[3], the moment of exponents [0, 1, 0],".
  std::string name(int e) const;
  // From the set's units to the caller's.
  double as_given(int e, double value, int weight_exponent) const;
  DoubleDoubleSums sums(const double* weights) const;
  DoubleDouble error(const DoubleDoubleSums& sums, int e) const { return DoubleDouble(target_[e]) - sums[e]; }

  const PointSet& set_;
  const int threads_;
  Monitor& monitor_;
  MultiIndices indices_;
  Recurrence recurrence_;
  List<double> target_, scale_;
  List<long> exponents_;  // of the factors of two between the set's functions and the caller's
  List<const double*> columns_;
  std::unique_ptr<DoubleDoubleBasis> exact_;
};

}  // namespace fewpoints
