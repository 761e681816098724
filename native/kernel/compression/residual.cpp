#include "compression/residual.hpp"

#include <algorithm>
#include <cmath>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"
#include "polynomial/product_values.hpp"
#include "recombination/refine_weights.hpp"

namespace fewpoints {
namespace {

// The parts that are cut off in the reproducible sums may be this share of sum w |z^a|: a thousandth of the residual's
// last digit.
constexpr double kTrusted = 0x1p-62;
// The relative rounding error of differences with the first point, and of the centre.
constexpr double kRounding = 0x1p-48;

}  // namespace

Residual::Residual(const PointSet& set, const PolynomialSpace& space, int threads, Monitor& monitor,
                   const FramedMoments* whole)
    : indices_(space),
      centre_(set.dimension()),
      deviations_(set.dimension()),
      scale_(set.dimension()),
      weight_exponent_(set.weight_exponent()),
      is_of_larger_whole_(whole != nullptr) {
  const PartTimer timer(Part::Verify);
  const int m = set.dimension();
  const std::size_t n = set.size();
  // Sums of the first two powers are taken about the first point, so that shifted data keep their digits at any offset.
  struct ChunkSums {
    double mass = 0, lightest = 0, heaviest = 0;
    List<Spread> columns;
  };
  List<ChunkSums> parts(chunk_count(n));
  parallel_for(parts.size(), threads, monitor, Stage::Partition, [&](std::size_t c, int) {
    ChunkSums& part = parts[c];
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk);
    const double* w = set.weights();
    if (w) simd().bounds(w, begin, end, &part.lightest, &part.heaviest);
    part.mass = w ? simd().sum(w, begin, end) : static_cast<double>(end - begin);
    for (int a = 0; a < m; a++) part.columns.push_back(simd().spread(set.column(a), w, set.column(a)[0], begin, end));
  });
  double mass = 0;
  Bounds& bounds = bounds_;
  bounds.heaviest = set.weights() ? 0 : 1;
  for (const ChunkSums& part : parts) {
    mass += part.mass;
    bounds.heaviest = std::max(bounds.heaviest, part.heaviest);
  }
  for (int a = 0; a < m; a++) {
    double first = 0, second = 0, low = 0, high = 0;
    for (const ChunkSums& part : parts) {
      const Spread& s = part.columns[a];
      first += s.first;
      second += s.second;
      low = std::min(low, s.low);
      high = std::max(high, s.high);
    }
    const double mean = first / mass;
    centre_[a] = set.column(a)[0] + mean;
    deviations_[a] = std::sqrt(std::max(0.0, second / mass - mean * mean));
    const double reach = std::max(high - mean, mean - low);  // scaling brings |z| below 1, so that no power overflows
    scale_[a] = reach > 0 ? std::ldexp(1.0, -std::ilogb(reach) - 1) : 1;
    bounds.reach.push_back(scale_[a] * reach * (1 + kRounding) + kRounding * std::fabs(scale_[a] * centre_[a]));
    exponents_.push_back(set.exponent(a));
  }
  if (whole) use_frame(*whole);
  List<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  sums_ = sums_of(x.data(), set.weights(), n, centre_, scale_, bounds, true, threads, monitor);
  if (!whole) return;
  // Sums of |z^a| need few digits, so those of the set serve for the whole.
  for (int e = 0; e < indices_.count; e++) {
    sums_.high[e] = std::ldexp(whole->high[e], whole->weight_exponent - weight_exponent_);
    sums_.low[e] = std::ldexp(whole->low[e], whole->weight_exponent - weight_exponent_);
  }
}

// Takes the frame of the whole, in the units in which the set is held.
void Residual::use_frame(const FramedMoments& whole) {
  for (std::size_t a = 0; a < exponents_.size(); a++) {
    const int unit = whole.frame.exponent[a] - exponents_[a];
    centre_[a] = std::ldexp(whole.frame.centre[a], unit);
    scale_[a] = std::ldexp(1.0, -unit);
    bounds_.reach[a] = whole.reach[a] * (1 + kRounding) + kRounding * std::fabs(whole.frame.centre[a]);
  }
}

FramedMoments Residual::moments() const {
  FramedMoments out;
  out.weight_exponent = weight_exponent_;
  out.reach = bounds_.reach;
  for (std::size_t a = 0; a < exponents_.size(); a++) {
    out.frame.exponent.push_back(exponents_[a] - std::ilogb(scale_[a]));
    out.frame.centre.push_back(scale_[a] * centre_[a]);
  }
  out.high = sums_.high;
  out.low = sums_.low;
  return out;
}

