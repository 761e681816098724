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
    cell_instance,
    cell_workspace,
    cell,
    exact_moments,
    exact_workspace,
    exact_local,
    vertex,
    vertex_workspace,
    nnls_price,
    nnls_column_sizes,
    nnls_combine,
    nnls_dots,
    nnls_reflect,
    nnls_residual,
};

}  // namespace fewpoints::FEWPOINTS_SIMD
