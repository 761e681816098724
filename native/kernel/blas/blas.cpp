#include "blas/blas.hpp"

#include "base/narrow.hpp"
#include "blas/openblas.hpp"

extern "C" {
void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb, const double* beta,
            double* c, const int* ldc);
void dsyrk_(const char* triangle, const char* transpose, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* beta, double* c, const int* ldc);
}

namespace fewpoints {
namespace {

constexpr double kOne = 1, kMinusOne = -1;
// Doubles for a packed part of the left factor. Of all kinds of processors, none has parts of more than a quarter of
// it.
constexpr std::size_t kLeftPart = std::size_t{1} << 20;

}  // namespace

BlasScratch::BlasScratch(std::size_t inner, std::size_t rows)
    : memory_(kUsesScratch ? kLeftPart + product(inner, rows) : 0) {}

void blas_rank_update(double* T, std::size_t stride, std::size_t rows, std::size_t columns, const double* factors,
                      std::size_t factor_stride, std::size_t rank, const double* panel, std::size_t panel_stride,
                      BlasScratch& scratch) {
  if (rows == 0 || columns == 0 || rank == 0) return;
  // BLAS is column-major: there T' -= panel' x factors'.
  const int m = narrow<int>(columns), n = narrow<int>(rows), k = narrow<int>(rank), lda = narrow<int>(panel_stride),
            ldb = narrow<int>(factor_stride), ldc = narrow<int>(stride);
  const BlasCall call(scratch.data());
  dgemm_("N", "N", &m, &n, &k, &kMinusOne, panel, &lda, factors, &ldb, &kOne, T, &ldc);
}

void blas_add_square(double* H, const double* X, std::size_t rows, std::size_t columns, BlasScratch& scratch) {
  if (rows == 0 || columns == 0) return;
  const int n = narrow<int>(columns), k = narrow<int>(rows);
  const BlasCall call(scratch.data());
  dsyrk_("L", "T", &n, &k, &kOne, X, &k, &kOne, H, &n);
}

}  // namespace fewpoints