// Errors of the products and of their cut-off parts are below 2^-60, relative to sum w |z^a|
// (polynomial/reproducible_sums.cpp).
DoubleDoubleSums Residual::sums_of(const double* const* x, const double* w, std::size_t n, const List<double>& centre,
                                   const List<double>& scale, const Bounds& bounds, bool magnitudes, int threads,
                                   Monitor& monitor) const {
  const ProductBasis basis(indices_, Basis::Monomial, centre, scale);
  if (basis.holds(bounds)) {
    ReproducibleSums totals =
        basis.reproducible_sums(x, w, n, bounds, magnitudes, &sums_.magnitude, threads, monitor, Stage::Verify);
    bool trusted = true;
    for (int e = 0; e < indices_.count && trusted; e++)
      trusted = totals.bounds[e] <= kTrusted * (magnitudes ? totals.magnitudes[e] : sums_.magnitude[e]);
    if (trusted) {
      DoubleDoubleSums sums(indices_.count);
      for (int e = 0; e < indices_.count; e++) {
        sums.high[e] = totals.sums[e].high;
        sums.low[e] = totals.sums[e].low;
      }
      if (magnitudes) sums.magnitude = std::move(totals.magnitudes);
      return sums;
    }
  }
  // These products range over more than a thousand binary orders of magnitude.
  const DoubleDoubleBasis general(indices_, Recurrence::monomial(indices_.dimension, indices_.order), centre, scale);
  return general.sums(x, w, n, threads, monitor, Stage::Verify);
}

Verification Residual::of(const double* const* x, const double* w, std::size_t count, int threads,
                          Monitor& monitor) const {
  const PartTimer timer(Part::Verify);
  return compare(sums_of(x, w, count, centre_, scale_, both(bounds_of(x, w, count, centre_, scale_, threads, monitor)),
                         false, threads, monitor),
                 0);
}

Verification Residual::of(const PointSet& other, int threads, Monitor& monitor) const {
  const PartTimer timer(Part::Verify);
  const int m = other.dimension();
  List<const double*> x(m);
  // The other set may be held in other units. Powers of two carry over exactly.
  List<double> centre(m), scale(m);
  for (int a = 0; a < m; a++) {
    x[a] = other.column(a);
    centre[a] = std::ldexp(centre_[a], exponents_[a] - other.exponent(a));
    scale[a] = std::ldexp(scale_[a], other.exponent(a) - exponents_[a]);
  }
  const Bounds bounds = both(bounds_of(x.data(), other.weights(), other.size(), centre, scale, threads, monitor));
  return compare(sums_of(x.data(), other.weights(), other.size(), centre, scale, bounds, false, threads, monitor),
                 other.weight_exponent() - weight_exponent_);
}

double Residual::refine_weights(const double* const* x, Array<double>& w, std::size_t count, int threads,
                                Monitor& monitor) const {
  const int N = indices_.count;
  const Recurrence monomial = Recurrence::monomial(indices_.dimension, indices_.order);
  const BasisShape shape = shape_of(indices_, monomial);
  List<double> z(indices_.dimension), powers;
  List<const double*> at;
  for (double& t : z) at.push_back(&t);
  Eigen::MatrixXd features(N, static_cast<Eigen::Index>(count));
  for (std::size_t i = 0; i < count; i++) {
    for (int a = 0; a < indices_.dimension; a++) z[a] = scale_[a] * (x[a][i] - centre_[a]);
    product_values(shape, at.data(), 1, 1, features.col(static_cast<Eigen::Index>(i)).data(), 1, powers);
  }
  List<double> weights(w.data(), w.data() + count);
  const double residual = refine_weights_min_norm(
      features, sums_,
      [&](const List<double>& now) {
        const Bounds bounds = both(bounds_of(x, now.data(), count, centre_, scale_, threads, monitor));
        return sums_of(x, now.data(), count, centre_, scale_, bounds, false, threads, monitor);
      },
      weights);
  std::copy(weights.begin(), weights.end(), w.data());
  return residual;
}

// A set that reaches no further is cut at the same places as the original. Equal parts then cancel to the last bit.
Bounds Residual::both(Bounds other) const {
  for (std::size_t a = 0; a < other.reach.size(); a++) other.reach[a] = std::max(other.reach[a], bounds_.reach[a]);
  other.heaviest = std::max(other.heaviest, bounds_.heaviest);
  return other;
}

Verification Residual::compare(const DoubleDoubleSums& sums, int weight_exponent) const {
  Verification result;
  result.per_order.assign(indices_.total.back() + 1, 0.0);
  for (int e = 0; e < indices_.count; e++) {
    const DoubleDouble other{std::ldexp(sums.high[e], weight_exponent), std::ldexp(sums.low[e], weight_exponent)};
    const double difference = std::fabs(static_cast<double>(two_sum(other.high, other.low) - sums_[e]));
    const double magnitude = sums_.magnitude[e];
    // Where every |z^a| is 0, the other's must be 0, too.
    const double relative = magnitude > 0 ? difference / magnitude : (difference == 0 ? 0 : HUGE_VAL);
    double& worst = result.per_order[indices_.total[e]];
    worst = std::isnan(relative) ? HUGE_VAL : std::max(worst, relative);
  }
  result.residual = *std::max_element(result.per_order.begin(), result.per_order.end());
  return result;
}

}  // namespace fewpoints
