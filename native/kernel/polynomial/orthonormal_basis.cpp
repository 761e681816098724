#include "polynomial/orthonormal_basis.hpp"

#include <algorithm>
#include <cmath>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// Whitening costs m^2 / 2 moments per point. Columns beyond this number are only scaled to variance 1 each.
constexpr int kMaxWhitened = 64;
// A polynomial vanishes on the points when all its values there are below this share of the terms it was computed from.
constexpr double kVanishing = 1e-12;
// A variance (of columns scaled to extent 1) below these bounds is noise of the double-double sums. kNoise is relative
// to the column's own variance, kNoiseOfSums is absolute.
constexpr double kNoise = 1e-26, kNoiseOfSums = 1e-28;

double chunked(std::size_t n, int threads, Monitor& monitor, const auto& sum_of) {
  List<double> parts(chunk_count(n));
  parallel_for(parts.size(), threads, monitor, Stage::Recombine,
               [&](std::size_t i, int) { parts[i] = sum_of(i * kChunk, std::min(n, (i + 1) * kChunk)); });
  double s = 0;
  for (const double p : parts) s += p;
  return s;
}

double largest(const double* x, std::size_t n) {
  double m = 0;
  for (std::size_t i = 0; i < n; i++) m = std::max(m, std::fabs(x[i]));
  return m;
}

double power_of_two(double x) { return x > 0 && std::isfinite(x) ? std::ldexp(1.0, -std::ilogb(x)) : 1; }

// The rows of a map that turns the given columns, with this covariance, into uncorrelated coordinates of variance 1.
// Uses pivoted Cholesky: the column that keeps the largest share of its own variance goes first. A column of extent 0
// has no row. A column whose remaining variance is lost in noise keeps its remainder unscaled, because points of very
// small weight may still spread there.
List<DoubleDouble> whitening(List<DoubleDouble> covariance, const List<double>& extent, List<std::size_t> left) {
  const std::size_t m = extent.size();
  List<DoubleDouble> map;
  List<double> original(m);
  for (std::size_t a = 0; a < m; a++) original[a] = static_cast<double>(covariance[a * m + a]);
  // Row a: the remainder of column a, as a combination of the columns.
  List<DoubleDouble> rest(product(m, m));
  for (std::size_t a = 0; a < m; a++) rest[a * m + a] = 1.0;
  while (!left.empty()) {
    auto best = left.begin();
    for (auto it = left.begin(); it != left.end(); ++it)
      if (covariance[*it * m + *it].high * original[*best] > covariance[*best * m + *best].high * original[*it])
        best = it;
    const std::size_t p = *best;
    left.erase(best);
    const DoubleDouble variance = covariance[p * m + p];
    if (extent[p] == 0) continue;
    const bool known = variance.high > kNoise * original[p] && variance.high > kNoiseOfSums;
    const DoubleDouble deviation = known ? sqrt(variance) : DoubleDouble(1.0);
    for (std::size_t b = 0; b < m; b++) map.push_back(rest[p * m + b] / deviation);
    if (!known) continue;
    for (const std::size_t a : left) {
      const DoubleDouble factor = covariance[a * m + p] / variance;
      for (std::size_t b = 0; b < m; b++) rest[a * m + b] = rest[a * m + b] - factor * rest[p * m + b];
      for (const std::size_t b : left) covariance[a * m + b] = covariance[a * m + b] - factor * covariance[p * m + b];
    }
  }
  return map;
}

}  // namespace

OrthonormalBasis::OrthonormalBasis(const PointColumns& points, const PolynomialSpace& space, double degenerate_width,
                                   int threads, Monitor& monitor) {
  whiten(points, space, degenerate_width, threads, monitor);
  orthonormalise(points, space, threads, monitor);
}

