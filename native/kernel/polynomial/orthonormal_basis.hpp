// The careful basis of one cell: coordinates centred at the weighted mean and whitened, and in each of them the
// polynomials that are orthonormal over the weighted data (discrete Stieltjes). It stays well conditioned where
// Legendre products on the bounding box do not: heavy tails, columns nearly collinear, points of lower dimension than
// m. Columns are mixed only inside a block of the space: only there does its order mean total degree.
#pragma once
#include <memory>

#include "base/list.hpp"
#include "polynomial/double_double_sums.hpp"

namespace fewpoints {

struct PointColumns {  // columns of one cell
  const double* const* x = nullptr;
  const double* w = nullptr;  // nullptr: all 1
  std::size_t count = 0;
  int dimension = 0;
};

class OrthonormalBasis {
 public:
  // Such a direction is rounding of the input, usually.
  static constexpr double kDegenerateWidth = 1e-14;

  // Keeps the points' local coordinates: dimension x count doubles. Cost: order 2 moments in double-double, then order
  // passes.
  // flat: a direction in which the points extend less than this, relative to their extent, is left out.
  OrthonormalBasis(const PointColumns& points, const PolynomialSpace& space, double degenerate_width, int threads,
                   Monitor& monitor);

  const DoubleDoubleBasis& basis() const { return *basis_; }
  const Recurrence& recurrence() const { return recurrence_; }
  const double* local(int axis) const { return local_.data() + usize(axis) * stride_; }

 private:
  void locate(const PointColumns& points, int threads, Monitor& monitor);
  void whiten(const PointColumns& points, const PolynomialSpace& space, double degenerate_width, int threads,
              Monitor& monitor);
  void orthonormalise(const PointColumns& points, const PolynomialSpace& space, int threads, Monitor& monitor);

  List<double> centre_;
  LinearMap map_;
  int dimension_ = 0;  // of the local coordinates: directions in which the points do not extend are left out
  List<int> block_;    // of each of them
  std::size_t stride_ = 0;
  Array<double> local_;
  Recurrence recurrence_;
  List<int> most_degree_;  // of each axis: one less than its number of distinct values, at most the order
  std::unique_ptr<DoubleDoubleBasis> basis_;
};

}  // namespace fewpoints
