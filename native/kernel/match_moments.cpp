#include "match_moments.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "active_set.hpp"
#include "exact.hpp"
#include "info.hpp"
#include "local_features.hpp"
#include "moment_target.hpp"
#include "threads.hpp"
#include "tolerances.hpp"

// The projection. With w_i = c_i (1 + h_i), the distance is sum c_i h_i^2, and Lagrange's conditions say
//   w_i = c_i max(0, 1 + mu . phi_i)
// for a vector mu of N numbers: the given weights times a polynomial, cut off at 0. mu minimises the convex function
//   g(mu) = sum c_i max(0, 1 + mu . phi_i)^2 / 2 - mu . target,
// whose gradient is the moments' error and whose second derivative, the sum of c phi phi' over the points with w > 0,
// exists but for kinks: a semismooth Newton method (Qi and Sun 1993) ends after a few passes over the points, however
// many there are, and after one when no weight meets 0. Without a solution mu grows for ever; then nnls finds the least
// residual.
namespace fewpoints {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr int kMostPasses = 100;
// Errors below are in units of MomentTarget::size + sum w |phi|: what rounding the target can do.
constexpr double kConverged = 0x1p-60;
// How far from the target the projection may stay, for each unit of mu: what the target itself is known to.
constexpr double kSlack = kEpsilon;
constexpr double kNewtonDone = 32 * kEpsilon;
// Met: what refinement leaves in the worst feasible case, and below what a feasible target is told from an infeasible
// one by nnls.
constexpr double kMet = 0x1p-40;
constexpr int kMostRefinements = 12;
// Armijo's condition.
constexpr double kEnough = 1e-4;
// A fall of g below this share of it is rounding.
constexpr double kSeen = 1e-13;
constexpr double kSmallestStep = 0x1p-30;

class Matching {
 public:
  Matching(const PointSet& set, const std::vector<double>& target, int order, Basis basis, int threads,
           Monitor& monitor)
      : set_(set), features_(set, order, threads, monitor), threads_(threads), monitor_(monitor) {
    std::vector<int> exponents;
    for (int a = 0; a < set.dimension(); a++) exponents.push_back(set.exponent(a));
    target_ = localise(target, order, basis, exponents, features_.frame());
    n_ = set.size();
    N_ = features_.count();
    c_.resize(n_);
    for (std::size_t i = 0; i < n_; i++) c_[i] = set.weights() ? set.weights()[i] : 1;
    size_ = Vector(N_);
  }

  // False: no polynomial was found, there may be no solution. weights() are the best so far.
  bool project() {
    mu_ = Vector::Zero(N_);
    Pass now = pass(mu_, true);
    const Vector initial = now.magnitude;
    for (Eigen::Index e = 0; e < N_; e++) size_[e] = target_.size[static_cast<std::size_t>(e)] + initial[e];
    // The target itself is known up to this: weights that miss it by less are as good. It keeps mu bounded where the
    // target says nothing.
    const Vector slack = kSlack * size_;
    double value = now.value;
    Vector gradient = now.moments - target() + slack.cwiseProduct(mu_);
    for (int k = 0; k < kMostPasses; k++) {
      monitor_.report(Stage::Solve, static_cast<std::size_t>(k), kMostPasses);
      const double error = relative(gradient);
      if (error <= kNewtonDone) return true;
      Matrix H = now.hessian;
      H.diagonal() += slack + damping(error) * H.diagonal().cwiseMax(1e-30 * H.diagonal().maxCoeff());
      const Vector step = -solve(H, gradient);
      const double slope = gradient.dot(step);
      if (!std::isfinite(slope) || !(slope < 0)) return false;
      bool moved = false;
      for (double share = 1; share >= kSmallestStep; share /= 2) {
        const Vector next = mu_ + share * step;
        Pass there = pass(next, true);
        const double there_value = there.value + 0.5 * slack.dot(next.cwiseAbs2());
        const Vector there_gradient = there.moments - target() + slack.cwiseProduct(next);
        // Near the end the values agree to rounding, and the gradient decides.
        const bool falls = there_value <= value + kEnough * share * slope && value - there_value > kSeen * std::fabs(value);
        if (falls || relative(there_gradient) < 0.5 * error) {
          mu_ = next;
          now = std::move(there);
          value = there_value;
          gradient = there_gradient;
          moved = true;
          break;
        }
      }
      if (!moved) return error <= kMet;
      if (!(mu_.cwiseAbs().maxCoeff() < 1e15)) return false;
    }
    return relative(gradient) <= kMet;
  }

