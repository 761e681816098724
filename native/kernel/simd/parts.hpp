// The functions that the files of simd/ define for the table in table.cpp, once per instruction set.
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

void copy_columns(const CopyFrom& from, size_t count, int columns, double* const* to, uint64_t* largest);
uint64_t largest_bits(const double* x, size_t count);

void grid_keys(const GridAxes& axes, const double* const* columns, size_t begin, size_t end, uint8_t* keys);
void bounds(const double* x, size_t begin, size_t end, double* low, double* high);
double sum_range(const double* x, size_t begin, size_t end);

int cell_instance(int dimension, int order);
size_t cell_workspace(const CellShape& shape, size_t largest_cell);
CellResult cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen, double* weights);

bool cell_moments(const CellShape& shape, const CellPoints& points, double* workspace, double* low, double* high,
                  double* b);
size_t moment_workspace(const CellShape& shape);

void free_first(const FreeShape& shape, double* first, double* workspace);
void free_points(const FreeShape& shape, const FreeBatch& cells, double* workspace);
size_t free_workspace(const FreeShape& shape);

void double_double_sums(const BasisShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                        double* high, double* low, double* magnitude, double* workspace);
size_t double_double_workspace(const BasisShape& shape);
void double_double_coordinates(const BasisShape& shape, const double* const* x, size_t begin, size_t end, double* local,
                               size_t stride, double* workspace);

void matrix_sums(const double* values, size_t rows, size_t width, const double* weights, const Segment* segments,
                 size_t count, double* high, double* low, double* magnitude);
void group_sums(const GroupShape& shape, const double* const* x, const double* w, const Segment* segments,
                const uint32_t* first, int columns, double* out, size_t stride, double* workspace);
size_t group_workspace(const GroupShape& shape);

void rank_update(double* T, size_t stride, size_t rows, size_t columns, const double* factors, size_t factor_stride,
                 int rank, const double* panel, size_t panel_stride, double* packed);
void combine_rows(double* out, const double* row, const double* factors, int rank, const double* panel,
                  size_t panel_stride, size_t columns);
void scale_row(double* row, double factor, size_t columns);
int largest_entry(const double* row, const double* open, size_t columns, double* best);
int most_negative_entry(const double* row, const double* open, size_t columns, double* best);
void largest_of_columns(const double* T, size_t stride, size_t rows, size_t columns, double* largest);
double scale_columns(double* row, const double* factor, size_t columns);
void weighted_sum(const double* row, const double* weight, size_t columns, double* high, double* low);

void product_largest(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                     double* result, double* workspace);
void reproducible_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                       const ProductPieces& pieces, double* magnitudes, double* workspace);
size_t product_workspace(const ProductShape& shape);
Spread spread(const double* x, const double* w, double origin, size_t begin, size_t end);

size_t nnls_reduced_costs(size_t rows, size_t columns, size_t stride, const double* matrix, const double* r,
                          const double* scale, double* cost);
void nnls_column_sizes(size_t rows, size_t columns, size_t stride, const double* matrix, double* square,
                       double* largest);
void nnls_combine(size_t length, size_t stride, size_t count, const double* columns, const double* factor, double* to);
void nnls_dots(size_t length, size_t stride, size_t count, const double* columns, const double* v, double* dot);
void nnls_reflect(size_t length, size_t stride, size_t count, double* columns, const double* factor, const double* v);
void nnls_residual(size_t length, size_t stride, size_t count, const double* columns, const double* x, const double* b,
                   double* r);

}  // namespace fewpoints::FEWPOINTS_SIMD