void OrthonormalBasis::whiten(const PointColumns& points, const PolynomialSpace& space, double degenerate_width,
                              int threads, Monitor& monitor) {
  const int m = points.dimension;
  const std::size_t n = points.count;
  const auto weight = [&](std::size_t i) { return points.w ? points.w[i] : 1.0; };
  const double mass = chunked(n, threads, monitor, [&](std::size_t b, std::size_t e) {
    double s = 0;
    for (std::size_t i = b; i < e; i++) s += weight(i);
    return s;
  });
  List<double> scale(m), extent(m);
  centre_.resize(m);
  for (int a = 0; a < m; a++) {
    const double* x = points.x[a];
    const double sum = chunked(n, threads, monitor, [&](std::size_t b, std::size_t e) {
      double s = 0;
      for (std::size_t i = b; i < e; i++) s += weight(i) * (x[i] - x[0]);
      return s;
    });
    centre_[a] = x[0] + sum / mass;
    for (std::size_t i = 0; i < n; i++) extent[a] = std::max(extent[a], std::fabs(x[i] - centre_[a]));
    scale[a] = power_of_two(extent[a]);
  }

  if (m > kMaxWhitened) {
    for (int a = 0; a < m; a++) {
      if (extent[a] == 0 || space.order[space.block[a]] == 0) continue;
      const double square = chunked(n, threads, monitor, [&](std::size_t b, std::size_t e) {
        double s = 0;
        for (std::size_t i = b; i < e; i++) {
          const double d = (points.x[a][i] - centre_[a]) * scale[a];
          s += weight(i) * d * d;
        }
        return s;
      });
      dimension_++;
      block_.push_back(space.block[a]);
      map_.factor.push_back(scale[a] / std::max(std::sqrt(square / mass), kDegenerateWidth));
      map_.from.push_back(a);
    }
    locate(points, threads, monitor);
    return;
  }
  // The covariance of the scaled columns in double-double, so that pivoted Cholesky sees correlations up to 1 - 1e-26.
  const MultiIndices pairs(m, 2);
  const DoubleDoubleBasis second(pairs, Recurrence::monomial(m, 2), centre_, scale);
  const DoubleDoubleSums sums = second.sums(points.x, points.w, n, threads, monitor, Stage::Recombine);
  List<DoubleDouble> mean(m), covariance(product(m, m));
  for (int e = 1; e <= m; e++) mean[e - 1] = sums[e] / sums[0];
  for (int e = m + 1; e < pairs.count; e++) {
    const int b = pairs.axis[e], a = pairs.parent[e] > 0 ? pairs.axis[pairs.parent[e]] : b;
    covariance[usize(a) * usize(m) + usize(b)] = covariance[usize(b) * usize(m) + usize(a)] =
        sums[e] / sums[0] - mean[a] * mean[b];
  }
  for (std::size_t block = 0; block < space.order.size(); block++) {
    if (space.order[block] == 0) continue;
    List<std::size_t> columns;
    for (int a = 0; a < m; a++)
      if (usize(space.block[a]) == block) columns.push_back(usize(a));
    const List<DoubleDouble> map = whitening(covariance, extent, std::move(columns));
    for (std::size_t i = 0; i < map.size(); i++)
      map_.factor.push_back(static_cast<double>(map[i]) * scale[i % usize(m)]);
    block_.resize(map_.factor.size() / usize(m), narrow<int>(block));
  }
  dimension_ = narrow<int>(block_.size());

  locate(points, threads, monitor);
  // Leave out the degenerate directions.
  int kept = 0;
  for (int j = 0; j < dimension_; j++) {
    double terms = 0;
    for (int b = 0; b < m; b++) terms += std::fabs(map_.factor[usize(j) * usize(m) + usize(b)]) * extent[b];
    if (!(largest(local(j), n) > degenerate_width * terms)) continue;
    if (kept != j) {
      std::copy_n(map_.factor.data() + usize(j) * usize(m), m, map_.factor.data() + usize(kept) * usize(m));
      block_[kept] = block_[j];
      std::copy_n(local(j), n, local_.data() + usize(kept) * stride_);
    }
    kept++;
  }
  dimension_ = kept;
  block_.resize(kept);
  map_.factor.resize(product(kept, m));
}

void OrthonormalBasis::locate(const PointColumns& points, int threads, Monitor& monitor) {
  stride_ = (points.count + 7) / 8 * 8;
  local_.reset(product(std::max(dimension_, 1), stride_));
  if (dimension_ == 0) {
    std::fill_n(local_.data(), stride_, 0.0);
    return;
  }
  const MultiIndices constant(dimension_, 0);
  const DoubleDoubleBasis coordinates(constant, Recurrence::monomial(dimension_, 0), centre_, map_, {0});
  coordinates.local(points.x, points.count, local_.data(), stride_, threads, monitor);
}