  // Brings the last digits of weights(): Newton's steps with errors summed in double-double.
  double refine() {
    std::vector<double> w = weights_;
    double best = HUGE_VAL;
    for (int k = 0; k < kMostRefinements; k++) {
      const ExactSums sums = features_.sums(w);
      Vector error(N_);
      double worst = 0;
      for (Eigen::Index e = 0; e < N_; e++) {
        const auto at = static_cast<std::size_t>(e);
        error[e] = static_cast<double>(target_.value[at] - sums[static_cast<int>(e)]);
        const double size = target_.size[at] + sums.magnitude[at];
        if (error[e] != 0) worst = std::max(worst, std::fabs(error[e]) / size);
      }
      const bool slow = worst > 0.5 * best;  // at the rounding of the weights, or never to end
      if (worst < best) {
        best = worst;
        weights_ = w;
      }
      if (slow || worst <= kConverged) break;
      Matrix H = hessian_of(w);
      H.diagonal() += 0x1p-60 * size_;
      const Vector correction = solve(H, error);
      features_.for_blocks([&](const LocalFeatures::Block& block, int) {
        Vector change = block.phi * correction;
        for (std::size_t i = 0; i < block.count; i++) {
          double& v = w[block.begin + i];
          if (v > 0) v = std::max(0.0, v + c_[block.begin + i] * change[static_cast<Eigen::Index>(i)]);
        }
      });
    }
    return best;
  }

  // nnls on the moments: the least residual, with few of the points.
  double least() {
    RowMajor matrix(static_cast<std::size_t>(N_), n_);
    std::vector<double> rhs(static_cast<std::size_t>(N_));
    const Vector unit = size_.cwiseMax(size_.maxCoeff() * 1e-300).cwiseInverse();
    features_.for_blocks([&](const LocalFeatures::Block& block, int) {
      for (Eigen::Index e = 0; e < N_; e++)
        for (std::size_t i = 0; i < block.count; i++)
          matrix.row(static_cast<std::size_t>(e))[block.begin + i] =
              block.phi(static_cast<Eigen::Index>(i), e) * unit[e];
    });
    for (Eigen::Index e = 0; e < N_; e++)
      rhs[static_cast<std::size_t>(e)] = static_cast<double>(target_.value[static_cast<std::size_t>(e)]) * unit[e];
    ActiveSet set(matrix, threads_, monitor_);
    set.solve(rhs.data());
    weights_.assign(n_, 0.0);
    for (std::size_t k = 0; k < set.passive().size(); k++) weights_[set.passive()[k]] = set.value(k);
    return set.residual_norm();
  }

  const std::vector<double>& weights() const { return weights_; }

 private:
  struct Pass {
    double value = 0;
    Vector moments, magnitude;
    Matrix hessian;
  };

  Vector target() const {
    Vector t(N_);
    for (Eigen::Index e = 0; e < N_; e++) t[e] = static_cast<double>(target_.value[static_cast<std::size_t>(e)]);
    return t;
  }

  double relative(const Vector& error) const {
    double worst = 0;
    for (Eigen::Index e = 0; e < N_; e++)
      if (error[e] != 0) worst = std::max(worst, std::fabs(error[e]) / size_[e]);
    return std::isfinite(worst) ? worst : HUGE_VAL;
  }

  static double damping(double error) { return 1e-3 * std::min(1.0, error * error) + 1e-15; }

  // H x = v for H symmetric and positive semidefinite, its diagonal brought to 1 first.
  static Vector solve(const Matrix& H, const Vector& v) {
    Vector unit(H.rows());
    for (Eigen::Index e = 0; e < H.rows(); e++) unit[e] = H(e, e) > 0 ? 1 / std::sqrt(H(e, e)) : 0;
    const Matrix scaled = unit.asDiagonal() * H * unit.asDiagonal();
    const Eigen::LDLT<Matrix> factor(scaled);
    const Vector rhs = unit.cwiseProduct(v);
    Vector x = factor.solve(rhs);
    x += factor.solve(rhs - scaled * x);
    return unit.cwiseProduct(x);
  }

  // Value, moments and second derivative at mu; leaves the weights there in weights_.
  Pass pass(const Vector& mu, bool with_hessian) {
    weights_.resize(n_);
    std::vector<Pass> parts(features_.pieces());
    features_.for_blocks([&](const LocalFeatures::Block& block, std::size_t piece) {
      Pass& part = parts[piece];
      if (part.moments.size() == 0) {
        part.moments = part.magnitude = Vector::Zero(N_);
        if (with_hessian) part.hessian = Matrix::Zero(N_, N_);
      }
      Vector w = block.phi * mu, active(w.size());
      for (Eigen::Index i = 0; i < w.size(); i++) {
        const double c = c_[block.begin + static_cast<std::size_t>(i)], s = std::max(0.0, 1 + w[i]);
        part.value += 0.5 * c * s * s;
        w[i] = c * s;
        active[i] = s > 0 ? std::sqrt(c) : 0;
        weights_[block.begin + static_cast<std::size_t>(i)] = w[i];
      }
      part.moments.noalias() += block.phi.transpose() * w;
      part.magnitude.noalias() += block.phi.cwiseAbs().transpose() * w;
      if (with_hessian) {
        block.scaled = active.asDiagonal() * block.phi;
        part.hessian.selfadjointView<Eigen::Lower>().rankUpdate(block.scaled.transpose());
      }
    });
    Pass total = std::move(parts[0]);
    for (std::size_t k = 1; k < parts.size(); k++) {
      total.value += parts[k].value;
      total.moments += parts[k].moments;
      total.magnitude += parts[k].magnitude;
      if (with_hessian) total.hessian += parts[k].hessian;
    }
    total.value -= mu.dot(target());
    if (with_hessian) total.hessian = Matrix(total.hessian.selfadjointView<Eigen::Lower>());
    return total;
  }

