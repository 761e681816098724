#include "simd/cell/located_cell.hpp"

#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

constexpr double kEven = 0.1;               // the share of the candidates by leverage that are spread evenly
constexpr double kLargestLeverage = 1e100;  // sums of them stay finite

}  // namespace

void LocatedCell::measure() {
  for (int a = 0; a < shape.dimension; a++) {
    double low, high;
    extremes(points.x[a], points.count, &low, &high);
    basis.centre[a] = 0.5 * low + 0.5 * high;
    const double half = 0.5 * high - 0.5 * low;
    basis.scale[a] = half > 0 ? 1 / half : 0;
  }
  basis.set_legendre(shape.dimension, shape.order);
}

void LocatedCell::coordinates(const int* at, int count, int stride, double* out) const {
  for (int c = 0; c < count; c += W) {
    Vec t[usize(kMaxFastDimension)];
    for (int a = 0; a < shape.dimension; a++) {
      Vec v = {};
      for (int l = 0; l < W && c + l < count; l++) v[l] = points.x[a][at[c + l]];
      t[a] = local(a, v);
    }
    if (basis.mixed) basis.mix(shape.dimension, t);
    for (int a = 0; a < shape.dimension; a++) store(out + a * stride + c, t[a]);
  }
}

void LocatedCell::choose_evenly(int S, int* candidates) const {
  // In fixed point. The step is at least 1, so no point comes twice.
  const uint64_t step = (static_cast<uint64_t>(points.count) << 32) / static_cast<uint64_t>(S), half = step / 2;
  for (int c = 0; c < S; c++)
    candidates[c] = static_cast<int>((static_cast<uint64_t>(static_cast<uint32_t>(c)) * step + half) >> 32);
}

// How much the points from i on, at most W of them, may matter: in coordinates of variance 1, sum_e phi_e^2 grows no
// faster than the square of this. Points heavier than the mean matter more. Lanes after the last point are 0.
Vec LocatedCell::leverage(size_t i) const {
  const size_t n = points.count;
  Vec t[usize(kMaxFastDimension)], square = {};
  for (int a = 0; a < shape.dimension; a++) {
    Vec x = splat(points.x[a][i]);
    if (i + W <= n) {
      x = loadu(points.x[a] + i);
    } else {
      for (size_t l = 0; i + l < n; l++) x[l] = points.x[a][i + l];
    }
    t[a] = local(a, x);
  }
  if (basis.mixed) basis.mix(shape.dimension, t);
  for (int a = 0; a < shape.dimension; a++) square = madd(t[a], t[a], square);
  const Vec growth = madd(square, splat(1.0 / shape.dimension), splat(1));
  Vec power = shape.order % 2 ? square_root(growth) : splat(1);
  for (int j = 2; j <= shape.order; j += 2) power = power * growth;
  power = minimum(power, splat(kLargestLeverage));
  if (i + W <= n) return points.w ? madd(loadu(points.w + i), splat(per_weight), splat(1)) * power : power;
  if (points.w)
    for (size_t l = 0; i + l < n; l++) power[l] *= points.w[i + l] * per_weight + 1;
  for (size_t l = n - i; l < W; l++) power[l] = 0;
  return power;
}

void LocatedCell::choose_by_leverage(int S, int* candidates, double* share, unsigned char* taken) {
  const size_t n = points.count;
  if (points.w) {
    double mass = 0;
    for (size_t i = 0; i < n; i++) mass += points.w[i];
    per_weight = static_cast<double>(n) / mass;
  }
  const Vec even = splat(kEven * S / static_cast<double>(n));
  double rate = 0;
  for (int pass = 0; pass < 3; pass++) {  // the cap at 1 changes the sum
    Vec total = {};
    for (size_t i = 0; i < n; i += W) {
      const Vec q = leverage(i);
      total += pass == 0 ? q : minimum(madd(q, splat(rate), even), splat(1));
    }
    rate = pass == 0 ? (1 - kEven) * S / sum(total) : rate * (S / sum(total));
  }
  int count = 0;
  double before = 0, next = 0.5;
  for (size_t i = 0; i < n; i += W) {
    const Vec q = minimum(madd(leverage(i), splat(rate), even), splat(1));
    for (size_t l = 0; l < W && i + l < n; l++) {
      before += q[l];
      taken[i + l] = before > next && count < S;
      if (!taken[i + l]) continue;
      share[count] = 1 / q[l];
      candidates[count++] = static_cast<int>(i + l);
      next += 1;
    }
  }
  for (size_t i = n; count < S;)
    if (!taken[--i]) {
      share[count] = 1;
      candidates[count++] = static_cast<int>(i);
    }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
