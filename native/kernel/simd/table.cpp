#include "parts.hpp"

#define FEWPOINTS_TEXT_(x) #x
#define FEWPOINTS_TEXT(x) FEWPOINTS_TEXT_(x)

namespace fewpoints::FEWPOINTS_SIMD {

extern const SimdKernels table;
const SimdKernels table = {
    FEWPOINTS_TEXT(FEWPOINTS_ISA),
    count_below,
    split,
    bounds,
    sum_range,
    spread,
    cell_instance,
    cell_workspace,
    cell,
    exact_moments,
    exact_workspace,
    exact_local,
    product_sums,
    product_largest,
    product_sums_exact,
    product_workspace,
    multiply_adds,
    vertex,
    vertex_workspace,
};

}  // namespace fewpoints::FEWPOINTS_SIMD
