// The products of large matrices that BLAS does: what it is called for, and no more. native/slim_openblas.sh takes from
// OpenBLAS what these need. docs/decisions/blas.md says where it pays. A call works on the caller's thread alone. Its
// bits depend on the sizes and on the instruction set.
#pragma once
#include <cstddef>
#include <string>

#include "base/array.hpp"

namespace fewpoints {

// Working memory of the calls of one thread: BLAS packs parts of both factors. The memory is touched as far as it is
// needed.
class BlasScratch {
 public:
  BlasScratch() = default;
  // For products whose inner length and whose number of rows are at most these. Throws std::bad_alloc.
  BlasScratch(std::size_t inner, std::size_t rows);
  double* data() { return memory_.data(); }

 private:
  Array<double> memory_;
};

// T -= factors x panel, where T is rows x columns, factors rows x rank, panel rank x columns, all row-major.
void blas_rank_update(double* T, std::size_t stride, std::size_t rows, std::size_t columns, const double* factors,
                      std::size_t factor_stride, std::size_t rank, const double* panel, std::size_t panel_stride,
                      BlasScratch& scratch);

// The lower triangle of H += X'X, where X is rows x columns, both column-major and without gaps.
void blas_add_square(double* H, const double* X, std::size_t rows, std::size_t columns, BlasScratch& scratch);

// What the library says of itself: its name, version, and how it was built.
std::string blas_config();
// OpenBLAS's name of the kind of processor whose kernels are used. It follows the instruction set in use, except where
// OpenBLAS is a library of the machine. "" with another BLAS.
std::string blas_core();
// 1. A BLAS other than OpenBLAS does not say: 0.
int blas_threads();
// Holds a library of the machine to one thread. Call once, before anything else.
void use_one_blas_thread();

}  // namespace fewpoints
