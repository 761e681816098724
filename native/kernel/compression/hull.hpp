// Whether points lie in the convex hull of the points of a cell.
#pragma once
#include "base/status.hpp"
#include "polynomial/orthonormal_basis.hpp"

namespace fewpoints {

// x: count x points.dimension, row-major. A point lies in the hull when non-negative multiples of the cell's points, of
// sum 1, come as near to it as 1e-9 of the cell's box (nnls.hpp). Costs one small least squares problem per point.
bool is_in_hull(const PointColumns& points, const double* x, std::size_t count, Monitor& monitor);

}  // namespace fewpoints
