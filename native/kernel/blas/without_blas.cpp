// The functions of blas.hpp where there is no BLAS. Nearly all of their work is the update of the tableau,
// simd().rank_update, which is as fast as a product of BLAS (docs/decisions/blas.md). It takes row-major matrices, and
// a column-major matrix is its own transpose.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/narrow.hpp"
#include "blas/blas.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

constexpr std::size_t kRank = 64;      // rows that one update takes
constexpr std::size_t kHeight = 24;    // rows of X'X that are summed together
constexpr std::size_t kTogether = 32;  // the most columns that are factored before they are applied to the others

// How many columns are factored together. Of few columns most would else be work of the panel, which is slower.
std::size_t together(std::size_t columns) { return columns < 256 ? 8 : columns < 1024 ? 16 : kTogether; }

std::size_t padded(std::size_t count) { return (count + 7) / 8 * 8; }

// The first `rows` rows of the transpose of `columns` columns, padded with zeros.
void transpose(const double* columns, std::size_t stride, std::size_t count, std::size_t rows, double* out,
               std::size_t out_stride) {
  constexpr std::size_t kTile = 8;
  for (std::size_t i = 0; i < rows; i += kTile) {
    const std::size_t end = std::min(rows, i + kTile);
    for (std::size_t j = 0; j < count; j++)
      for (std::size_t k = i; k < end; k++) out[k * out_stride + j] = columns[j * stride + k];
    for (std::size_t k = i; k < end; k++) std::fill(out + k * out_stride + count, out + (k + 1) * out_stride, 0.0);
  }
}

// The parts of the scratch memory.
class Parts {
 public:
  explicit Parts(double* memory) : next_(memory) {}
  double* take(std::size_t count) { return std::exchange(next_, next_ + padded(count)); }

 private:
  double* next_;
};

using Column = Eigen::Map<Eigen::VectorXd, Eigen::Aligned16>;

// Householder's reflection of (alpha, x), which leaves (beta, 0): x becomes v, with (1, v) the vector, and tau its
// factor. As in LAPACK's dlarfg.
struct Reflection {
  double beta, tau;
};
Reflection reflect(double alpha, Column& x) {
  constexpr double kSmall = std::numeric_limits<double>::min() / (std::numeric_limits<double>::epsilon() / 2);
  double norm = x.stableNorm();
  if (norm == 0) return {alpha, 0};
  int scaled = 0;
  for (; std::hypot(alpha, norm) < kSmall; scaled++) {
    x /= kSmall;
    alpha /= kSmall;
    norm = x.stableNorm();
  }
  double beta = -std::copysign(std::hypot(alpha, norm), alpha);
  const double tau = (beta - alpha) / beta;
  x /= alpha - beta;
  for (; scaled > 0; scaled--) beta *= kSmall;
  return {beta, tau};
}

// One factorisation of a triangle R above rows, which are held as columns of `height` numbers each.
class Triangle {
 public:
  Triangle(double* R, double* X, std::size_t height, std::size_t columns, Parts parts)
      : R_(R),
        X_(X),
        height_(height),
        columns_(columns),
        T_(parts.take(kTogether * kTogether)),
        W_(parts.take(columns * kTogether)),
        transposed_(parts.take(height * kTogether)),
        packed_(parts.take(kRank * kPackedColumns)) {}

  void factor() {
    const std::size_t width = together(columns_);
    for (std::size_t first = 0; first < columns_; first += width) {
      const std::size_t count = std::min(width, columns_ - first);
      factor_panel(first, count);
      if (first + count < columns_) apply_to_rest(first, count);
    }
  }

 private:
  Column x(std::size_t column) { return {X_ + column * height_, narrow<Eigen::Index>(height_)}; }
  double& R(std::size_t row, std::size_t column) { return R_[column * columns_ + row]; }

