// What the files of simd/ define for the table in table.cpp, once for every instruction set.
#pragma once
#include "kernels.hpp"
#include "vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

size_t count_below(const double* key, size_t begin, size_t end, double threshold);
void split(const SplitArrays& arrays, int key, double threshold, size_t begin, size_t end, SplitSide& left,
           SplitSide& right);
void bounds(const double* x, size_t begin, size_t end, double* low, double* high);
double sum_range(const double* x, size_t begin, size_t end);

int cell_instance(int dimension, int order);
size_t cell_workspace(const CellShape& shape, size_t largest_cell);
CellResult cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen, double* weights);

void exact_moments(const ExactShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                   double* high, double* low, double* magnitude, double* workspace);
size_t exact_workspace(const ExactShape& shape);
void exact_local(const ExactShape& shape, const double* const* x, size_t begin, size_t end, double* local,
                 size_t stride, double* workspace);

TableauResult vertex(int rows, int columns, size_t stride, double* values, const double* start, double tolerance,
                     double* multipliers, double* workspace, SimdKernels::EliminateWide eliminate_wide, Stop stop);
size_t vertex_workspace(int rows, int columns);

size_t nnls_price(size_t rows, size_t columns, size_t stride, const double* matrix, const double* r,
                  const double* scale, double* price);
void nnls_column_sizes(size_t rows, size_t columns, size_t stride, const double* matrix, double* square,
                       double* largest);
void nnls_combine(size_t length, size_t stride, size_t count, const double* columns, const double* factor, double* to);
void nnls_dots(size_t length, size_t stride, size_t count, const double* columns, const double* v, double* dot);
void nnls_reflect(size_t length, size_t stride, size_t count, double* columns, const double* factor, const double* v);
void nnls_residual(size_t length, size_t stride, size_t count, const double* columns, const double* x, const double* b,
                   double* r);

}  // namespace fewpoints::FEWPOINTS_SIMD
