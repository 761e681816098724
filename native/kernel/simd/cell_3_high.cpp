#include "cell_solver.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
FEWPOINTS_INSTANCES_3_HIGH(FEWPOINTS_INSTANTIATE)
}
