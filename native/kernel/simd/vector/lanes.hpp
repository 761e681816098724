// Vectors of float and of double under common names, for kernels that are compiled for both. A Lanes<T>::Vec holds
// Lanes<T>::count numbers.
#pragma once
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

template <class T>
struct Lanes;
template <>
struct Lanes<double> {
  using Vec = fewpoints::FEWPOINTS_SIMD::Vec;
  using Index = fewpoints::FEWPOINTS_SIMD::Index;
  static constexpr int count = W;
};
template <>
struct Lanes<float> {
  using Vec = FloatVec;
  using Index = FloatIndex;
  static constexpr int count = 2 * W;
};
template <class T>
using VecOf = typename Lanes<T>::Vec;

FEWPOINTS_INLINE FloatVec loadu(const float* p) { return *reinterpret_cast<const UnalignedFloatVec*>(p); }
FEWPOINTS_INLINE void storeu(float* p, FloatVec v) { *reinterpret_cast<UnalignedFloatVec*>(p) = v; }

// The sign of `from` on the magnitude of `to`.
FEWPOINTS_INLINE Vec with_sign(Vec to, Vec from) {
  const Index sign = splat_index(static_cast<long long>(0x8000000000000000ULL));
  return (Vec)(((Index)to & ~sign) | ((Index)from & sign));
}
FEWPOINTS_INLINE FloatVec with_sign(FloatVec to, FloatVec from) {
  const FloatIndex sign = FloatIndex{} + static_cast<int>(0x80000000U);
  return (FloatVec)(((FloatIndex)to & ~sign) | ((FloatIndex)from & sign));
}

}  // namespace fewpoints::FEWPOINTS_SIMD