  Matrix hessian_of(const std::vector<double>& w) {
    std::vector<Matrix> parts(features_.pieces());
    features_.for_blocks([&](const LocalFeatures::Block& block, std::size_t piece) {
      Matrix& part = parts[piece];
      if (part.size() == 0) part = Matrix::Zero(N_, N_);
      Vector active(static_cast<Eigen::Index>(block.count));
      for (std::size_t i = 0; i < block.count; i++)
        active[static_cast<Eigen::Index>(i)] = w[block.begin + i] > 0 ? std::sqrt(c_[block.begin + i]) : 0;
      block.scaled = active.asDiagonal() * block.phi;
      part.selfadjointView<Eigen::Lower>().rankUpdate(block.scaled.transpose());
    });
    Matrix total = parts[0];
    for (std::size_t k = 1; k < parts.size(); k++) total += parts[k];
    return Matrix(total.selfadjointView<Eigen::Lower>());
  }

  const PointSet& set_;
  LocalFeatures features_;
  const int threads_;
  Monitor& monitor_;
  MomentTarget target_;
  std::size_t n_ = 0;
  Eigen::Index N_ = 0;
  std::vector<double> c_, weights_;
  Vector mu_, size_;
};

// In the caller's basis, as moments() sums.
double residual_of(const PointSet& set, const std::vector<double>& weights, const std::vector<double>& target, int order,
                   Basis basis, int threads, Monitor& monitor) {
  const int m = set.dimension();
  const MultiIndices indices(m, order);
  std::vector<double> scale(m, 1.0);
  if (basis == Basis::Legendre)
    for (int a = 0; a < m; a++) scale[a] = std::ldexp(1.0, set.exponent(a));
  const Recurrence recurrence =
      basis == Basis::Legendre ? Recurrence::legendre(m, order) : Recurrence::monomial(m, order);
  const ExactBasis exact(indices, recurrence, std::vector<double>(m, 0.0), scale);
  std::vector<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  const ExactSums sums = exact.sums(x.data(), weights.data(), set.size(), threads, monitor, Stage::Verify);
  double worst = 0;
  for (int e = 0; e < indices.count; e++) {
    long exponent = 0;
    if (basis == Basis::Monomial)
      for (int a = 0; a < m; a++) exponent -= static_cast<long>(indices.row(e)[a]) * set.exponent(a);
    const double wanted = exponent == 0 ? target[e] : std::scalbln(target[e], exponent);
    const double difference = std::fabs(static_cast<double>(sums[e] - DoubleDouble(wanted)));
    if (difference > 0) worst = std::max(worst, difference / sums.magnitude[e]);
  }
  return worst;
}

Error infeasible(double least) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2e", least);
  return Error(Code::Infeasible, std::string("no weights >= 0 on these points have the target moments; the least "
                                             "relative residual that can be reached is ") +
                                     text);
}

}  // namespace

Matched match_moments(const PointSet& set, std::size_t count, const std::vector<double>& given, int order, Basis basis,
                      int wanted, Monitor& monitor) {
  const int threads = usable_threads(wanted);
  check_finite(given.data(), given.size(), "target", 0);
  std::vector<double> target(given);
  for (double& t : target) t = std::ldexp(t, -set.weight_exponent());
  Matching matching(set, target, order, basis, threads, monitor);
  double error = HUGE_VAL;
  if (matching.project()) error = matching.refine();
  if (!(error <= kMet)) {
    matching.least();
    error = matching.refine();
    if (!(error <= kMet)) throw infeasible(error);
  }
  const std::vector<double>& weights = matching.weights();
  Matched result;
  result.weights.assign(count, 0.0);
  for (std::size_t i = 0; i < set.size(); i++)
    result.weights[set.rows() ? set.rows()[i] : i] = std::ldexp(weights[i], set.weight_exponent());
  result.residual = residual_of(set, weights, target, order, basis, threads, monitor);
  // What the frame leaves out, because it vanishes on the points, must agree as well.
  if (!(result.residual <= kMet)) throw infeasible(result.residual);
  return result;
}

}  // namespace fewpoints
