#include "matching/match_moments.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/list.hpp"
#include "base/tolerances.hpp"
#include "blas/blas.hpp"
#include "matching/given_moments.hpp"
#include "matching/moment_target.hpp"
#include "nnls/active_set.hpp"
#include "nnls/nnls.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"
#include "polynomial/double_double_sums.hpp"
#include "polynomial/feature_blocks.hpp"
#include "recombination/refine_weights.hpp"

// The projection. With w_i = c_i (1 + h_i), the distance is sum c_i h_i^2 (the chi-square distance of calibration
// weighting), and Lagrange's conditions say
//   w_i = c_i max(0, 1 + mu . phi_i)
// for a vector mu of N numbers: the given weights times a polynomial, cut off at 0. mu minimises the convex function
//   g(mu) = sum c_i max(0, 1 + mu . phi_i)^2 / 2 - mu . target.
// Its gradient is the error of the moments. Its second derivative is the sum of c phi phi' over the points with w > 0,
// and exists except at kinks. So a semismooth Newton method (Qi and Sun 1993) ends after a few passes over the points,
// however many there are, and after one pass when no weight meets 0. Without a solution mu grows without bound; then
// nnls finds the least residual.
namespace fewpoints {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr int kMaxPasses = 100;
// The errors below are in units of MomentTarget::size + sum w |phi|, the effect of rounding the target.
constexpr double kConverged = 0x1p-60;
// How far from the target the projection may stay, per unit of mu: the precision of the target itself.
constexpr double kSlack = kEpsilon;
constexpr double kNewtonDone = 32 * kEpsilon;
// Errors up to this count as met. It is above the error that refinement leaves in the worst feasible case, and below
// the error by which nnls tells an infeasible target from a feasible one.
constexpr double kMet = 0x1p-40;
constexpr int kMaxRefinements = 12;
// A residual in the caller's basis above kSuspect is examined. Weights below kRounding of the largest are rounding.
constexpr double kSuspect = 64 * kEpsilon, kRounding = 0x1p-46;
// The share of the predicted fall that a step must reach (Armijo's condition).
constexpr double kEnough = 1e-4;
// A fall of g below this share of g is rounding.
constexpr double kSeen = 1e-13;
constexpr double kSmallestStep = 0x1p-12;
// The share of the first second derivative that is added to the others. It grows where a step does not help (Levenberg,
// Marquardt).
constexpr double kMinDamping = 1e-15;
constexpr double kMaxMu = 1e13;
// The most points of the projection by least squares, whose matrix is square.
constexpr std::size_t kFew = 600;
constexpr double kMaxPartBytes = 0x1p28;

class Matching {
  struct Pass {
    void clear(Eigen::Index n) {
      value = 0;
      moments = magnitude = Vector::Zero(n);
      hessian = Matrix::Zero(n, n);
    }
    void add(const Pass& other) {
      value += other.value;
      moments += other.moments;
      magnitude += other.magnitude;
      hessian += other.hessian;
    }
    double value = 0;
    Vector moments, magnitude;
    Matrix hessian;
  };

 public:
  Matching(const PointSet& set, const List<double>& target, int order, Basis basis, int threads, Monitor& monitor)
      : set_(set), features_(set, order, threads, monitor), threads_(threads), monitor_(monitor) {
    List<int> exponents;
    for (int a = 0; a < set.dimension(); a++) exponents.push_back(set.exponent(a));
    target_ = localise(target, order, basis, exponents, features_.orthonormal());
    n_ = set.size();
    N_ = features_.count();
    c_.resize(n_);
    for (std::size_t i = 0; i < n_; i++) c_[i] = set.weights() ? set.weights()[i] : 1;
    size_ = Vector(N_);
    for (int t = 0; t < threads; t++) scratch_.emplace_back(FeatureBlocks::kBlock, usize(N_));
  }

