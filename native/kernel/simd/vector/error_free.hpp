// Error-free transformations (Dekker 1971; Knuth): the operations that sums in twice the working precision are built
// of.
#pragma once
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

struct Twofold {
  Vec high, low;
};

FEWPOINTS_INLINE Twofold two_sum(Vec a, Vec b) {
  const Vec s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// a b - p, where p is a b rounded.
FEWPOINTS_INLINE Vec lost_product(Vec a, Vec b, Vec p) {
#if FEWPOINTS_AVX512 || FEWPOINTS_AVX2 || defined(__ARM_NEON)
  return madd(a, b, -p);
#else
  const Vec factor = splat(134217729.0);  // 2^27 + 1: halves of 26 bits multiply without rounding
  const Vec ca = factor * a, ah = ca - (ca - a), al = a - ah;
  const Vec cb = factor * b, bh = cb - (cb - b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}

// high + low += x. low is not normalised to at most half an ulp of high.
FEWPOINTS_INLINE void accumulate(Vec& high, Vec& low, Twofold x) {
  const Twofold s = two_sum(high, x.high);
  high = s.high;
  low += s.low + x.low;
}
FEWPOINTS_INLINE void accumulate(Vec& high, Vec& low, Vec x) {
  const Twofold s = two_sum(high, x);
  high = s.high;
  low += s.low;
}
// high + low += a b
FEWPOINTS_INLINE void accumulate_product(Vec& high, Vec& low, Vec a, Vec b) {
  const Vec p = a * b;
  accumulate(high, low, {p, lost_product(a, b, p)});
}
// high + low += the lanes of x, in a fixed order.
FEWPOINTS_INLINE void accumulate_lanes(double& high, double& low, Twofold x) {
  for (int i = 0; i < W; i++) {
    const double s = high + x.high[i], t = s - high;
    low += ((high - (s - t)) + (x.high[i] - t)) + x.low[i];
    high = s;
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
