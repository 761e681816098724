#include "simd/cell/solve_cell.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
FEWPOINTS_INSTANCES_3_HIGH(FEWPOINTS_INSTANTIATE)
}
