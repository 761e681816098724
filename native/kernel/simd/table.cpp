#include "parts.hpp"

#define FEWPOINTS_TEXT_(x) #x
#define FEWPOINTS_TEXT(x) FEWPOINTS_TEXT_(x)

namespace fewpoints::FEWPOINTS_SIMD {

extern const SimdKernels table;
const SimdKernels table = {
    FEWPOINTS_TEXT(FEWPOINTS_ISA),
    copy_columns,
    largest_bits,
    grid_keys,
    bounds,
    sum_range,
    cell_instance,
    cell_workspace,
    cell,
    exact_moments,
    exact_workspace,
    exact_local,
    vertex,
    vertex_workspace,
};

}  // namespace fewpoints::FEWPOINTS_SIMD
