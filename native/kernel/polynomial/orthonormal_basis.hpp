// The robust basis of one cell. Its coordinates are centred at the weighted mean and whitened. In each of them it has
// the polynomials that are orthonormal over the weighted data (discrete Stieltjes procedure). It stays well conditioned
// where Legendre products on the bounding box do not: heavy tails, columns that are nearly collinear, points of lower
// dimension than m. Columns are mixed only inside a block of the space, because only there does the order bound the
// total degree.
#pragma once
#include <memory>

#include "base/list.hpp"
#include "polynomial/double_double_sums.hpp"

namespace fewpoints {

struct PointColumns {  // the columns of one cell
  const double* const* x = nullptr;
  const double* w = nullptr;  // nullptr: all 1
  std::size_t count = 0;
  int dimension = 0;
};

class OrthonormalBasis {
 public:
  // A direction this narrow usually is rounding of the input.
  static constexpr double kDegenerateWidth = 1e-14;

  // Keeps the local coordinates of the points: dimension x count doubles. Costs the moments of order 2 in
  // double-double, then `order` passes. degenerate_width: a direction in which the points spread less than this,
  // relative to their extent, is left out. 0: only a direction in which they do not spread at all is left out.
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
  int dimension_ = 0;  // of the local coordinates, without the degenerate directions
  List<int> block_;    // of each local coordinate
  std::size_t stride_ = 0;
  Array<double> local_;
  Recurrence recurrence_;
  List<int> max_degree_;  // per axis: the smaller of the order and its number of distinct values - 1
  std::unique_ptr<DoubleDoubleBasis> basis_;
};

}  // namespace fewpoints
