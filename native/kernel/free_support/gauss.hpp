// Gauss quadrature for the points of one column.
#pragma once
#include "polynomial/orthonormal_basis.hpp"

namespace fewpoints {

// The n points t in [-1, 1], and weights with sum 1, that have the moments up to degree 2n - 1 of the points
// (x - centre) / half of the box [low, high]: to a few dozen epsilons. False: there are no more than n distinct points,
// or nearly so.
bool gauss_rule(const PointColumns& points, double low, double high, int n, double* t, double* w);

}  // namespace fewpoints
