// The weights of a result, as doubles in the unit of the caller's.
#pragma once
#include "base/status.hpp"
#include "compression/cell_results.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

// Rounds the weights as the caller gets them, in the caller's unit. Subnormal ones are rounded, and those that vanish
// are left out. Throws Error Weight where one would be beyond the largest double.
void round_weights(CellResults::Columns& kept, const PointSet& set, int threads, Monitor& monitor);

}  // namespace fewpoints
