#include "blas/blas.hpp"

#include <algorithm>

#include "base/narrow.hpp"
#include "blas/openblas.hpp"

extern "C" {
void dsyrk_(const char* triangle, const char* transpose, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* beta, double* c, const int* ldc);
void dtpqrt_(const int* m, const int* n, const int* l, const int* block, double* a, const int* lda, double* b,
             const int* ldb, double* t, const int* ldt, double* work, int* info);
}

namespace fewpoints {
namespace {

constexpr double kOne = 1;
// The most columns that LAPACK factors together, before it applies them to the others as one product; and how many of a
// narrower matrix, whose blocks stay in the caches (npm run bench -- dense).
constexpr int kMostTogether = 32;
int together(std::size_t columns) {
  const int most = columns < 256 ? 8 : columns < 1024 ? 16 : kMostTogether;
  return std::min(most, narrow<int>(columns));
}

}  // namespace

// The right factor of a product is packed whole in one direction. Of X'X that is X. In a factorisation it is no more
// than kMostTogether columns or rows.
BlasScratch::BlasScratch(std::size_t rows, std::size_t columns)
    : memory_(kUsesScratch ? kLeftPart + product(rows + kMostTogether, columns + kMostTogether) : 0),
      factors_(2 * product(kMostTogether, columns)) {}

void add_square(double* H, const double* X, std::size_t rows, std::size_t columns, BlasScratch& scratch) {
  if (rows == 0 || columns == 0) return;
  const int n = narrow<int>(columns), k = narrow<int>(rows);
  const BlasCall call(scratch.data());
  dsyrk_("L", "T", &n, &k, &kOne, X, &k, &kOne, H, &n);
}

void add_rows_to_triangle(double* R, double* X, std::size_t stride, std::size_t rows, std::size_t columns,
                          BlasScratch& scratch) {
  if (rows == 0 || columns == 0) return;
  const int m = narrow<int>(rows), n = narrow<int>(columns), rectangular = 0, ldb = narrow<int>(stride),
            block = together(columns);
  double *const t = scratch.factors(), *const work = t + usize(block) * columns;
  int wrong = 0;
  const BlasCall call(scratch.data());
  dtpqrt_(&m, &n, &rectangular, &block, R, &n, X, &ldb, t, &block, work, &wrong);
}

}  // namespace fewpoints
