#include "simd/network/network_parts.hpp"
#include "simd/parts.hpp"

#define FEWPOINTS_TEXT_(x) #x
#define FEWPOINTS_TEXT(x) FEWPOINTS_TEXT_(x)

namespace fewpoints::FEWPOINTS_SIMD {

// A missing member is an error, also outside of CI.
#pragma GCC diagnostic error "-Wmissing-field-initializers"
extern const SimdKernels table;
const SimdKernels table = {
    .name = FEWPOINTS_TEXT(FEWPOINTS_ISA),
    .copy_columns = copy_columns,
    .largest_bits = largest_bits,
    .grid_keys = grid_keys,
    .bounds = bounds,
    .sum = sum_range,
    .spread = spread,
    .cell_instance = cell_instance,
    .cell_workspace = cell_workspace,
    .cell = cell,
    .cell_moments = cell_moments,
    .moment_workspace = moment_workspace,
    .free_first = free_first,
    .free_points = free_points,
    .free_workspace = free_workspace,
    .double_double_sums = double_double_sums,
    .double_double_workspace = double_double_workspace,
    .double_double_coordinates = double_double_coordinates,
    .matrix_sums = matrix_sums,
    .group_sums = group_sums,
    .group_workspace = group_workspace,
    .rank_update = rank_update,
    .combine_rows = combine_rows,
    .scale_row = scale_row,
    .largest_entry = largest_entry,
    .most_negative_entry = most_negative_entry,
    .largest_of_columns = largest_of_columns,
    .scale_columns = scale_columns,
    .weighted_sum = weighted_sum,
    .product_largest = product_largest,
    .reproducible_sums = reproducible_sums,
    .product_workspace = product_workspace,
    .nnls_reduced_costs = nnls_reduced_costs,
    .nnls_column_sizes = nnls_column_sizes,
    .nnls_combine = nnls_combine,
    .nnls_dots = nnls_dots,
    .nnls_reflect = nnls_reflect,
    .nnls_residual = nnls_residual,
    .network32 = &network32,
    .network64 = &network64,
};

}  // namespace fewpoints::FEWPOINTS_SIMD
