// The residual that counts: how far the moments of one weighted set are from those of another.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

struct Verification {
  double residual = 0;     // the largest of per_order
  List<double> per_order;  // one value per degree, from 0 on: the largest over the multi-indices of that degree
};

// sum c' z^a - sum c z^a| / sum c |z^a|, in double-double. z are the columns centred at the weighted mean of the
// original. Division by the standard deviation would change nothing: it cancels.
Verification verify(const PointSet& original, const PointSet& compressed, const PolynomialSpace& space, int threads,
                    Monitor& monitor);

}  // namespace fewpoints
