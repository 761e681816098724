// Calibration: the weights of the points kept are multiplied by max(0, 1 + p(x)), p a polynomial, so that the whole set
// keeps moments of far higher degree than the cells do. Costs no point and little time.
//
// Why: what is left of the error of a mean is the error of f minus its best polynomial of that degree, in the least
// squares sense over the points kept (the regression estimator; Deville and Särndal 1992). For functions with kinks
// that is a little less than before; for smooth ones it is orders of magnitude less.
#pragma once
#include <memory>
#include <vector>

#include "basis.hpp"
#include "points.hpp"
#include "status.hpp"

namespace fewpoints {

class ProductBasis;

class Calibration {
 public:
  // Sums the higher moments of the set: one pass in double of at most kMostFeatures features. space: what is kept
  // anyway; its first block is raised. size: bound on the points kept.
  Calibration(const PointSet& set, const PolynomialSpace& space, std::size_t size, int threads, Monitor& monitor);
  ~Calibration();

  // Changes the weights of the points kept, some of them to 0; the space's own moments stay the same to rounding.
  // Returns by how much the order of the first block was raised: 0 when nothing was changed.
  int apply(const double* const* x, double* w, std::size_t count, int threads, Monitor& monitor) const;

 private:
  std::unique_ptr<ProductBasis> basis_;
  std::vector<double> target_;  // sum of w phi, in the basis's order
};

}  // namespace fewpoints
