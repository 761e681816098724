// The residual that counts: how far the moments of one weighted set are from another's.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

struct Verification {
  double residual = 0;     // largest of per_order
  List<double> per_order;  // highest degree + 1 values: the largest over the multi-indices of that degree
};

// |sum c' z^a - sum c z^a| / sum c |z^a|, z the columns centred at the weighted mean of the original, in double-double.
// (Dividing by the standard deviation, too, would change nothing: it cancels.)
Verification verify(const PointSet& original, const PointSet& compressed, const PolynomialSpace& space, int threads,
                    Monitor& monitor);

}  // namespace fewpoints
