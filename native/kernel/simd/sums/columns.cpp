// One pass over a column: its range and the sums that give its mean and variance.
#include "simd/parts.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

Spread spread(const double* x, const double* w, double origin, size_t begin, size_t end) {
  constexpr int G = 4;  // vectors in flight
  const Vec o = splat(origin);
  Vec first[G], second[G], low[G], high[G];
  for (int q = 0; q < G; q++) first[q] = second[q] = low[q] = high[q] = Vec{};
  size_t i = begin;
  for (; i + G * W <= end; i += G * W)
    for (int q = 0; q < G; q++) {
      const Vec d = loadu(x + i + q * W) - o, wd = w ? loadu(w + i + q * W) * d : d;
      first[q] += wd;
      second[q] = madd(wd, d, second[q]);
      low[q] = d < low[q] ? d : low[q];
      high[q] = d > high[q] ? d : high[q];
    }
  for (; i < end; i += W) {
    const int count = end - i < W ? static_cast<int>(end - i) : W;
    Vec d = {}, wd = {};
    for (int l = 0; l < count; l++) {
      d[l] = x[i + usize(l)] - origin;
      wd[l] = w ? w[i + usize(l)] * d[l] : d[l];
    }
    first[0] += wd;
    second[0] = madd(wd, d, second[0]);
    low[0] = d < low[0] ? d : low[0];
    high[0] = d > high[0] ? d : high[0];
  }
  for (int q = 1; q < G; q++) {
    low[0] = low[q] < low[0] ? low[q] : low[0];
    high[0] = high[q] > high[0] ? high[q] : high[0];
  }
  return {sum((first[0] + first[1]) + (first[2] + first[3])), sum((second[0] + second[1]) + (second[2] + second[3])),
          smallest(low[0]), largest(high[0])};
}

}  // namespace fewpoints::FEWPOINTS_SIMD
