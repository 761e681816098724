#include "nnls/nnls.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "blas/blas.hpp"
#include "nnls/equality.hpp"
#include "parallel/region.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// Columns and right-hand sides whose largest magnitude is outside of this range are scaled by a power of two. Squares
// of numbers within it, and sums of such squares, neither overflow nor vanish.
constexpr double kLargest = 0x1p200, kSmallest = 0x1p-200;
// A matrix with more than kTall times as many rows as columns, and more numbers than the caches hold, is first reduced
// to its triangular factor, which has as many rows as columns and the same solution. That takes one blocked pass over
// the matrix instead of one per step.
constexpr std::size_t kTall = 4, kLargeMatrix = std::size_t{1} << 20;
// Rows that are taken into the triangle together, at least.
constexpr std::size_t kBlockRows = 512;

double largest_of(const List<double>& values) {
  double max = 0;
  for (const double v : values) max = std::max(max, std::fabs(v));
  return max;
}

bool is_extreme(double largest) { return largest != 0 && (largest > kLargest || largest < kSmallest); }

void copy_matrix(const PointsView& view, const NumbersView& rhs, const char* name, const char* rhs_name, RowMajor& to,
                 List<double>& rhs_to) {
  to = RowMajor(view.count, static_cast<std::size_t>(view.dimension));
  double wrong = 0;  // x - x is 0 unless x is NaN or infinite
  for (std::size_t i = 0; i < view.count; i++) {
    const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(i) * view.row_stride;
    double* row = to.row(i);
    if (!view.numbers.is_float32 && view.numbers.stride == 1)
      std::copy_n(static_cast<const double*>(view.numbers.data) + start, to.columns, row);
    else
      for (std::size_t j = 0; j < to.columns; j++)
        row[j] = view.numbers[start + static_cast<std::ptrdiff_t>(j) * view.numbers.stride];
    double sums[8] = {};
    for (std::size_t j = 0; j < to.stride; j += 8)
      for (std::size_t l = 0; l < 8; l++) sums[l] += row[j + l] - row[j + l];
    for (const double s : sums) wrong += s;
  }
  if (!(wrong == 0))
    for (std::size_t i = 0; i < view.count; i++)
      for (std::size_t j = 0; j < to.columns; j++) check_finite(to.row(i) + j, 1, name, static_cast<int>(j), i);
  rhs_to.resize(view.count);
  for (std::size_t i = 0; i < view.count; i++) rhs_to[i] = rhs[static_cast<std::ptrdiff_t>(i)];
  check_finite(rhs_to.data(), view.count, rhs_name, 0);
}

// R and c of Q'[A b] = [R c]. Blocks of rows are taken into the triangle one by one. So no copy of the matrix is made,
// and a block stays in the caches.
void triangularise(const RowMajor& A, const List<double>& b, RowMajor& R, List<double>& c, Monitor& monitor) {
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using RowsOfA = Eigen::Map<const Rows, Eigen::Unaligned, Eigen::OuterStride<>>;
  const std::size_t most = std::min(A.rows, std::max(kBlockRows, A.columns));
  const auto n = narrow<Eigen::Index>(A.columns);
  Eigen::MatrixXd triangle = Eigen::MatrixXd::Zero(n + 1, n + 1), block(narrow<Eigen::Index>(most), n + 1);
  BlasScratch scratch(most, A.columns + 1);
  for (std::size_t i = 0; i < A.rows; i += most) {
    monitor.check();
    const std::size_t rows = std::min(A.rows - i, most);
    const auto count = static_cast<Eigen::Index>(rows);
    block.topLeftCorner(count, n) = RowsOfA(A.row(i), count, n, Eigen::OuterStride<>(narrow<Eigen::Index>(A.stride)));
    block.col(n).head(count) = Eigen::Map<const Eigen::VectorXd>(b.data() + i, count);
    add_rows_to_triangle(triangle.data(), block.data(), most, rows, A.columns + 1, scratch);
  }
  R = RowMajor(A.columns, A.columns);
  c.resize(A.columns);
  for (Eigen::Index i = 0; i < n; i++) {
    for (Eigen::Index j = i; j < n; j++) R.row(usize(i))[j] = triangle(i, j);
    c[i] = triangle(i, n);
  }
}