void OrthonormalBasis::orthonormalise(const PointColumns& points, const PolynomialSpace& space, int threads,
                                      Monitor& monitor) {
  const std::size_t n = points.count;
  const int order = space.highest_power();
  const auto weight = [&](std::size_t i) { return points.w ? points.w[i] : 1.0; };
  recurrence_ = Recurrence::monomial(std::max(dimension_, 1), order);
  for (const int block : block_) max_degree_.push_back(space.order[block] + (space.extra > 0 ? 1 : 0));
  if (dimension_ == 0) max_degree_.push_back(0);
  // No polynomial may exceed 2^250 on the points: then products of all of them stay finite.
  const double most = std::ldexp(1.0, 250 / std::max(order, 1));
  Array<double> before(n), now(n), next(n);
  for (int axis = 0; axis < dimension_; axis++) {
    const double* t = local(axis);
    double* a = recurrence_.a.data() + usize(axis) * usize(order);
    double* b = recurrence_.b.data() + usize(axis) * usize(order);
    double* c = recurrence_.c.data() + usize(axis) * usize(order);
    const double mass = chunked(n, threads, monitor, [&](std::size_t f, std::size_t l) {
      double s = 0;
      for (std::size_t i = f; i < l; i++) s += weight(i);
      return s;
    });
    for (std::size_t i = 0; i < n; i++) {
      before[i] = 0;
      now[i] = 1;
    }
    double beta = 0;
    const double reach = largest(t, n);
    for (int j = 0; j < max_degree_[axis]; j++) {
      const double square = chunked(n, threads, monitor, [&](std::size_t f, std::size_t l) {
        double s = 0;
        for (std::size_t i = f; i < l; i++) s += weight(i) * now[i] * now[i];
        return s;
      });
      const double shifted = chunked(n, threads, monitor, [&](std::size_t f, std::size_t l) {
        double s = 0;
        for (std::size_t i = f; i < l; i++) s += weight(i) * t[i] * now[i] * now[i];
        return s;
      });
      const double alpha = square > 0 ? shifted / square : 0;
      double top = 0, terms = 0;
      for (std::size_t i = 0; i < n; i++) {
        next[i] = (t[i] - alpha) * now[i] - beta * before[i];
        top = std::max(top, std::fabs(next[i]));
        terms = std::max(terms, reach * std::fabs(now[i]) + std::fabs(beta * before[i]));
      }
      if (!(top > kVanishing * terms)) {
        max_degree_[axis] = j;  // the points have j + 1 distinct values
        break;
      }
      const double next_square = chunked(n, threads, monitor, [&](std::size_t f, std::size_t l) {
        double s = 0;
        for (std::size_t i = f; i < l; i++) s += weight(i) * next[i] * next[i];
        return s;
      });
      const double norm = std::max(std::sqrt(next_square / mass), top / most);
      a[j] = 1 / norm;
      b[j] = -alpha / norm;
      c[j] = beta / norm;
      for (std::size_t i = 0; i < n; i++) {
        before[i] = now[i];
        now[i] = next[i] / norm;
      }
      beta = norm;
    }
  }
  for (int axis = 0; axis < dimension_; axis++)  // nothing uses higher powers
    for (int q = max_degree_[axis]; q < order; q++) {
      const std::size_t at = usize(axis) * usize(order) + usize(q);
      recurrence_.a[at] = recurrence_.b[at] = recurrence_.c[at] = 0;
    }
  const MultiIndices indices(dimension_ > 0 ? PolynomialSpace{block_, space.order, space.extra}
                                            : PolynomialSpace::total(1, order));
  List<int> kept;
  List<char> possible(indices.count, 1);
  for (int e = 0; e < indices.count; e++) {
    if (e > 0) possible[e] = possible[indices.parent[e]] && indices.degree[e] <= max_degree_[indices.axis[e]];
    if (possible[e]) kept.push_back(e);
  }
  if (dimension_ == 0) {  // all points are equal: there is one coordinate, and it is 0
    map_ = {List<double>(centre_.size(), 0.0), {}};
    std::fill_n(local_.data(), stride_, 0.0);
  }
  basis_ = std::make_unique<DoubleDoubleBasis>(indices, recurrence_, centre_, map_, kept);
}

}  // namespace fewpoints
