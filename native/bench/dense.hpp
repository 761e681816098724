// The dense steps of the kernel, each done in several ways, for bench/cases/dense.mjs.
#pragma once
#include <cstddef>
#include <string>

namespace fewpoints::bench {

// Ways of doing a step with Eigen: compiled like the rest of the kernel (for any x86-64), for the machine that compiles
// it, and with EIGEN_USE_BLAS over the whole OpenBLAS of the machine. Each does its work on the given matrix, which is
// column-major, and overwrites it.
struct EigenWays {
  // The lower triangle of H += X'X, X rows x columns.
  void (*square)(double* H, const double* X, std::size_t rows, std::size_t columns);
  // Least squares for a square system, without and with column pivoting, and by complete orthogonal decomposition.
  void (*householder)(double* A, double* b, std::size_t rows, std::size_t columns);
  void (*pivoted)(double* A, double* b, std::size_t rows, std::size_t columns);
  void (*complete)(double* A, double* b, std::size_t rows, std::size_t columns);
  // Q in place, for blocks of tall matrices.
  void (*factor)(double* A, std::size_t stride, std::size_t rows, std::size_t columns);
};
extern const EigenWays eigen_plain, eigen_native, eigen_blas;

// The whole OpenBLAS of this machine with its LAPACK, held to one thread. Loaded when it is first asked for.
bool has_whole_openblas();

// Milliseconds of processor time of one step, done in one way; -1 where this machine does not have the way. Throws
// std::invalid_argument for words that it does not know.
double dense_step(const std::string& step, const std::string& way, std::size_t rows, std::size_t columns,
                  std::size_t rank);

}  // namespace fewpoints::bench