double norm_of_residual(const RowMajor& A, const List<double>& b, const List<double>& x) {
  List<std::size_t> support;
  for (std::size_t j = 0; j < x.size(); j++)
    if (x[j] > 0) support.push_back(j);
  double max = 0;
  List<double> r(A.rows);
  for (std::size_t i = 0; i < A.rows; i++) {
    double high = -b[i], low = 0;
    for (const std::size_t j : support) accumulate_product(high, low, A.row(i)[j], x[j]);
    r[i] = high + low;
    max = std::max(max, std::fabs(r[i]));
  }
  if (max == 0) return 0;
  const int exponent = std::ilogb(max);
  double square = 0;
  for (const double v : r) square += std::ldexp(v, -exponent) * std::ldexp(v, -exponent);
  return std::ldexp(std::sqrt(square), exponent);
}

// Powers of two that bring every column (of both matrices together) and the right-hand sides into range. Where nothing
// is out of range, all exponents are 0 and no number is changed.
struct Scaling {
  explicit Scaling(LeastSquares& p) {
    const std::size_t columns = (p.columns + 7) / 8 * 8;
    Array<double> largest(columns), other(columns), square(columns);
    simd().nnls_column_sizes(p.matrix.rows, columns, p.matrix.stride, p.matrix.values.data(), square.data(),
                             largest.data());
    bool extreme = false;
    if (p.equality.rows > 0) {
      simd().nnls_column_sizes(p.equality.rows, columns, p.equality.stride, p.equality.values.data(), square.data(),
                               other.data());
      for (std::size_t j = 0; j < columns; j++) largest[j] = std::max(largest[j], other[j]);
    }
    for (std::size_t j = 0; j < p.columns; j++) extreme = extreme || is_extreme(largest[j]);
    if (extreme) {
      exponents.resize(p.columns, 0);
      for (std::size_t j = 0; j < p.columns; j++) exponents[j] = largest[j] > 0 ? std::ilogb(largest[j]) : 0;
      for (RowMajor* matrix : {&p.matrix, &p.equality})
        for (std::size_t i = 0; i < matrix->rows; i++)
          for (std::size_t j = 0; j < p.columns; j++) matrix->row(i)[j] = std::ldexp(matrix->row(i)[j], -exponents[j]);
    }
    const double max = std::max(largest_of(p.rhs), largest_of(p.equality_rhs));
    if (is_extreme(max)) {
      rhs = p.rhs_exponent = std::ilogb(max);
      for (double& v : p.rhs) v = std::ldexp(v, -rhs);
      for (double& v : p.equality_rhs) v = std::ldexp(v, -rhs);
    }
  }
  void undo(LeastSquaresResult& result) const {
    for (std::size_t j = 0; j < result.x.size() && !exponents.empty(); j++)
      result.x[j] = std::ldexp(result.x[j], -exponents[j]);
    if (rhs == 0) return;
    for (double& v : result.x) v = std::ldexp(v, rhs);
    result.residual_norm = std::ldexp(result.residual_norm, rhs);
  }
  List<int> exponents;
  int rhs = 0;
};

}  // namespace

void LeastSquares::set_matrix(const PointsView& view, const NumbersView& b) {
  copy_matrix(view, b, "matrix", "rhs", matrix, rhs);
}
void LeastSquares::set_equality(const PointsView& view, const NumbersView& f) {
  copy_matrix(view, f, "equality.matrix", "equality.rhs", equality, equality_rhs);
}

LeastSquaresResult nnls(LeastSquares&& p, int wanted, Monitor& monitor) {
  const int threads = wanted > 1 ? usable_threads(wanted) : 1;
  const Scaling scaling(p);
  LeastSquaresResult result;
  result.x.assign(p.columns, 0.0);
  if (p.equality.rows > 0) {
    const EqualityResult solved = nnls_with_equality(p, threads, monitor);
    result.x = solved.x;
    result.iterations = solved.iterations;
    result.residual_norm = norm_of_residual(p.matrix, p.rhs, result.x);
  } else if (p.matrix.rows > 0) {
    const bool tall = p.matrix.rows > kTall * p.columns && p.matrix.rows * p.columns > kLargeMatrix;
    RowMajor R;
    List<double> c;
    if (tall) triangularise(p.matrix, p.rhs, R, c, monitor);
    ActiveSet set(tall ? R : p.matrix, threads, monitor);
    set.solve(tall ? c.data() : p.rhs.data());
    for (std::size_t k = 0; k < set.passive().size(); k++) result.x[set.passive()[k]] = set.value(k);
    result.iterations = static_cast<double>(set.steps());
    result.residual_norm = tall ? norm_of_residual(p.matrix, p.rhs, result.x) : set.rounded_residual_norm();
  }
  scaling.undo(result);
  for (const double v : result.x)
    if (std::isinf(v))
      throw Error(Code::Infeasible,
                  "nnls: a number of the solution is beyond the largest double; divide the right-hand sides, or "
                  "multiply the columns");
  return result;
}

}  // namespace fewpoints
