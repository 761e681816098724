// Products of polynomials orthonormal over each column's own distribution, up to a raised order, in plain double: the
// basis in which weights are calibrated. Features are evaluated in the order that is fastest (all powers of the last
// column together) and carry the level at which each of them joins.
#pragma once
#include <vector>

#include "basis.hpp"
#include "points.hpp"
#include "simd/kernels.hpp"
#include "status.hpp"

namespace fewpoints {

class ProductBasis {
 public:
  // Columns are mapped to [-1, 1] and the polynomials made orthonormal over a sample of the set.
  ProductBasis(const PointSet& set, const PolynomialSpace& space, int raised);

  int count() const { return shape_.count; }
  int dimension() const { return shape_.dimension; }
  int levels() const { return levels_; }
  // 0: belongs to the space itself; r: to the space whose first block has an order r higher, and to no smaller one.
  int level(int e) const { return level_[e]; }

  // The same bits for any number of threads.
  std::vector<double> sums(const double* const* x, const double* w, std::size_t n, int threads, Monitor& monitor) const;
  // values[e * stride + i]
  void values(const double* const* x, std::size_t n, double* values, std::size_t stride) const;

  ProductBasis(const ProductBasis&) = delete;
  ProductBasis& operator=(const ProductBasis&) = delete;

 private:
  void orthonormalise(const PointSet& set);
  ProductShape shape_{};
  int levels_;
  Recurrence recurrence_;
  std::vector<int> level_, lower_parent_, lower_axis_, lower_degree_, lower_first_;
  std::vector<double> centre_, inverse_;
};

}  // namespace fewpoints
