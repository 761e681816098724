#include "given_moments.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "list.hpp"
#include "polish.hpp"

namespace fewpoints {
namespace {

constexpr int kMostSteps = 6;
// Half an epsilon: weights cannot be better than rounded ones.
constexpr double kConverged = 0x1p-53;
// Operations of one factorisation.
constexpr double kMostWork = 1e9;

}  // namespace

GivenMoments::GivenMoments(const PointSet& set, const List<double>& target, int order, Basis basis, int threads,
                           Monitor& monitor)
    : set_(set),
      threads_(threads),
      monitor_(monitor),
      indices_(set.dimension(), order),
      recurrence_(basis == Basis::Legendre ? Recurrence::legendre(set.dimension(), order)
                                           : Recurrence::monomial(set.dimension(), order)),
      target_(target),
      scale_(set.dimension(), 1.0) {
  for (int a = 0; a < set.dimension(); a++) {
    columns_.push_back(set.column(a));
    // Legendre polynomials are not homogeneous: there the columns go back to the caller's units.
    if (basis == Basis::Legendre) scale_[a] = std::ldexp(1.0, set.exponent(a));
  }
  if (basis == Basis::Monomial)
    for (int e = 0; e < indices_.count; e++) {
      long exponent = 0;
      for (int a = 0; a < set.dimension(); a++) exponent -= static_cast<long>(indices_.row(e)[a]) * set.exponent(a);
      if (exponent != 0) target_[e] = std::scalbln(target_[e], exponent);
    }
  exact_ = std::make_unique<ExactBasis>(indices_, recurrence_, List<double>(set.dimension(), 0.0), scale_);
}

ExactSums GivenMoments::sums(const double* weights) const {
  return exact_->sums(columns_.data(), weights, set_.size(), threads_, monitor_, Stage::Verify);
}

double GivenMoments::against_given(const List<double>& weights) const {
  const ExactSums own = sums(weights.data()), given = sums(set_.weights());
  double worst = 0;
  for (int e = 0; e < indices_.count; e++) {
    const double difference = std::fabs(static_cast<double>(error(own, e)));
    if (difference > 0) worst = std::max(worst, difference / (own.magnitude[e] + given.magnitude[e]));
  }
  return worst;
}

double GivenMoments::polish(List<double>& weights) const {
  const int m = set_.dimension(), N = indices_.count, k = indices_.order;
  List<double> w = weights;
  double best = HUGE_VAL;
  for (int step = 0; step < kMostSteps; step++) {
    const ExactSums own = sums(w.data());
    Eigen::VectorXd relative(N);
    double worst = 0;
    for (int e = 0; e < N; e++) {
      const double difference = static_cast<double>(error(own, e));
      relative[e] = difference == 0 ? 0 : difference / own.magnitude[e];
      worst = std::max(worst, std::fabs(relative[e]));
    }
    if (std::isnan(worst)) worst = HUGE_VAL;
    const bool slow = worst > 0.5 * best;
    if (worst < best) {
      best = worst;
      weights = w;
    }
    List<std::size_t> on;
    for (std::size_t i = 0; i < w.size(); i++)
      if (w[i] > 0) on.push_back(i);
    const double width = static_cast<double>(on.size());
    if (slow || best <= kConverged || !std::isfinite(worst) || width * N * std::min<double>(width, N) > kMostWork)
      break;
    // Factors 1 + h of the weights, h small: they stay positive.
    Eigen::MatrixXd A(N, static_cast<Eigen::Index>(on.size()));
    List<double> p(usize(m) * usize(k + 1));
    for (std::size_t j = 0; j < on.size(); j++) {
      for (int a = 0; a < m; a++) {
        double* q = p.data() + static_cast<std::ptrdiff_t>(a) * (k + 1);
        const double x = columns_[a][on[j]] * scale_[a];
        q[0] = 1;
        for (int i = 0; i < k; i++) {
          const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(a) * k + i;
          q[i + 1] = (recurrence_.a[at] * x + recurrence_.b[at]) * q[i] - (i > 0 ? recurrence_.c[at] * q[i - 1] : 0);
        }
      }
      const auto column = static_cast<Eigen::Index>(j);
      A(0, column) = w[on[j]];
      for (int e = 1; e < N; e++)
        A(e, column) = A(indices_.parent[e], column) *
                       p[static_cast<std::size_t>(indices_.axis[e] * (k + 1) + indices_.degree[e])];
    }
    for (int e = 0; e < N; e++) A.row(e) *= own.magnitude[e] > 0 ? 1 / own.magnitude[e] : 0;
    if (!can_be_factored(A)) break;
    const Eigen::VectorXd h = A.completeOrthogonalDecomposition().solve(relative);
    for (std::size_t j = 0; j < on.size(); j++) {
      const double changed = w[on[j]] + w[on[j]] * h[static_cast<Eigen::Index>(j)];
      w[on[j]] = changed > 0 && std::isfinite(changed) ? changed : 0;
    }
  }
  return best;
}

}  // namespace fewpoints
