#include "compression/hull.hpp"

#include "base/list.hpp"
#include "nnls/nnls.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

constexpr double kNear = 1e-9;

}  // namespace

bool is_in_hull(const PointColumns& points, const double* x, std::size_t count, Monitor& monitor) {
  const std::size_t m = usize(points.dimension), n = points.count;
  // Coordinates in the box of the cell, [-1, 1]^m, and a row of ones.
  List<double> matrix((m + 1) * n, 1.0), centre(m), half(m);
  // Not times the inverse, which overflows where the box is as narrow as the least doubles.
  const auto in_box = [&](double value, std::size_t a) { return half[a] > 0 ? (value - centre[a]) / half[a] : 0; };
  for (std::size_t a = 0; a < m; a++) {
    double low, high;
    simd().bounds(points.x[a], 0, n, &low, &high);
    centre[a] = 0.5 * low + 0.5 * high;
    half[a] = 0.5 * high - 0.5 * low;
    for (std::size_t i = 0; i < n; i++) matrix[a * n + i] = in_box(points.x[a][i], a);
  }
  List<double> target(m + 1, 1.0);
  for (std::size_t j = 0; j < count; j++) {
    for (std::size_t a = 0; a < m; a++) target[a] = in_box(x[j * m + a], a);
    LeastSquares problem(n);
    problem.set_matrix({{matrix.data(), false, 1}, static_cast<std::ptrdiff_t>(n), m + 1, static_cast<int>(n)},
                       {target.data(), false, 1});
    if (!(nnls(std::move(problem), 1, monitor).residual_norm <= kNear)) return false;
  }
  return true;
}

}  // namespace fewpoints
