#include "simd/cell/solve_cell.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
FEWPOINTS_INSTANCES_5(FEWPOINTS_INSTANTIATE)
}
