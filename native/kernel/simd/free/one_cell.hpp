// Free points of cells with many moments, one cell after the other: see free_points.cpp. Lanes are nodes of the cell.
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

size_t one_cell_workspace(const FreeShape& shape);  // in doubles
void one_cell_first(const FreeShape& shape, double* first, double* workspace);
void one_cell_points(const FreeShape& shape, const FreeBatch& cells, double* workspace);

}  // namespace fewpoints::FEWPOINTS_SIMD
