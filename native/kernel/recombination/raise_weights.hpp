// Exchanges the points of a support until none of its weights is small.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

// The features of points, one row per feature. The first columns are the support.
struct SupportTable {
  Array<double>& values;                  // features x stride; overwritten
  std::size_t features, columns, stride;  // stride: a multiple of 8; columns beyond the last hold finite numbers
};

// A support of independent columns with weights w is a vertex of { w >= 0: sum_c w_c phi_c = b }. Goes from vertex to
// neighbouring vertex. Each step takes the neighbour whose weights fall short of `least` by the smallest sum, in shares
// of `least`. support: columns of the table, at first 0, 1, 2, ... True: all weights are at least `least`. False: no
// neighbour is better, or the columns depend on each other. Costs 3 x features x columns operations a step.
bool raise_weights(const SupportTable& table, double least, List<std::uint32_t>& support, List<double>& weights,
                   Monitor& monitor);

}  // namespace fewpoints
