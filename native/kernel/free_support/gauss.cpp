#include "free_support/gauss.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

#include "base/array.hpp"
#include "base/tolerances.hpp"

namespace fewpoints {
namespace {

// A polynomial that is this small on all points vanishes on them, but for rounding.
constexpr double kVanishing = 64 * kEpsilon;

}  // namespace

// The discrete Stieltjes procedure (Gautschi, Orthogonal Polynomials, 2004, section 2.2.3.1) gives the recurrence of
// the polynomials that are orthonormal on the points; its Jacobi matrix has the points of the rule for eigenvalues
// (Golub and Welsch 1969).
bool gauss_rule(const PointColumns& points, double low, double high, int n, double* t, double* w) {
  const std::size_t count = points.count;
  const double centre = 0.5 * low + 0.5 * high, half = 0.5 * high - 0.5 * low;
  if (!(half > 0)) return false;
  Array<double> memory(4 * count);
  double *const x = memory.data(), *const share = x + count, *before = share + count, *now = before + count;
  double mass = 0;
  for (std::size_t i = 0; i < count; i++) mass += points.w ? points.w[i] : 1;
  for (std::size_t i = 0; i < count; i++) {
    x[i] = (points.x[0][i] - centre) / half;
    share[i] = (points.w ? points.w[i] : 1) / mass;
    before[i] = 0;
    now[i] = 1;
  }
  Eigen::VectorXd diagonal(n), beside(n > 1 ? n - 1 : 0);
  double last = 0;
  for (int j = 0;; j++) {
    double a = 0;
    for (std::size_t i = 0; i < count; i++) a += share[i] * x[i] * now[i] * now[i];
    diagonal[j] = a;
    if (j + 1 == n) break;
    double square = 0;
    for (std::size_t i = 0; i < count; i++) {
      before[i] = (x[i] - a) * now[i] - last * before[i];
      square += share[i] * before[i] * before[i];
    }
    last = std::sqrt(square);
    if (!(last > kVanishing)) return false;
    beside[j] = last;
    for (std::size_t i = 0; i < count; i++) before[i] /= last;
    std::swap(before, now);
  }
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> jacobi;
  jacobi.computeFromTridiagonal(diagonal, beside);
  if (jacobi.info() != Eigen::Success) return false;
  for (int j = 0; j < n; j++) {
    const double first = jacobi.eigenvectors()(0, j);
    t[j] = jacobi.eigenvalues()[j];
    w[j] = first * first;
    if (!(std::fabs(t[j]) < 1 && w[j] > 0)) return false;
  }
  return true;
}

}  // namespace fewpoints
