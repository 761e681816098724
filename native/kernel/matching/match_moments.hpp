// Non-negative weights on given points that meet given moments, nearest to given weights.
#pragma once

#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"
#include "polynomial/moments.hpp"

namespace fewpoints {

struct Matched {
  List<double> weights;  // one for each of the caller's points
  double residual = 0;   // largest over moments of |sum w phi - target| / sum w |phi|, phi of the caller's basis
};

// Nearest: with the set's weights c, least sum (w_i - c_i)^2 / c_i. Points that were left out of the set, for their
// weight is 0, keep it. target: as moments() gives them. count: of the caller's points. Throws Error Infeasible
// with the moment that cannot be met, the target and what can be reached.
Matched match_moments(const PointSet& set, std::size_t count, const List<double>& target, int order, Basis basis,
                      int threads, Monitor& monitor);

}  // namespace fewpoints
