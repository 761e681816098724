// Moments in double-double, of any range of points, in any product basis and any affine coordinates. Targets and
// residuals are measured with them. The heavy loop is in simd/sums/double_double.cpp.
#pragma once

#include "base/array.hpp"
#include "base/double_double.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/space.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

struct DoubleDoubleSums {
  List<double> high, low;  // sum w phi = high + low
  List<double> magnitude;  // sum w |phi|
  explicit DoubleDoubleSums(int count = 0) : high(count, 0.0), low(count, 0.0), magnitude(count, 0.0) {}
  template <std::integral Integer>
  DoubleDouble operator[](Integer e) const {
    return two_sum(high[e], low[e]);
  }
  void add(const double* other_high, const double* other_low, const double* other_magnitude);
  void add(const DoubleDoubleSums& other) { add(other.high.data(), other.low.data(), other.magnitude.data()); }
};

// The map from columns to coordinates. Either `factor` has one row per coordinate; or it has one factor per coordinate,
// for the column in `from`, so that thousands of columns need no square of their number.
struct LinearMap {
  List<double> factor;
  List<int> from;
};

class DoubleDoubleBasis {
 public:
  // t = scale (x - centre). scale must hold powers of two.
  DoubleDoubleBasis(const MultiIndices& indices, const Recurrence& recurrence, List<double> centre, List<double> scale);
  // t = map (x - centre). kept: the features to use, ascending, with the parent of every feature.
  DoubleDoubleBasis(const MultiIndices& indices, const Recurrence& recurrence, List<double> centre, LinearMap map,
                    const List<int>& kept);

  int count() const { return shape_.count; }
  int dimension() const { return shape_.dimension; }
  const BasisShape& shape() const { return shape_; }

  // Sums are made chunk by chunk and combined in the order of the chunks: the bits are the same for any number of
  // threads.
  DoubleDoubleSums sums(const double* const* x, const double* w, std::size_t n, int threads, Monitor& monitor,
                        Stage stage) const;
  // out[a * stride + i]: coordinate a of point i, rounded to double.
  void local(const double* const* x, std::size_t n, double* out, std::size_t stride, int threads,
             Monitor& monitor) const;

  DoubleDoubleBasis(const DoubleDoubleBasis&) = delete;
  DoubleDoubleBasis& operator=(const DoubleDoubleBasis&) = delete;

 private:
  void finish();
  BasisShape shape_{};
  Recurrence recurrence_;
  List<int> parent_, axis_, degree_;
  List<double> centre_, scale_;
  LinearMap map_;
};

}  // namespace fewpoints
