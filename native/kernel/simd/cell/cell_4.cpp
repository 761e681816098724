#include "simd/cell/solve_cell.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
FEWPOINTS_INSTANCES_4(FEWPOINTS_INSTANTIATE)
}
