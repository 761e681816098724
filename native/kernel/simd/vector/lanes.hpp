// Vectors of float and of double under common names, for kernels that are compiled for both. A Lanes<T>::Vec holds
// Lanes<T>::count numbers.
#pragma once
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

typedef float FloatVec __attribute__((vector_size(8 * W)));
typedef int FloatIndex __attribute__((vector_size(8 * W)));
typedef float UnalignedFloatVec __attribute__((vector_size(8 * W), aligned(4), may_alias));

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
FEWPOINTS_INLINE FloatVec splat(float x) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_set1_ps(x);
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_set1_ps(x);
#else
  return FloatVec{x, x, x, x};
#endif
}
FEWPOINTS_INLINE FloatVec madd(FloatVec a, FloatVec b, FloatVec c) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
  return (FloatVec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
FEWPOINTS_INLINE FloatVec nmadd(FloatVec a, FloatVec b, FloatVec c) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
  return (FloatVec)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return c - a * b;
#endif
}
FEWPOINTS_INLINE FloatVec minimum(FloatVec a, FloatVec b) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b);  // not min_ps: GCC 12 warns without reason
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return a < b ? a : b;
#endif
}
FEWPOINTS_INLINE FloatVec maximum(FloatVec a, FloatVec b) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return a > b ? a : b;
#endif
}
FEWPOINTS_INLINE FloatVec magnitude(FloatVec a) { return (FloatVec)((FloatIndex)a & (FloatIndex{} + 0x7fffffff)); }

// a + b where z > 0, a elsewhere.
FEWPOINTS_INLINE Vec add_where_positive(Vec z, Vec a, Vec b) {
#if FEWPOINTS_AVX512
  return (Vec)_mm512_mask_add_pd((__m512d)a, _mm512_cmp_pd_mask((__m512d)z, __m512d{}, _CMP_GT_OQ), (__m512d)a,
                                 (__m512d)b);
#else
  return a + (Vec)((Index)b & (Index)(z > Vec{}));
#endif
}
FEWPOINTS_INLINE FloatVec add_where_positive(FloatVec z, FloatVec a, FloatVec b) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_mask_add_ps((__m512)a, _mm512_cmp_ps_mask((__m512)z, __m512{}, _CMP_GT_OQ), (__m512)a,
                                      (__m512)b);
#else
  return a + (FloatVec)((FloatIndex)b & (FloatIndex)(z > FloatVec{}));
#endif
}

FEWPOINTS_INLINE Vec square_root(Vec a) {
#if FEWPOINTS_AVX512
  return (Vec)_mm512_maskz_sqrt_pd(0xff, (__m512d)a);
#elif FEWPOINTS_AVX2
  return (Vec)_mm256_sqrt_pd((__m256d)a);
#elif defined(__SSE2__)
  return (Vec)_mm_sqrt_pd((__m128d)a);
#else
  for (int i = 0; i < W; i++) a[i] = __builtin_sqrt(a[i]);
  return a;
#endif
}
FEWPOINTS_INLINE FloatVec square_root(FloatVec a) {
#if FEWPOINTS_AVX512
  return (FloatVec)_mm512_maskz_sqrt_ps(0xffff, (__m512)a);
#elif FEWPOINTS_AVX2
  return (FloatVec)_mm256_sqrt_ps((__m256)a);
#elif defined(__SSE2__)
  return (FloatVec)_mm_sqrt_ps((__m128)a);
#else
  for (int i = 0; i < 2 * W; i++) a[i] = __builtin_sqrtf(a[i]);
  return a;
#endif
}

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