  // The product of the reflections is I - V T V', where V holds the vectors (1, v) and T is a triangle.
  void factor_panel(std::size_t first, std::size_t count) {
    for (std::size_t j = 0; j < count; j++) {
      const std::size_t c = first + j;
      Column v = x(c);
      const auto [beta, tau] = reflect(R(c, c), v);
      R(c, c) = beta;
      for (std::size_t other = c + 1; other < first + count; other++) {
        Column to = x(other);
        const double w = tau * (R(c, other) + v.dot(to));
        R(c, other) -= w;
        to -= w * v;
      }
      double along[kTogether];
      for (std::size_t i = 0; i < j; i++) along[i] = -tau * x(first + i).dot(v);
      for (std::size_t i = 0; i < j; i++) {
        double sum = 0;
        for (std::size_t l = i; l < j; l++) sum += T_[i * kTogether + l] * along[l];
        T_[i * kTogether + j] = sum;
      }
      T_[j * kTogether + j] = tau;
    }
  }

  // With W = V'A: A -= V T'W. W and A are held as their transposes.
  void apply_to_rest(std::size_t first, std::size_t count) {
    const std::size_t from = first + count, others = columns_ - from;
    double *const v = X_ + first * height_, *const rest = X_ + from * height_;
    transpose(v, height_, count, height_, transposed_, kTogether);
    std::fill_n(W_, others * kTogether, 0.0);
    for (std::size_t i = 0; i < height_; i += kRank)
      simd().rank_update(W_, kTogether, others, padded(count), rest + i, height_,
                         narrow<int>(std::min(kRank, height_ - i)), transposed_ + i * kTogether, kTogether, packed_);
    for (std::size_t t = 0; t < others; t++) {
      double* const w = W_ + t * kTogether;
      for (std::size_t j = 0; j < count; j++) w[j] = R(first + j, from + t) - w[j];
      for (std::size_t j = count; j-- > 0;) {
        double sum = 0;
        for (std::size_t i = 0; i <= j; i++) sum += T_[i * kTogether + j] * w[i];
        w[j] = sum;
        R(first + j, from + t) -= sum;
      }
    }
    simd().rank_update(rest, height_, others, height_, W_, kTogether, narrow<int>(count), v, height_, packed_);
  }

  double *R_, *X_;
  std::size_t height_, columns_;
  double *T_, *W_, *transposed_, *packed_;
};

}  // namespace

BlasScratch::BlasScratch(std::size_t rows, std::size_t columns)
    : memory_(kLeftPart + product(padded(rows) + kTogether, columns + kTogether)) {
  static_assert(kLeftPart >= kRank * kPackedColumns + kTogether * kTogether);
}

void add_square(double* H, const double* X, std::size_t rows, std::size_t columns, BlasScratch& scratch) {
  const std::size_t stride = padded(columns);
  Parts parts(scratch.data());
  double *const transposed = parts.take(rows * stride), *const sums = parts.take(kHeight * stride),
                *const packed = parts.take(kRank * kPackedColumns);
  transpose(X, rows, columns, rows, transposed, stride);
  for (std::size_t r = 0; r < columns; r += kHeight) {
    // Of these rows of the square, the part right of the diagonal. Rows of a part begin on vector boundaries.
    const std::size_t height = std::min(kHeight, columns - r), from = r / 8 * 8;
    std::fill_n(sums, kHeight * stride, 0.0);
    for (std::size_t i = 0; i < rows; i += kRank)
      simd().rank_update(sums + from, stride, height, stride - from, X + r * rows + i, rows,
                         narrow<int>(std::min(kRank, rows - i)), transposed + i * stride + from, stride, packed);
    for (std::size_t b = r; b < r + height; b++)
      for (std::size_t a = b; a < columns; a++) H[b * columns + a] -= sums[(b - r) * stride + a];
  }
}

void add_rows_to_triangle(double* R, double* X, std::size_t stride, std::size_t rows, std::size_t columns,
                          BlasScratch& scratch) {
  const std::size_t height = padded(rows);
  Parts parts(scratch.data());
  double* const copy = parts.take(columns * height);
  for (std::size_t j = 0; j < columns; j++) {
    std::copy_n(X + j * stride, rows, copy + j * height);
    std::fill(copy + j * height + rows, copy + (j + 1) * height, 0.0);
  }
  Triangle(R, copy, height, columns, parts).factor();
}

std::string blas_config() { return "none: own products"; }
std::string blas_core() { return ""; }
int blas_threads() { return 0; }
void use_one_blas_thread() {}

}  // namespace fewpoints
