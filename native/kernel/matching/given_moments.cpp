#include "matching/given_moments.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "base/list.hpp"
#include "base/shown.hpp"
#include "polynomial/product_values.hpp"
#include "recombination/refine_weights.hpp"

namespace fewpoints {
namespace {

constexpr int kMaxSteps = 6;
// Half an epsilon: rounded weights cannot do better.
constexpr double kConverged = 0x1p-53;
// The most operations of one factorisation.
constexpr double kMaxWork = 1e9;
// A target is infeasible when it is outside the range of its function's values by this share. Rounding stays far below.
constexpr double kOutside = 1e-10;
// The most columns for which a message lists all exponents.
constexpr int kMaxListed = 12;

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
    // Legendre polynomials are not homogeneous: for them the columns go back to the caller's units.
    if (basis == Basis::Legendre) scale_[a] = std::ldexp(1.0, set.exponent(a));
  }
  exponents_.assign(target_.size(), 0);
  if (basis == Basis::Monomial)
    for (int e = 1; e < indices_.count; e++) {
      exponents_[e] =
          exponents_[indices_.parent[e]] + static_cast<long>(indices_.degree[e]) * set.exponent(indices_.axis[e]);
      if (exponents_[e] != 0) target_[e] = std::scalbln(target_[e], -exponents_[e]);
    }
  basis_ = std::make_unique<DoubleDoubleBasis>(indices_, recurrence_, List<double>(set.dimension(), 0.0), scale_);
}

bool GivenMoments::are_finite() const {
  return std::all_of(target_.begin(), target_.end(), [](double t) { return std::isfinite(t); });
}

DoubleDoubleSums GivenMoments::sums(const double* weights) const {
  return basis_->sums(columns_.data(), weights, set_.size(), threads_, monitor_, Stage::Verify);
}

double GivenMoments::against_given(const List<double>& weights) const {
  const DoubleDoubleSums own = sums(weights.data()), given = sums(set_.weights());
  double worst = 0;
  for (int e = 0; e < indices_.count; e++) {
    const double difference = std::fabs(static_cast<double>(error(own, e)));
    if (difference > 0) worst = std::max(worst, difference / (own.magnitude[e] + given.magnitude[e]));
  }
  return worst;
}

void GivenMoments::evaluate(std::size_t point, double factor, Scratch& scratch, double* values) const {
  scratch.x.resize(set_.dimension());
  scratch.z.resize(set_.dimension());
  for (int a = 0; a < set_.dimension(); a++) {
    scratch.x[a] = columns_[a][point] * scale_[a];
    scratch.z[a] = &scratch.x[a];
  }
  product_values(basis_->shape(), scratch.z.data(), 1, factor, values, 1, scratch.powers);
}

double GivenMoments::refine_weights(List<double>& weights) const {
  const int N = indices_.count;
  List<double> w = weights;
  double best = HUGE_VAL;
  for (int step = 0; step < kMaxSteps; step++) {
    const DoubleDoubleSums own = sums(w.data());
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
    if (slow || best <= kConverged || !std::isfinite(worst) || width * N * std::min<double>(width, N) > kMaxWork) break;
    // Weights change by factors 1 + h with small h, so they stay positive.
    Eigen::MatrixXd A(N, static_cast<Eigen::Index>(on.size()));
    Scratch scratch;
    for (std::size_t j = 0; j < on.size(); j++)
      evaluate(on[j], w[on[j]], scratch, A.col(static_cast<Eigen::Index>(j)).data());
    for (int e = 0; e < N; e++) A.row(e) *= own.magnitude[e] > 0 ? 1 / own.magnitude[e] : 0;
    if (!make_factorable(A)) break;
    const Eigen::VectorXd h = A.completeOrthogonalDecomposition().solve(relative);
    for (std::size_t j = 0; j < on.size(); j++) {
      const double changed = w[on[j]] + w[on[j]] * h[static_cast<Eigen::Index>(j)];
      w[on[j]] = changed > 0 && std::isfinite(changed) ? changed : 0;
    }
  }
  return best;
}

