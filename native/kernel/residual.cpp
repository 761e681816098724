#include "residual.hpp"

#include <algorithm>
#include <cmath>

#include "threads.hpp"

namespace fewpoints {

Residual::Residual(const PointSet& set, const PolynomialSpace& space, int threads, Monitor& monitor)
    : indices_(space),
      centre_(set.dimension()),
      deviations_(set.dimension()),
      scale_(set.dimension()),
      weight_exponent_(set.weight_exponent()) {
  const int m = set.dimension();
  const std::size_t n = set.size();
  // Sums about the first point, of the first two powers; shifted data keep their digits at any offset.
  struct Part {
    double mass = 0;
    std::vector<double> first, second;
  };
  std::vector<Part> parts(chunk_count(n));
  parallel_for(parts.size(), threads, monitor, Stage::Partition, [&](std::size_t c, int) {
    Part& part = parts[c];
    part.first.assign(m, 0);
    part.second.assign(m, 0);
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk);
    const double* w = set.weights();
    part.mass = w ? simd().sum(w, begin, end) : static_cast<double>(end - begin);
    for (int a = 0; a < m; a++) {
      const double *x = set.column(a), x0 = x[0];
      double s[4] = {}, q[4] = {};  // four chains, so that additions overlap
      for (std::size_t i = begin; i < end; i++) {
        const double d = x[i] - x0, wd = w ? w[i] * d : d;
        s[i & 3] += wd;
        q[i & 3] += wd * d;
      }
      part.first[a] = (s[0] + s[1]) + (s[2] + s[3]);
      part.second[a] = (q[0] + q[1]) + (q[2] + q[3]);
    }
  });
  double mass = 0;
  for (const Part& part : parts) mass += part.mass;
  for (int a = 0; a < m; a++) {
    double first = 0, second = 0;
    for (const Part& part : parts) {
      first += part.first[a];
      second += part.second[a];
    }
    const double mean = first / mass;
    centre_[a] = set.column(a)[0] + mean;
    deviations_[a] = std::sqrt(std::max(0.0, second / mass - mean * mean));
    scale_[a] = deviations_[a] > 0 ? std::ldexp(1.0, -std::ilogb(deviations_[a])) : 1;
    exponents_.push_back(set.exponent(a));
  }
  basis_ = std::make_unique<ExactBasis>(indices_, Recurrence::monomial(m, indices_.order), centre_, scale_);
  std::vector<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  sums_ = basis_->sums(x.data(), set.weights(), n, threads, monitor, Stage::Verify);
}

Verification Residual::of(const double* const* x, const double* w, std::size_t count, int threads,
                          Monitor& monitor) const {
  return compare(basis_->sums(x, w, count, threads, monitor, Stage::Verify), 0);
}

Verification Residual::of(const PointSet& other, int threads, Monitor& monitor) const {
  const int m = other.dimension();
  std::vector<const double*> x(m);
  // The other set may be held in other units; powers of two carry over exactly.
  std::vector<double> centre(m), scale(m);
  for (int a = 0; a < m; a++) {
    x[a] = other.column(a);
    centre[a] = std::ldexp(centre_[a], exponents_[a] - other.exponent(a));
    scale[a] = std::ldexp(scale_[a], other.exponent(a) - exponents_[a]);
  }
  const ExactBasis basis(indices_, Recurrence::monomial(m, indices_.order), centre, scale);
  return compare(basis.sums(x.data(), other.weights(), other.size(), threads, monitor, Stage::Verify),
                 other.weight_exponent() - weight_exponent_);
}

Verification Residual::compare(const ExactSums& sums, int weight_exponent) const {
  Verification result;
  result.per_order.assign(indices_.total.back() + 1, 0.0);
  for (int e = 0; e < indices_.count; e++) {
    const DoubleDouble other{std::ldexp(sums.high[e], weight_exponent), std::ldexp(sums.low[e], weight_exponent)};
    const double difference = std::fabs(static_cast<double>(two_sum(other.high, other.low) - sums_[e]));
    const double magnitude = sums_.magnitude[e];
    // Where every |z^a| is 0, so must be the other's.
    const double relative = magnitude > 0 ? difference / magnitude : (difference > 0 ? HUGE_VAL : 0);
    double& worst = result.per_order[indices_.total[e]];
    worst = std::isnan(relative) ? HUGE_VAL : std::max(worst, relative);
  }
  result.residual = *std::max_element(result.per_order.begin(), result.per_order.end());
  return result;
}

}  // namespace fewpoints
