#include "recombination/refine_weights.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "base/list.hpp"

namespace fewpoints {
namespace {

constexpr double kConverged = 1.2e-16;  // half an epsilon: rounded weights cannot do better
constexpr int kMaxSteps = 8;
// Beyond this width column pivoting costs more than the factorisation itself, and the support is well conditioned
// anyway.
constexpr int kPivotedWidth = 160;
// For refine_weights_min_norm. A row depends on the others when its pivot is below kDependent times the largest. One
// step changes a weight by at most a factor of kMaxFactor. After a change of more than kFar the factorisation is made
// again.
constexpr double kDependent = 1e-14, kMaxFactor = 8, kFar = 0.1;

double relative(const DoubleDoubleSums& target, const DoubleDoubleSums& sums, Eigen::VectorXd& residual) {
  double worst = 0;
  for (Eigen::Index e = 0; e < residual.size(); e++) {
    const double magnitude = target.magnitude[e];
    residual[e] = magnitude > 0 ? static_cast<double>(target[e] - sums[e]) / magnitude : 0;
    worst = std::max(worst, std::fabs(residual[e]));
  }
  return std::isfinite(worst) ? worst : HUGE_VAL;
}

Eigen::VectorXd least_squares(const Eigen::MatrixXd& A, const Eigen::VectorXd& b) {
  if (A.cols() <= kPivotedWidth) return A.colPivHouseholderQr().solve(b);
  return A.householderQr().solve(b);
}

}  // namespace

bool make_factorable(Eigen::MatrixXd& A) {
  constexpr double kMax = 0x1p400, kMin = 0x1p-400;
  if (A.size() == 0) return false;
  for (Eigen::Index i = 0; i < A.size(); i++) {
    double& entry = A.data()[i];
    if (!(std::fabs(entry) <= kMax)) return false;
    if (std::fabs(entry) < kMin) entry = 0;
  }
  return true;
}

double refine_weights(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                      const std::function<DoubleDoubleSums(const List<double>&)>& sums, List<double>& weights) {
  const Eigen::Index N = B.rows(), count = B.cols();
  Eigen::VectorXd residual(N);
  List<double> w = weights;
  double best = relative(target, sums(w), residual);
  for (int step = 0; step < kMaxSteps && best > kConverged; step++) {
    List<Eigen::Index> present;
    for (Eigen::Index i = 0; i < count; i++)
      if (w[i] > 0) present.push_back(i);
    if (present.empty()) break;
    Eigen::MatrixXd A(N, static_cast<Eigen::Index>(present.size()));
    for (Eigen::Index j = 0; j < A.cols(); j++)
      for (Eigen::Index e = 0; e < N; e++)
        A(e, j) = target.magnitude[e] > 0 ? B(e, present[j]) * w[present[j]] / target.magnitude[e] : 0;
    if (!make_factorable(A)) break;
    const Eigen::VectorXd h = least_squares(A, residual);
    bool dropped = false;
    for (Eigen::Index j = 0; j < A.cols(); j++) {
      const double changed = w[present[j]] + w[present[j]] * h[j];
      dropped = dropped || !(changed > 0);
      w[present[j]] = changed > 0 && std::isfinite(changed) ? changed : 0;
    }
    const double now = relative(target, sums(w), residual);
    if (now < best) {
      best = now;
      weights = w;
    } else if (!dropped) {
      break;  // the rest is the rounding of the weights
    }
  }
  return best;
}

double refine_weights_min_norm(const Eigen::MatrixXd& B, const DoubleDoubleSums& target,
                               const std::function<DoubleDoubleSums(const List<double>&)>& sums,
                               List<double>& weights) {
  const Eigen::Index N = B.rows(), count = B.cols();
  Eigen::VectorXd residual(N);
  List<double> w = weights, factored;
  double best = relative(target, sums(w), residual);
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver;
  for (int step = 0; step < kMaxSteps && best > kConverged; step++) {
    if (factored.empty()) {
      factored = w;
      Eigen::MatrixXd A(N, count);
      for (Eigen::Index i = 0; i < count; i++)
        for (Eigen::Index e = 0; e < N; e++)
          A(e, i) = target.magnitude[e] > 0 ? B(e, i) * (w[i] / target.magnitude[e]) : 0;
      if (!make_factorable(A)) break;
      solver.setThreshold(kDependent);
      solver.compute(A);
    }
    const Eigen::VectorXd h = solver.solve(residual);
    if (!h.allFinite()) break;
    bool far = false;
    for (Eigen::Index i = 0; i < count; i++) {
      const double wanted = w[i] + factored[i] * h[i];
      double changed = std::clamp(wanted, w[i] / kMaxFactor, w[i] * kMaxFactor);
      if (!(changed > 0)) changed = w[i];  // next to the smallest double
      far = far || std::fabs(changed - factored[i]) > kFar * factored[i];
      w[i] = changed;
    }
    const double now = relative(target, sums(w), residual);
    if (!(now < best)) break;
    best = now;
    weights = w;
    if (far) factored.clear();
  }
  return best;
}

}  // namespace fewpoints
