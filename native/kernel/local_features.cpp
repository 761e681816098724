#include "local_features.hpp"

#include <algorithm>
#include <cmath>

namespace fewpoints {
namespace {

// A polynomial that stays below this on all points, relative to what it was computed from, vanishes on them: the column
// has no more distinct values. Then, and for a column of equal values, the recurrence goes on with unit factors.
constexpr double kVanishing = 1e-12;

}  // namespace

LocalFeatures::LocalFeatures(const PointSet& set, int order, int threads, Monitor& monitor)
    : set_(set),
      threads_(threads),
      monitor_(monitor),
      indices_(set.dimension(), order),
      recurrence_(Recurrence::monomial(set.dimension(), order)) {
  const std::size_t n = set.size(), blocks = (n + kBlock - 1) / kBlock;
  pieces_ = std::clamp<std::size_t>(blocks / 4, 1, kMostPieces);
  const double* w = set.weights();
  for (int a = 0; a < set.dimension(); a++) {
    const double* x = set.column(a);
    columns_.push_back(x);
    double mass = 0, sum = 0, extent = 0;
    for (std::size_t i = 0; i < n; i++) {
      const double c = w ? w[i] : 1;
      mass += c;
      sum += c * (x[i] - x[0]);
    }
    const double centre = x[0] + sum / mass;
    for (std::size_t i = 0; i < n; i++) extent = std::max(extent, std::fabs(x[i] - centre));
    // Equal values leave a last bit of the mean, which is not an extent.
    const bool flat = !(extent > 4e-16 * std::fabs(centre));
    frame_.centre.push_back(flat ? x[0] : centre);
    frame_.scale.push_back(flat ? 1 : std::ldexp(1.0, -std::ilogb(extent)));
    frame_.exponent.push_back(set.exponent(a));
    orthonormalise(a);
  }
  exact_ = std::make_unique<ExactBasis>(indices_, recurrence_, frame_.centre, frame_.scale);
}

void LocalFeatures::orthonormalise(int axis) {
  const int k = recurrence_.order;
  const std::size_t n = set_.size();
  const double *x = set_.column(axis), *w = set_.weights();
  const double centre = frame_.centre[axis], scale = frame_.scale[axis];
  double* a = recurrence_.a.data() + static_cast<std::ptrdiff_t>(axis) * k;
  double* b = recurrence_.b.data() + static_cast<std::ptrdiff_t>(axis) * k;
  double* c = recurrence_.c.data() + static_cast<std::ptrdiff_t>(axis) * k;
  // No polynomial may exceed 2^250 on the points: then products of all of them stay finite.
  const double most = std::ldexp(1.0, 250 / std::max(k, 1));
  std::vector<double> before(n, 0.0), now(n, 1.0), next(n);
  double beta = 0;
  for (int j = 0; j < k; j++) {
    monitor_.check();
    double mass = 0, square = 0, shifted = 0;
    for (std::size_t i = 0; i < n; i++) {
      const double q = (w ? w[i] : 1) * now[i] * now[i], z = (x[i] - centre) * scale;
      mass += w ? w[i] : 1;
      square += q;
      shifted += q * z;
    }
    const double alpha = square > 0 ? shifted / square : 0;
    double top = 0, terms = 0, next_square = 0;
    for (std::size_t i = 0; i < n; i++) {
      const double z = (x[i] - centre) * scale;
      next[i] = (z - alpha) * now[i] - beta * before[i];
      top = std::max(top, std::fabs(next[i]));
      terms = std::max(terms, std::fabs(z * now[i]) + std::fabs(beta * before[i]));
      next_square += (w ? w[i] : 1) * next[i] * next[i];
    }
    if (!(top > kVanishing * terms)) return;  // z^j times what came before, from here on
    const double norm = std::max(std::sqrt(next_square / mass), top / most);
    a[j] = 1 / norm;
    b[j] = -alpha / norm;
    c[j] = beta / norm;
    beta = norm;
    for (std::size_t i = 0; i < n; i++) {
      before[i] = now[i];
      now[i] = next[i] / norm;
    }
  }
}

ExactSums LocalFeatures::sums(const std::vector<double>& weights) const {
  return exact_->sums(columns_.data(), weights.data(), set_.size(), threads_, monitor_, Stage::Solve);
}

void LocalFeatures::evaluate(std::size_t begin, std::size_t end, Block& block, std::vector<double>& powers) const {
  const std::size_t n = end - begin, k = static_cast<std::size_t>(recurrence_.order);
  block.begin = begin;
  block.count = n;
  block.phi.resize(static_cast<Eigen::Index>(n), count());
  powers.resize(static_cast<std::size_t>(set_.dimension()) * (k + 1) * n);
  for (int axis = 0; axis < set_.dimension(); axis++) {
    double* p = powers.data() + static_cast<std::size_t>(axis) * (k + 1) * n;
    const std::size_t row = static_cast<std::size_t>(axis) * k;
    const double *x = columns_[axis] + begin, centre = frame_.centre[axis], scale = frame_.scale[axis];
    for (std::size_t i = 0; i < n; i++) p[i] = 1;
    for (std::size_t j = 0; j < k; j++) {
      const double a = recurrence_.a[row + j], b = recurrence_.b[row + j], c = recurrence_.c[row + j];
      const double *now = p + j * n, *before = j > 0 ? now - n : now;
      double* next = p + (j + 1) * n;
      const double share = j > 0 ? c : 0;
      for (std::size_t i = 0; i < n; i++) next[i] = (a * ((x[i] - centre) * scale) + b) * now[i] - share * before[i];
    }
  }
  block.phi.col(0).setOnes();
  for (Eigen::Index e = 1; e < count(); e++) {
    const auto at = static_cast<std::size_t>(e);
    const double* p = powers.data() +
                      (static_cast<std::size_t>(indices_.axis[at]) * (k + 1) + indices_.degree[at]) * n;
    const double* parent = block.phi.col(indices_.parent[at]).data();
    double* to = block.phi.col(e).data();
    for (std::size_t i = 0; i < n; i++) to[i] = parent[i] * p[i];
  }
}

}  // namespace fewpoints
