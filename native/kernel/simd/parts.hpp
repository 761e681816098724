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

void product_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                  double* sums, double* workspace);
void product_largest(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                     double* result, double* workspace);
void product_sums_exact(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                        const ProductPieces& pieces, double* magnitudes, double* workspace);
size_t product_workspace(const ProductShape& shape);
double multiply_adds(size_t rounds);
Spread spread(const double* x, const double* w, double origin, size_t begin, size_t end);

TableauResult vertex(int rows, int columns, size_t stride, double* values, const double* start, double tolerance,
                     double* multipliers, double* workspace, SimdKernels::EliminateWide eliminate_wide, Stop stop);
size_t vertex_workspace(int rows, int columns);

}  // namespace fewpoints::FEWPOINTS_SIMD
