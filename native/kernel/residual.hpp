// Moments of a set in standardised coordinates and in double-double, to compare others with. This path shares no basis,
// no frame and no sums with the recombination.
#pragma once
#include <memory>
#include <vector>

#include "exact.hpp"
#include "points.hpp"
#include "verify.hpp"

namespace fewpoints {

class Residual {
 public:
  // Cost: one pass for means and deviations, one of space.count() double-double features a point.
  Residual(const PointSet& original, const PolynomialSpace& space, int threads, Monitor& monitor);

  Verification of(const PointSet& compressed, int threads, Monitor& monitor) const;
  // The same for columns in the original's own units (its exponents already taken out).
  Verification of(const double* const* x, const double* w, std::size_t count, int threads, Monitor& monitor) const;

  const std::vector<double>& deviations() const {
    return deviations_;
  }  // weighted, of each column; 0 for a constant one

 private:
  Verification compare(const ExactSums& sums, int weight_exponent) const;
  MultiIndices indices_;
  std::vector<double> centre_, deviations_, scale_;
  std::vector<int> exponents_;
  int weight_exponent_ = 0;
  std::unique_ptr<ExactBasis> basis_;
  ExactSums sums_;
};

}  // namespace fewpoints
