// Calibration weighting with the chi-square distance: finds the non-negative weights on given points that meet given
// moments and are nearest to given weights.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"
#include "polynomial/moments.hpp"

namespace fewpoints {

struct Matched {
  List<double> weights;  // one per point of the caller
  double residual = 0;   // the largest over moments of |sum w phi - target| / sum w |phi|, in the caller's basis
};

// Nearest means the least sum (w_i - c_i)^2 / c_i, where c are the set's weights. Points of weight 0 are not in the
// set, and keep weight 0. target: as moments() returns them. count: the number of the caller's points. Throws Error
// Infeasible, which names the moment that cannot be met, its target and the range that can be reached.
Matched match_moments(const PointSet& set, std::size_t count, const List<double>& target, int order, Basis basis,
                      int threads, Monitor& monitor);

}  // namespace fewpoints
