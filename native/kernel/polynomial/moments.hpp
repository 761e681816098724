// Moments of a weighted set: sum_i c_i phi_a(w_i) for every multi-index a of degree <= k, in graded lexicographic
// order.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"
#include "polynomial/reproducible_sums.hpp"

namespace fewpoints {

// Plain sums in the coordinates as given, of products of powers or of Legendre polynomials P_j (P_j(1) = 1). Computed
// in double-double, added without rounding and rounded once: the bits are the same for any number of threads and any
// order of the points.
List<double> moments(const PointSet& set, int order, Basis basis, int threads, Monitor& monitor);

}  // namespace fewpoints
