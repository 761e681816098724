#include "network_parts.hpp"
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
    spread,
    cell_instance,
    cell_workspace,
    cell,
    exact_moments,
    exact_workspace,
    exact_local,
    matrix_sums,
    group_sums,
    group_workspace,
    rank_update,
    combine_rows,
    scale_row,
    largest_entry,
    most_negative_entry,
    largest_of_columns,
    scale_columns,
    weighted_sum,
    product_sums,
    product_largest,
    product_sums_exact,
    product_workspace,
    nnls_price,
    nnls_column_sizes,
    nnls_combine,
    nnls_dots,
    nnls_reflect,
    nnls_residual,
    &network32,
    &network64,
    multiply_adds,
};

}  // namespace fewpoints::FEWPOINTS_SIMD
