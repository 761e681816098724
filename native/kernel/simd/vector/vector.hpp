// A vector of doubles, as wide as the instruction set that this file is compiled for allows, and the few operations
// that the kernels need. Everything lives in a namespace that is named after the instruction set. No inline function of
// the standard library is used in simd/: the linker keeps one copy of such a function, and it could be the one that
// contains AVX-512.
#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#define FEWPOINTS_CONCAT_(a, b) a##b
#define FEWPOINTS_CONCAT(a, b) FEWPOINTS_CONCAT_(a, b)
#define FEWPOINTS_SIMD FEWPOINTS_CONCAT(isa_, FEWPOINTS_ISA)
#define FEWPOINTS_INLINE inline __attribute__((always_inline))

namespace fewpoints::FEWPOINTS_SIMD {

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define FEWPOINTS_AVX512 1
constexpr int W = 8;
#elif defined(__AVX2__) && defined(__FMA__)
#define FEWPOINTS_AVX2 1
constexpr int W = 4;
#else
constexpr int W = 2;
#endif

// An index or a count, which is not negative, as a size: implicit conversions of signed numbers give a warning.
FEWPOINTS_INLINE constexpr size_t usize(int i) { return static_cast<size_t>(i); }

typedef double Vec __attribute__((vector_size(8 * W)));
typedef long long Index __attribute__((vector_size(8 * W)));
typedef long long AlignedIndex __attribute__((vector_size(8 * W), may_alias));
typedef double UnalignedVec __attribute__((vector_size(8 * W), aligned(8), may_alias));
typedef double AlignedVec __attribute__((vector_size(8 * W), may_alias));
typedef float FloatVec __attribute__((vector_size(8 * W)));
typedef int FloatIndex __attribute__((vector_size(8 * W)));
typedef float UnalignedFloatVec __attribute__((vector_size(8 * W), aligned(4), may_alias));

FEWPOINTS_INLINE Vec load(const double* p) { return *reinterpret_cast<const AlignedVec*>(p); }
FEWPOINTS_INLINE Vec loadu(const double* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
FEWPOINTS_INLINE void store(double* p, Vec v) { *reinterpret_cast<AlignedVec*>(p) = v; }
FEWPOINTS_INLINE void storeu(double* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
FEWPOINTS_INLINE Index load_index(const long long* p) { return *reinterpret_cast<const AlignedIndex*>(p); }

// The first `count` (< W) elements, zeros after them.
FEWPOINTS_INLINE Vec load_part(const double* p, int count) {
  Vec v = {};
  for (int i = 0; i < count; i++) v[i] = p[i];
  return v;
}

// The operations that vectors of doubles and of floats have alike. T is the number, V its vector, I a vector of whole
// numbers as wide, R the register, S the ending of the intrinsics, ALL a mask of all lanes.
// - splat() is not V{} + x: the compiler has to keep that addition, for the sake of x = -0.
// - madd() is a b + c, nmadd() is c - a b: one rounding where the processor can, else two. Files here are compiled
//   without contraction, so that what is fused is what is written.
// - add_where_positive() is a + b where z > 0, a elsewhere.
// With AVX-512 some have a mask that hides nothing: GCC 12 gives false alarms for the intrinsics without one.
#if FEWPOINTS_AVX512
#define FEWPOINTS_OPERATIONS(T, V, I, R, S, ALL)                                                   \
  FEWPOINTS_INLINE V splat(T x) { return (V)_mm512_set1_##S(x); }                                  \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return (V)_mm512_fmadd_##S((R)a, (R)b, (R)c); }         \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return (V)_mm512_fnmadd_##S((R)a, (R)b, (R)c); }       \
  FEWPOINTS_INLINE V minimum(V a, V b) { return (V)_mm512_maskz_min_##S(ALL, (R)a, (R)b); }        \
  FEWPOINTS_INLINE V maximum(V a, V b) { return (V)_mm512_maskz_max_##S(ALL, (R)a, (R)b); }        \
  FEWPOINTS_INLINE V square_root(V a) { return (V)_mm512_maskz_sqrt_##S(ALL, (R)a); }              \
  FEWPOINTS_INLINE V add_where_positive(V z, V a, V b) {                                           \
    return (V)_mm512_mask_add_##S((R)a, _mm512_cmp_##S##_mask((R)z, R{}, _CMP_GT_OQ), (R)a, (R)b); \
  }
#elif FEWPOINTS_AVX2
#define FEWPOINTS_OPERATIONS(T, V, I, R, S, ALL)                                             \
  FEWPOINTS_INLINE V splat(T x) { return (V)_mm256_set1_##S(x); }                            \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return (V)_mm256_fmadd_##S((R)a, (R)b, (R)c); }   \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return (V)_mm256_fnmadd_##S((R)a, (R)b, (R)c); } \
  FEWPOINTS_INLINE V minimum(V a, V b) { return (V)_mm256_min_##S((R)a, (R)b); }             \
  FEWPOINTS_INLINE V maximum(V a, V b) { return (V)_mm256_max_##S((R)a, (R)b); }             \
  FEWPOINTS_INLINE V square_root(V a) { return (V)_mm256_sqrt_##S((R)a); }                   \
  FEWPOINTS_INLINE V add_where_positive(V z, V a, V b) { return a + (V)((I)b & (I)(z > V{})); }
#else
#if defined(__SSE2__)
#define FEWPOINTS_OWN_OPERATIONS(T, V, R, S)                    \
  FEWPOINTS_INLINE V splat(T x) { return (V)_mm_set1_##S(x); }  \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return a * b + c; }  \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return c - a * b; } \
  FEWPOINTS_INLINE V square_root(V a) { return (V)_mm_sqrt_##S((R)a); }
#elif defined(__ARM_NEON)
#define FEWPOINTS_OWN_OPERATIONS(T, V, R, S)                                         \
  FEWPOINTS_INLINE V splat(T x) { return (V)vdupq_n_##S(x); }                        \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return (V)vfmaq_##S((R)c, (R)a, (R)b); }  \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return (V)vfmsq_##S((R)c, (R)a, (R)b); } \
  FEWPOINTS_INLINE V square_root(V a) { return (V)vsqrtq_##S((R)a); }
#elif defined(__wasm_simd128__)
#define FEWPOINTS_OWN_OPERATIONS(T, V, R, S)                       \
  FEWPOINTS_INLINE V splat(T x) { return (V)wasm_##S##_splat(x); } \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return a * b + c; }     \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return c - a * b; }    \
  FEWPOINTS_INLINE V square_root(V a) { return (V)wasm_##S##_sqrt((R)a); }
#else
#define FEWPOINTS_OWN_OPERATIONS(T, V, R, S)                                                        \
  FEWPOINTS_INLINE V splat(T x) {                                                                   \
    V v = {};                                                                                       \
    for (size_t i = 0; i < sizeof(V) / sizeof(T); i++) v[i] = x;                                    \
    return v;                                                                                       \
  }                                                                                                 \
  FEWPOINTS_INLINE V madd(V a, V b, V c) { return a * b + c; }                                      \
  FEWPOINTS_INLINE V nmadd(V a, V b, V c) { return c - a * b; }                                     \
  FEWPOINTS_INLINE V square_root(V a) {                                                             \
    for (size_t i = 0; i < sizeof(V) / sizeof(T); i++) a[i] = static_cast<T>(__builtin_sqrt(a[i])); \
    return a;                                                                                       \
  }
#endif
#define FEWPOINTS_OPERATIONS(T, V, I, R, S, ALL)                 \
  FEWPOINTS_OWN_OPERATIONS(T, V, R, S)                           \
  FEWPOINTS_INLINE V minimum(V a, V b) { return a < b ? a : b; } \
  FEWPOINTS_INLINE V maximum(V a, V b) { return a > b ? a : b; } \
  FEWPOINTS_INLINE V add_where_positive(V z, V a, V b) { return a + (V)((I)b & (I)(z > V{})); }
#endif
#if FEWPOINTS_AVX512
FEWPOINTS_OPERATIONS(double, Vec, Index, __m512d, pd, 0xff)
FEWPOINTS_OPERATIONS(float, FloatVec, FloatIndex, __m512, ps, 0xffff)
#elif FEWPOINTS_AVX2
FEWPOINTS_OPERATIONS(double, Vec, Index, __m256d, pd, )
FEWPOINTS_OPERATIONS(float, FloatVec, FloatIndex, __m256, ps, )
#elif defined(__ARM_NEON)
FEWPOINTS_OPERATIONS(double, Vec, Index, float64x2_t, f64, )
FEWPOINTS_OPERATIONS(float, FloatVec, FloatIndex, float32x4_t, f32, )
#elif defined(__wasm_simd128__)
FEWPOINTS_OPERATIONS(double, Vec, Index, v128_t, f64x2, )
FEWPOINTS_OPERATIONS(float, FloatVec, FloatIndex, v128_t, f32x4, )
#else
FEWPOINTS_OPERATIONS(double, Vec, Index, __m128d, pd, )
FEWPOINTS_OPERATIONS(float, FloatVec, FloatIndex, __m128, ps, )
#endif

FEWPOINTS_INLINE Vec splat(int x) { return splat(static_cast<double>(x)); }
FEWPOINTS_INLINE Index splat_index(long long x) { return Index{} + x; }
FEWPOINTS_INLINE Vec magnitude(Vec a) { return (Vec)((Index)a & splat_index(0x7fffffffffffffffLL)); }
FEWPOINTS_INLINE FloatVec magnitude(FloatVec a) { return (FloatVec)((FloatIndex)a & (FloatIndex{} + 0x7fffffff)); }

// Lane i of the result is lane i ^ H of a, or of b where bit H of i is set.
template <int H>
FEWPOINTS_INLINE Vec exchange(Vec a, Vec b) {
#if defined(__clang__) && FEWPOINTS_AVX512
  constexpr auto at = [](int i) { return (i ^ H) + (i & H ? W : 0); };
  return __builtin_shufflevector(a, b, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
#elif defined(__clang__) && FEWPOINTS_AVX2
  constexpr auto at = [](int i) { return (i ^ H) + (i & H ? W : 0); };
  return __builtin_shufflevector(a, b, at(0), at(1), at(2), at(3));
#elif defined(__clang__)
  return __builtin_shufflevector(a, b, 1, 2);
#else
  Index from;
  for (int i = 0; i < W; i++) from[i] = (i ^ H) + (i & H ? W : 0);
  return __builtin_shuffle(a, b, from);
#endif
}
template <int H>
FEWPOINTS_INLINE Vec exchange(Vec a) {
#if defined(__clang__) && FEWPOINTS_AVX512
  return __builtin_shufflevector(a, a, 0 ^ H, 1 ^ H, 2 ^ H, 3 ^ H, 4 ^ H, 5 ^ H, 6 ^ H, 7 ^ H);
#elif defined(__clang__) && FEWPOINTS_AVX2
  return __builtin_shufflevector(a, a, 0 ^ H, 1 ^ H, 2 ^ H, 3 ^ H);
#elif defined(__clang__)
  return __builtin_shufflevector(a, a, 1, 0);
#else
  Index from;
  for (int i = 0; i < W; i++) from[i] = i ^ H;
  return __builtin_shuffle(a, from);
#endif
}

// Reductions combine halves with halves. Their order is fixed, and so are the bits of the result.
FEWPOINTS_INLINE double sum(Vec a) {
  if constexpr (W == 8) a += exchange<4>(a);
  if constexpr (W >= 4) a += exchange<2>(a);
  a += exchange<1>(a);
  return a[0];
}
FEWPOINTS_INLINE double smallest(Vec a) {
  if constexpr (W == 8) a = minimum(a, exchange<4>(a));
  if constexpr (W >= 4) a = minimum(a, exchange<2>(a));
  return minimum(a, exchange<1>(a))[0];
}
FEWPOINTS_INLINE double largest(Vec a) {
  if constexpr (W == 8) a = maximum(a, exchange<4>(a));
  if constexpr (W >= 4) a = maximum(a, exchange<2>(a));
  return maximum(a, exchange<1>(a))[0];
}

// The least and the largest of x[0 .. n), n > 0.
FEWPOINTS_INLINE void extremes(const double* x, size_t n, double* low, double* high) {
  if (n < W) {
    *low = *high = x[0];
    for (size_t i = 1; i < n; i++) {
      *low = x[i] < *low ? x[i] : *low;
      *high = x[i] > *high ? x[i] : *high;
    }
    return;
  }
  // The last vector overlaps the one before it.
  Vec low0 = loadu(x), high0 = low0, low1 = loadu(x + n - W), high1 = low1;
  size_t i = W;
  for (; i + 2 * W <= n; i += 2 * W) {
    const Vec x0 = loadu(x + i), x1 = loadu(x + i + W);
    low0 = minimum(x0, low0);
    high0 = maximum(x0, high0);
    low1 = minimum(x1, low1);
    high1 = maximum(x1, high1);
  }
  if (i + W <= n) {
    low0 = minimum(loadu(x + i), low0);
    high0 = maximum(loadu(x + i), high0);
  }
  *low = smallest(minimum(low0, low1));
  *high = largest(maximum(high0, high1));
}

// Lane l is sum(a[l]), with the same bits.
template <int H>
FEWPOINTS_INLINE Vec fold(Vec a, Vec b) {
  Index upper;
  for (int i = 0; i < W; i++) upper[i] = i & H ? -1 : 0;
  return (upper ? b : a) + exchange<H>(a, b);
}
FEWPOINTS_INLINE Vec sums_of(const Vec* a) {
  if constexpr (W == 8) {
    const Vec s0 = fold<4>(a[0], a[4]), s1 = fold<4>(a[1], a[5]), s2 = fold<4>(a[2], a[6]), s3 = fold<4>(a[3], a[7]);
    return fold<1>(fold<2>(s0, s2), fold<2>(s1, s3));
  } else if constexpr (W == 4) {
    return fold<1>(fold<2>(a[0], a[2]), fold<2>(a[1], a[3]));
  } else {
    return fold<1>(a[0], a[1]);
  }
}

// Whether any lane of a comparison's result is set.
FEWPOINTS_INLINE bool any(Index a) {
#if FEWPOINTS_AVX512
  return _mm512_movepi64_mask((__m512i)a) != 0;
#elif FEWPOINTS_AVX2
  return _mm256_movemask_pd((__m256d)a) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_pd((__m128d)a) != 0;
#else
  return (a[0] | a[1]) != 0;
#endif
}

// (a & mask) | bits
FEWPOINTS_INLINE Vec marked(Vec a, Index mask, Index bits) {
#if FEWPOINTS_AVX512
  return (Vec)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)mask, (__m512i)bits, 0xEA);
#else
  return (Vec)(((Index)a & mask) | bits);
#endif
}
// All bits set in this lane, none elsewhere.
alignas(64) static const long long kLaneWindow[16] = {0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0};
FEWPOINTS_INLINE Index lane_mask(unsigned lane) {
  return (Index)loadu(reinterpret_cast<const double*>(kLaneWindow + 7 - lane));
}
// row[p] = x, by a store as wide as a vector; row is aligned as for load(). After a narrow store, the next wide load of
// the place would wait until all earlier stores have reached the cache.
FEWPOINTS_INLINE void set_entry(double* row, int p, double x) {
  const unsigned lane = static_cast<unsigned>(p) % W;
  double* at = row + (static_cast<unsigned>(p) - lane);
  store(at, lane_mask(lane) ? splat(x) : load(at));
}
FEWPOINTS_INLINE void clear_entry(long long* row, int p) {
  const unsigned lane = static_cast<unsigned>(p) % W;
  long long* at = row + (static_cast<unsigned>(p) - lane);
  *reinterpret_cast<AlignedIndex*>(at) = load_index(at) & ~lane_mask(lane);
}

FEWPOINTS_INLINE long long bits_of(double x) {
  long long b;
  __builtin_memcpy(&b, &x, sizeof b);
  return b;
}

FEWPOINTS_INLINE double absolute(double x) { return __builtin_fabs(x); }

}  // namespace fewpoints::FEWPOINTS_SIMD
