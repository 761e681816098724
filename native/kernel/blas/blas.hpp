// What BLAS and LAPACK are called for, and no more: native/slim_openblas.sh takes from OpenBLAS what these functions
// need. docs/decisions/blas.md says where they pay, and where they do not. Matrices are column-major and must be
// finite: LAPACK may never return otherwise. A call works on the caller's thread alone. Its bits depend on the sizes
// and on the instruction set.
#pragma once
#include <cstddef>
#include <string>

#include "base/array.hpp"

namespace fewpoints {

// Working memory of the calls of one thread. It is touched only as far as a call needs it.
class BlasScratch {
 public:
  // The doubles that BLAS packs of the left factor of a product are at most this many.
  static constexpr std::size_t kLeftPart = std::size_t{1} << 18;

  BlasScratch() = default;
  // For matrices of at most this size. Throws std::bad_alloc.
  BlasScratch(std::size_t rows, std::size_t columns);
  double* data() { return memory_.data(); }
  std::size_t size() const { return memory_.size(); }
  // Room for what is not packed: the block factors of LAPACK.
  double* factors() { return factors_.data(); }

 private:
  Array<double> memory_, factors_;
};

// The lower triangle of H += X'X, where X is rows x columns. Neither has gaps.
void add_square(double* H, const double* X, std::size_t rows, std::size_t columns, BlasScratch& scratch);

// Takes more rows into a triangle: R'R becomes R'R + X'X, where R is columns x columns without gaps, and X is
// rows x columns. Overwrites X. The lower triangle of R is neither read nor written.
void add_rows_to_triangle(double* R, double* X, std::size_t stride, std::size_t rows, std::size_t columns,
                          BlasScratch& scratch);

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