std::string GivenMoments::name(int e) const {
  std::string text = "target[" + std::to_string(e) + "], ";
  if (e == 0) return text + "the total weight,";
  text += "the moment of exponents ";
  if (set_.dimension() > kMaxListed) {
    List<MultiIndices::Power> powers;
    indices_.powers(e, powers);
    for (std::size_t i = 0; i < powers.size(); i++)
      text += (i > 0 ? ", " : "") + std::to_string(powers[i].degree) + " in column " + std::to_string(powers[i].axis);
    return text + ",";
  }
  const List<std::uint16_t> row = indices_.row(e);
  for (std::size_t a = 0; a < row.size(); a++) text += (a > 0 ? ", " : "[") + std::to_string(row[a]);
  return text + "],";
}

double GivenMoments::as_given(int e, double value, int weight_exponent) const {
  return std::scalbln(value, exponents_[e] + weight_exponent);
}

std::string GivenMoments::unmet(const List<double>& weights, const List<double>& given) const {
  const int N = indices_.count;
  const double total = given[0];
  if (total < 0) return name(0) + " is " + shown(total) + " and cannot be below 0";
  // A moment divided by the total weight is a mean of the function's values on the points.
  List<double> low(static_cast<std::size_t>(N), HUGE_VAL), high(low.size(), -HUGE_VAL), values(low.size());
  Scratch scratch;
  for (std::size_t i = 0; i < set_.size(); i++) {
    if (i % 256 == 0) monitor_.check();
    evaluate(i, 1, scratch, values.data());
    for (int e = 1; e < N; e++) {
      low[e] = std::min(low[e], values[e]);
      high[e] = std::max(high[e], values[e]);
    }
  }
  int worst = 0;
  double most = kOutside;
  for (int e = 1; e < N; e++) {
    low[e] = as_given(e, low[e], 0);
    high[e] = as_given(e, high[e], 0);
    const double outside = std::max(total * low[e] - given[e], given[e] - total * high[e]);
    const double size = std::fabs(given[e]) + total * std::max(std::fabs(low[e]), std::fabs(high[e]));
    if (std::isfinite(size) && outside > most * size) {
      most = outside / size;
      worst = e;
    }
  }
  if (worst > 0) {
    const std::string head = name(worst) + " is ";
    const double t = given[worst], least = total * low[worst], largest = total * high[worst];
    const std::string with = ", so that with a total weight of " + shown(total) + " it can ";
    if (low[worst] == 0 && high[worst] == 0)
      return head + shown(t) + ", but its function is 0 on every point of positive weight, so that it can only be 0";
    if (low[worst] == high[worst])
      return head + shown(t, least) + ", but its function is " + shown(low[worst]) +
             " on every point of positive weight" + with + "only be " + shown(least, t);
    return head + shown(t, t < least ? least : largest) + ", but its function is between " + shown(low[worst]) +
           " and " + shown(high[worst]) + " on the points of positive weight" + with +
           (t < least ? "be no less than " + shown(least, t) : "be no more than " + shown(largest, t));
  }
  const DoubleDoubleSums own = sums(weights.data()), all = sums(set_.weights());
  most = -1;
  double reached = 0;
  for (int e = 0; e < N; e++) {
    const double relative =
        std::fabs(static_cast<double>(error(own, e))) / (own.magnitude[e] + all.magnitude[e] + std::fabs(target_[e]));
    const double value = as_given(e, static_cast<double>(own[e]), set_.weight_exponent());
    if (!std::isfinite(relative) || !std::isfinite(value) || relative <= most) continue;
    most = relative;
    worst = e;
    reached = value;
  }
  if (most < 0) return "each could be met alone, but not all together";
  return "each could be met alone, but not all together; with the weights that come nearest the furthest off is " +
         name(worst) + " which is " + shown(given[worst], reached) + " and comes to " + shown(reached, given[worst]) +
         ", a relative residual of " + shown(most);
}

}  // namespace fewpoints
