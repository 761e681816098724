// Points of equal weight that have the moments of a set. The set is cut into as many parts of equal mass. Newton's
// method, with steps of least norm, moves their means, or a point of each, until they have all moments.
#pragma once
#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/orthonormal_basis.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

// `count` points in the box of the set, one array per column; none where they were not found. The set is halved again
// and again across its widest side, and the weight of a point is shared where a cut goes through it. Lengths are
// measured in units, one per column. A step of Newton's method costs moments^2 x count x columns.
List<Array<double>> equal_points_of(const PointColumns& points, const PolynomialSpace& space, const List<double>& units,
                                    std::size_t count, int threads, Monitor& monitor);

}  // namespace fewpoints
