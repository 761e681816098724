// The pairs (m, k) whose code for one cell is made at compile time. Each group is a file of its own, cell_<group>.cpp:
// such code takes long to compile, and several compilers can then share the work.
#pragma once
#include "simd/cell/product_features.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// clang-format off
#define FEWPOINTS_INSTANCES_1(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8)
#define FEWPOINTS_INSTANCES_2(X) X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6)
#define FEWPOINTS_INSTANCES_2_HIGH(X) X(2, 7) X(2, 8) X(2, 9) X(2, 10)
#define FEWPOINTS_INSTANCES_3(X) X(3, 1) X(3, 2) X(3, 3) X(3, 4)
#define FEWPOINTS_INSTANCES_3_HIGH(X) X(3, 5) X(3, 6)
#define FEWPOINTS_INSTANCES_4(X) X(4, 1) X(4, 2) X(4, 3) X(4, 4)
#define FEWPOINTS_INSTANCES_4_HIGH(X) X(4, 5)
#define FEWPOINTS_INSTANCES_5(X) X(5, 1) X(5, 2) X(5, 3)
// clang-format on
#define FEWPOINTS_INSTANCES(X)  \
  FEWPOINTS_INSTANCES_1(X)      \
  FEWPOINTS_INSTANCES_2(X)      \
  FEWPOINTS_INSTANCES_2_HIGH(X) \
  FEWPOINTS_INSTANCES_3(X)      \
  FEWPOINTS_INSTANCES_3_HIGH(X) \
  FEWPOINTS_INSTANCES_4(X)      \
  FEWPOINTS_INSTANCES_4_HIGH(X) \
  FEWPOINTS_INSTANCES_5(X)

// Defined in solve_cell.hpp. Features<0, 0>: any (m, k).
template <class F>
CellResult solve_cell(const CellShape& shape, const CellPoints& points, double* memory, uint32_t* chosen,
                      double* weights);

// In a basis of Legendre products on the box.
template <class F>
bool moments_of_cell(const CellShape& shape, const CellPoints& points, double* memory, double* low, double* high,
                     double* b);

#define FEWPOINTS_INSTANTIATE_SOLVER(m, k) \
  template CellResult solve_cell<Features<m, k>>(const CellShape&, const CellPoints&, double*, uint32_t*, double*);
#define FEWPOINTS_INSTANTIATE_MOMENTS(m, k)                                                                     \
  template bool moments_of_cell<Features<m, k>>(const CellShape&, const CellPoints&, double*, double*, double*, \
                                                double*);
#define FEWPOINTS_INSTANTIATE(m, k)  \
  FEWPOINTS_INSTANTIATE_SOLVER(m, k) \
  FEWPOINTS_INSTANTIATE_MOMENTS(m, k)

}  // namespace fewpoints::FEWPOINTS_SIMD