  // Computes the projection. False: no polynomial was found, and there may be no solution. weights() are then the best
  // so far.
  bool project() {
    mu_ = Vector::Zero(N_);
    Pass now = pass(mu_);
    for (Eigen::Index e = 0; e < N_; e++) size_[e] = target_.size[static_cast<std::size_t>(e)] + now.magnitude[e];
    const Vector slack = kSlack * size_;
    const auto gradient_of = [&](const Pass& p, const Vector& mu) {
      return Vector(p.moments - target() + slack.cwiseProduct(mu));
    };
    double value = now.value, damping = kMinDamping, last = HUGE_VAL;
    Vector gradient = gradient_of(now, mu_);
    for (int k = 0; k < kMaxPasses; k++) {
      monitor_.report(Stage::Solve, static_cast<std::size_t>(k), kMaxPasses);
      const double error = relative(gradient);
      // Near rounding, a step that helps little is the last one: refine() does the rest.
      if (error <= kNewtonDone || (error <= kMet && error > 0.25 * last)) break;
      last = error;
      Matrix H = now.hessian;
      H.diagonal() += slack + (damping + 1e-3 * std::min(1.0, error * error)) * initial_diagonal(now);
      const Vector step = -solve(H, gradient);
      const double slope = gradient.dot(step);
      bool moved = false;
      for (double share = 1; share >= kSmallestStep && slope < 0; share /= 4) {
        const Vector next = mu_ + share * step;
        Pass there = pass(next);
        const double there_value = there.value + 0.5 * slack.dot(next.cwiseAbs2());
        const Vector there_gradient = gradient_of(there, next);
        // Near the end the values agree to rounding, and the gradient decides.
        const bool falls =
            there_value <= value + kEnough * share * slope && value - there_value > kSeen * std::fabs(value);
        if (falls || relative(there_gradient) < 0.5 * error) {
          mu_ = next;
          now = std::move(there);
          value = there_value;
          gradient = there_gradient;
          moved = true;
          break;
        }
      }
      damping = moved ? std::max(kMinDamping, damping / 16) : damping * 256;
      if (damping > 1 || !(mu_.cwiseAbs().maxCoeff() < kMaxMu)) break;
    }
    const bool found = relative(gradient) <= kMet;
    set_weights_at_mu();
    return found;
  }

  // Refines the last digits of weights() by Newton steps, with errors summed in double-double. Returns the largest
  // error.
  double refine() {
    List<double> w = weights_;
    double best = HUGE_VAL;
    for (int k = 0; k < kMaxRefinements; k++) {
      const DoubleDoubleSums sums = features_.sums(w);
      Vector error(N_), unit(N_);
      double worst = 0;
      for (Eigen::Index e = 0; e < N_; e++) {
        const auto at = static_cast<std::size_t>(e);
        const double size = target_.size[at] + sums.magnitude[at];
        error[e] = static_cast<double>(target_.value[at] - sums[static_cast<int>(e)]);
        unit[e] = size > 0 ? 1 / size : 0;
        if (error[e] != 0) worst = std::max(worst, std::fabs(error[e]) / size);
      }
      const bool slow = worst > 0.5 * best;  // the rest is rounding of the weights, or convergence has stalled
      if (worst < best) {
        best = worst;
        weights_ = w;
      }
      if (slow || worst <= kConverged) break;
      correct(w, error, unit);
    }
    return best;
  }

