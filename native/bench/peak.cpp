// Compiled for the processor that compiles it (native/CMakeLists.txt).
#include "peak.hpp"

#include "simd/vector/vector.hpp"

namespace fewpoints::bench {

double independent_multiply_adds(std::size_t rounds) {
  using namespace FEWPOINTS_SIMD;
  constexpr int kIndependent = 12;
  Vec sums[kIndependent];
  for (int i = 0; i < kIndependent; i++) sums[i] = splat(i);
  const Vec x = splat(0.999999), y = splat(1e-9);
  for (std::size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
    for (int i = 0; i < kIndependent; i++) sums[i] = madd(sums[i], x, y);
  Vec all = sums[0];
  for (int i = 1; i < kIndependent; i++) all += sums[i];
  volatile double used = sum(all);  // otherwise the compiler would remove the loop
  static_cast<void>(used);
  return static_cast<double>(kIndependent * W) * static_cast<double>(rounds);
}

}  // namespace fewpoints::bench
