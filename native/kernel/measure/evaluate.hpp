// The yardstick of bench/cases/huge.mjs: all features of all points evaluated once, added up and dropped.
#pragma once
#include "base/status.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

// Milliseconds that it takes to evaluate the Legendre products of total degree <= order on the bounding box at every
// point, with the loop of simd/sums.cpp, and to add them up over groups of points. Nothing is stored.
double evaluation_time(const PointSet& set, int order, int threads, Monitor& monitor);

}  // namespace fewpoints
