#include "elimination.hpp"

#include <cmath>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

extern "C" {
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void dtrsv_(const char* uplo, const char* trans, const char* diag, const int* n, const double* a, const int* lda,
            double* x, const int* incx);
}

namespace fewpoints {
namespace {

// OpenBLAS takes 128 MiB with its first large call, and tries for ever when it cannot have them. Asked for first, they
// are refused in time.
void reserve_blas_buffer() {
  static std::once_flag once;
  std::call_once(once, [] {
    void* probe = std::malloc((std::size_t{128} << 20) + 4096);
    if (probe == nullptr) throw std::bad_alloc();
    std::free(probe);
  });
}

}  // namespace

double eliminate_wide(int rows, int columns, std::size_t stride, double* T, double* v, int* order) {
  reserve_blas_buffer();
  // Seen by columns, T is its own transpose: `columns` x `rows`, a point a row. P T' = L U with row pivoting takes for
  // every feature the point where it is largest.
  const int lda = static_cast<int>(stride), one = 1;
  std::vector<int> pivots(rows);
  int info = 0;
  dgetrf_(&columns, &rows, T, &lda, pivots.data(), &info);
  if (info != 0) return 0;
  for (int j = 0; j < columns; j++) order[j] = j;
  double smallest = HUGE_VAL;
  for (int j = 0; j < rows; j++) {
    std::swap(order[j], order[pivots[j] - 1]);
    smallest = std::fmin(smallest, std::fabs(T[j * stride + j]));
  }
  if (!std::isfinite(smallest)) return 0;
  // B = (L1 U)' : v = L1'^-1 U'^-1 v, and the other columns B^-1 (L2 U)' = (L2 L1^-1)'.
  dtrsv_("U", "T", "N", &rows, T, &lda, v, &one);
  dtrsv_("L", "T", "U", &rows, T, &lda, v, &one);
  const int others = columns - rows;
  const double unit = 1;
  if (others > 0) dtrsm_("R", "L", "N", "U", &others, &rows, &unit, T, &lda, T + rows, &lda);
  return smallest;
}

}  // namespace fewpoints
