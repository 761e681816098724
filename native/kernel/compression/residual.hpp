// The moments of a set in centred coordinates and in double-double, to compare other sets with. The measurement shares
// no basis and no sums with the recombination. But the compression uses both: cells are cut by these deviations, and
// weights are refined against these sums.
#pragma once

#include "base/list.hpp"
#include "compression/verify.hpp"
#include "points/point_set.hpp"
#include "polynomial/double_double_sums.hpp"
#include "polynomial/framed_moments.hpp"
#include "polynomial/reproducible_sums.hpp"

namespace fewpoints {

class Residual {
 public:
  // Costs one pass for means and deviations, and one for the features of every point in two parts.
  // whole: when given, other sets are compared with these moments of the space, and not with those of `original`, which
  // stands for the whole set in all but its moments.
  Residual(const PointSet& original, const PolynomialSpace& space, int threads, Monitor& monitor,
           const FramedMoments* whole = nullptr);

  Verification of(const PointSet& compressed, int threads, Monitor& monitor) const;
  // The same for columns in the original's units (its exponents are already taken out).
  Verification of(const double* const* x, const double* w, std::size_t count, int threads, Monitor& monitor) const;

  // Changes the weights to make the residual smaller, if it can. Returns the residual of the result.
  double refine_weights(const double* const* x, Array<double>& w, std::size_t count, int threads,
                        Monitor& monitor) const;
  // Whether refine_weights() takes seconds only, and little memory.
  bool can_refine_weights(std::size_t count) const {
    constexpr double kMaxEntries = 1e7, kMaxWork = 4e9;
    const double features = indices_.count, entries = features * static_cast<double>(count);
    return count > 0 && entries <= kMaxEntries && features * entries <= kMaxWork;
  }

  // Whether other sets are compared with the moments of a larger whole.
  bool is_of_larger_whole() const { return is_of_larger_whole_; }
  // In the unit in which the set holds its weights.
  double total_weight() const { return sums_.high[0]; }
  FramedMoments moments() const;                                  // of the original
  const List<double>& deviations() const { return deviations_; }  // weighted, one per column; 0 for a constant one

 private:
  DoubleDoubleSums sums_of(const double* const* x, const double* w, std::size_t n, const List<double>& centre,
                           const List<double>& scale, const Bounds& bounds, bool magnitudes, int threads,
                           Monitor& monitor) const;
  Bounds both(Bounds other) const;
  Verification compare(const DoubleDoubleSums& sums, int weight_exponent) const;
  void use_frame(const FramedMoments& whole);
  MultiIndices indices_;
  List<double> centre_, deviations_, scale_;
  List<int> exponents_;
  Bounds bounds_;
  int weight_exponent_ = 0;
  bool is_of_larger_whole_ = false;
  DoubleDoubleSums sums_;
};

}  // namespace fewpoints