  // Solves nnls on the moments: the least residual, with few of the points.
  double least() {
    RowMajor matrix(static_cast<std::size_t>(N_), n_);
    List<double> rhs(static_cast<std::size_t>(N_));
    const Vector unit = size_.cwiseMax(size_.maxCoeff() * 1e-300).cwiseInverse();
    features_.for_blocks([&](const FeatureBlocks::Block& block, std::size_t) {
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

  // Computes the projection as least squares with equality constraints. Used when Newton's method has failed on a
  // problem that has a solution. It takes all points if they are few, otherwise those that have weight or had most of
  // it before.
  void project_few(const List<double>& before) {
    List<std::uint32_t> few(n_);
    std::iota(few.begin(), few.end(), 0U);
    if (n_ > kFew) {
      const auto first = [&](std::uint32_t i, std::uint32_t j) {
        if ((weights_[i] > 0) != (weights_[j] > 0)) return weights_[i] > 0;
        const double a = before[i] / c_[i], b = before[j] / c_[j];
        return a > b || (a == b && i < j);
      };
      std::nth_element(few.begin(), few.begin() + kFew, few.end(), first);
      few.resize(kFew);
      std::sort(few.begin(), few.end());
    }
    const Matrix phi = features_at(few);
    LeastSquares problem(few.size());
    problem.matrix = RowMajor(few.size(), few.size());
    problem.equality = RowMajor(static_cast<std::size_t>(N_), few.size());
    for (std::size_t j = 0; j < few.size(); j++) {
      const double c = std::sqrt(c_[few[j]]);  // the unknowns are w / sqrt(c)
      problem.matrix.row(j)[j] = 1;
      problem.rhs.push_back(c);
      for (Eigen::Index e = 0; e < N_; e++)
        problem.equality.row(static_cast<std::size_t>(e))[j] = phi(static_cast<Eigen::Index>(j), e) * c / size_[e];
    }
    for (Eigen::Index e = 0; e < N_; e++)
      problem.equality_rhs.push_back(static_cast<double>(target_.value[static_cast<std::size_t>(e)]) / size_[e]);
    const LeastSquaresResult solved = nnls(std::move(problem), threads_, monitor_);
    weights_.assign(n_, 0.0);
    for (std::size_t j = 0; j < few.size(); j++) weights_[few[j]] = solved.x[j] * std::sqrt(c_[few[j]]);
  }

  const List<double>& weights() const { return weights_; }
  void set_weights(const List<double>& w) { weights_ = w; }

 private:
  // Computes the weights at mu_. They are 0 where 1 + mu . phi is positive by rounding only.
  void set_weights_at_mu() {
    weights_.resize(n_);
    const Vector size = mu_.cwiseAbs();
    features_.for_blocks([&](const FeatureBlocks::Block& block, std::size_t) {
      const Vector p = block.phi * mu_, terms = block.phi.cwiseAbs() * size;
      for (Eigen::Index i = 0; i < p.size(); i++) {
        const std::size_t at = block.begin + static_cast<std::size_t>(i);
        const double s = 1 + p[i];
        weights_[at] = s > 32 * kEpsilon * (1 + terms[i]) ? c_[at] * s : 0;
      }
    });
  }

  Matrix features_at(const List<std::uint32_t>& rows) const {
    Matrix phi(static_cast<Eigen::Index>(rows.size()), N_);
    features_.for_blocks([&](const FeatureBlocks::Block& block, std::size_t) {
      auto it = std::lower_bound(rows.begin(), rows.end(), static_cast<std::uint32_t>(block.begin));
      for (; it != rows.end() && *it < block.begin + block.count; ++it)
        phi.row(it - rows.begin()) = block.phi.row(static_cast<Eigen::Index>(*it - block.begin));
    });
    return phi;
  }

  // Adds the least change of the positive weights, in sum (dw)^2 / c, that corrects the error of the moments. A few
  // weights may be nearly dependent. They are corrected by orthogonal factorisation, which does not square the
  // condition number.
  void correct(List<double>& w, const Vector& error, const Vector& unit) {
    List<std::uint32_t> on;
    for (std::size_t i = 0; i < n_; i++)
      if (w[i] > 0) on.push_back(static_cast<std::uint32_t>(i));
    if (on.empty()) return;
    if (on.size() <= 4 * static_cast<std::size_t>(N_)) {
      Matrix B = features_at(on).transpose();
      B = unit.asDiagonal() * B;
      for (std::size_t j = 0; j < on.size(); j++) B.col(static_cast<Eigen::Index>(j)) *= std::sqrt(c_[on[j]]);
      if (!make_factorable(B)) return;
      const Vector change = B.completeOrthogonalDecomposition().solve(unit.cwiseProduct(error));
      for (std::size_t j = 0; j < on.size(); j++) {
        double& v = w[on[j]];
        v = std::max(0.0, v + std::sqrt(c_[on[j]]) * change[static_cast<Eigen::Index>(j)]);
      }
      return;
    }
    Matrix H = hessian_of(w);
    H.diagonal() += 0x1p-60 * size_;
    const Vector correction = solve(H, error);
    features_.for_blocks([&](const FeatureBlocks::Block& block, std::size_t) {
      const Vector change = block.phi * correction;
      for (std::size_t i = 0; i < block.count; i++) {
        double& v = w[block.begin + i];
        if (v > 0) v = std::max(0.0, v + c_[block.begin + i] * change[static_cast<Eigen::Index>(i)]);
      }
    });
  }

  Vector initial_diagonal(const Pass& p) {
    if (first_diagonal_.size() == 0) first_diagonal_ = p.hessian.diagonal();
    return first_diagonal_;
  }

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

  // Solves H x = v for symmetric positive semidefinite H, after scaling its diagonal to 1.
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

  // Adds the sums of the pieces in their order. body(block, part) adds a block to the part of its piece. A part has N^2
  // numbers. Where all parts together would be large, there are only as many at a time as threads.
  template <class Part, class Body>
  Part sum_of_pieces(const Body& body) const {
    const std::size_t pieces = features_.pieces();
    const double bytes = 8.0 * static_cast<double>(N_) * static_cast<double>(N_) * static_cast<double>(pieces);
    const std::size_t wave =
        bytes <= kMaxPartBytes ? pieces : std::min(pieces, static_cast<std::size_t>(std::max(threads_, 1)));
    List<Part> parts(wave);
    Part total;
    for (std::size_t first = 0; first < pieces; first += wave) {
      const std::size_t last = std::min(pieces, first + wave);
      for (Part& part : parts) part.clear(N_);
      features_.for_blocks(first, last, [&](const FeatureBlocks::Block& block, std::size_t piece) {
        body(block, parts[piece - first]);
      });
      for (std::size_t k = first; k < last; k++) {
        if (k == 0)
          std::swap(total, parts[0]);
        else
          total.add(parts[k - first]);
      }
    }
    return total;
  }

  // The lower triangle of hessian += scaled' scaled. This takes most of the time.
  void add_to(Matrix& hessian, const FeatureBlocks::Block& block) {
    add_square(hessian.data(), block.scaled.data(), block.count, usize(N_), scratch_[block.thread]);
  }

  // The value, the moments and the second derivative at mu.
  Pass pass(const Vector& mu) {
    Pass total = sum_of_pieces<Pass>([&](const FeatureBlocks::Block& block, Pass& part) {
      Vector w = block.phi * mu, active(w.size());
      for (Eigen::Index i = 0; i < w.size(); i++) {
        const double c = c_[block.begin + static_cast<std::size_t>(i)], s = std::max(0.0, 1 + w[i]);
        part.value += 0.5 * c * s * s;
        w[i] = c * s;
        active[i] = s > 0 ? std::sqrt(c) : 0;
      }
      part.moments.noalias() += block.phi.transpose() * w;
      part.magnitude.noalias() += block.phi.cwiseAbs().transpose() * w;
      block.scaled = active.asDiagonal() * block.phi;
      add_to(part.hessian, block);
    });
    total.value -= mu.dot(target());
    total.hessian = Matrix(total.hessian.selfadjointView<Eigen::Lower>());
    return total;
  }

  Matrix hessian_of(const List<double>& w) {
    struct Part {
      void clear(Eigen::Index n) { hessian = Matrix::Zero(n, n); }
      void add(const Part& other) { hessian += other.hessian; }
      Matrix hessian;
    };
    const Part total = sum_of_pieces<Part>([&](const FeatureBlocks::Block& block, Part& part) {
      Vector active(static_cast<Eigen::Index>(block.count));
      for (std::size_t i = 0; i < block.count; i++)
        active[static_cast<Eigen::Index>(i)] = w[block.begin + i] > 0 ? std::sqrt(c_[block.begin + i]) : 0;
      block.scaled = active.asDiagonal() * block.phi;
      add_to(part.hessian, block);
    });
    return Matrix(total.hessian.selfadjointView<Eigen::Lower>());
  }

  const PointSet& set_;
  FeatureBlocks features_;
  const int threads_;
  Monitor& monitor_;
  MomentTarget target_;
  std::size_t n_ = 0;
  Eigen::Index N_ = 0;
  List<double> c_, weights_;
  Vector mu_, size_, first_diagonal_;
  List<BlasScratch> scratch_;  // one per thread
};

Error infeasible(const std::string& unmet) {
  return Error(Code::Infeasible, "no weights >= 0 on these points have the target moments: " + unmet);
}

}  // namespace

Matched match_moments(const PointSet& set, std::size_t count, const List<double>& given, int order, Basis basis,
                      int wanted, Monitor& monitor) {
  const int threads = usable_threads(wanted);
  check_finite(given.data(), given.size(), "target", 0);
  List<double> target(given);
  for (double& t : target) {
    t = std::ldexp(t, -set.weight_exponent());
    if (std::isinf(t))
      throw Error(Code::Infeasible,
                  "the target moments are more than the largest double times the largest weight; give weights of the "
                  "size that the result should have");
  }
  Matching matching(set, target, order, basis, threads, monitor);
  const GivenMoments moments(set, target, order, basis, threads, monitor);
  if (!moments.are_finite()) throw infeasible(moments.unmet(List<double>(set.size(), 1.0), given));
  double error = HUGE_VAL;
  if (matching.project()) error = matching.refine();
  if (!(error <= kMet)) {
    const List<double> before = matching.weights();
    matching.least();
    error = matching.refine();
    if (!(error <= kMet)) throw infeasible(moments.unmet(matching.weights(), given));
    const List<double> vertex = matching.weights();
    try {
      matching.project_few(before);
      if (!(matching.refine() <= kMet)) matching.set_weights(vertex);
    } catch (const Error&) {
      matching.set_weights(vertex);
    }
  }
  List<double> weights = matching.weights();
  Matched result;
  result.residual = moments.refine_weights(weights);
  if (result.residual > kSuspect) {
    // Tries without weights that are only rounding: the target may have a moment that is 0 without them.
    List<double> trimmed = weights;
    const double least = kRounding * *std::max_element(weights.begin(), weights.end());
    for (double& w : trimmed) w = w > least ? w : 0;
    const double residual = moments.refine_weights(trimmed);
    if (residual < result.residual) {
      result.residual = residual;
      weights = std::move(trimmed);
    }
  }
  // The basis leaves out polynomials that vanish on the points. Their moments must agree as well.
  if (!(moments.against_given(weights) <= kMet)) throw infeasible(moments.unmet(weights, given));
  result.weights.assign(count, 0.0);
  for (std::size_t i = 0; i < set.size(); i++)
    result.weights[set.rows() ? set.rows()[i] : i] = std::ldexp(weights[i], set.weight_exponent());
  return result;
}

}  // namespace fewpoints
