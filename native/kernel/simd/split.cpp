// Stable split of a range of points by one coordinate, and the bounding boxes of both sides in the same pass.
#include "parts.hpp"
#include "vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Points are moved in blocks that stay in the first-level cache, so that the boxes are taken from warm memory.
constexpr size_t kBlock = 256;

#if FEWPOINTS_AVX512
FEWPOINTS_INLINE unsigned below(const double* key, double threshold) {
  return _mm512_cmp_pd_mask(_mm512_loadu_pd(key), _mm512_set1_pd(threshold), _CMP_LT_OQ);
}
FEWPOINTS_INLINE void compress(double* to, const double* from, unsigned mask) {
  _mm512_storeu_pd(to, _mm512_maskz_compress_pd(static_cast<__mmask8>(mask), _mm512_loadu_pd(from)));
}
FEWPOINTS_INLINE void compress(uint32_t* to, const uint32_t* from, unsigned mask) {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_compress_epi32(static_cast<__mmask8>(mask), v));
}
#elif FEWPOINTS_AVX2
struct Shuffles {
  alignas(32) int doubles[16][8];          // for vpermd: pairs of 32-bit halves
  alignas(16) unsigned char ints[16][16];  // for pshufb
};
constexpr Shuffles make_shuffles() {
  Shuffles s{};
  for (int mask = 0; mask < 16; mask++) {
    int to = 0;
    for (int i = 0; i < 4; i++)
      if (mask >> i & 1) {
        s.doubles[mask][2 * to] = 2 * i;
        s.doubles[mask][2 * to + 1] = 2 * i + 1;
        for (int b = 0; b < 4; b++) s.ints[mask][4 * to + b] = static_cast<unsigned char>(4 * i + b);
        to++;
      }
  }
  return s;
}
constexpr Shuffles kShuffles = make_shuffles();
FEWPOINTS_INLINE unsigned below(const double* key, double threshold) {
  return static_cast<unsigned>(
      _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(key), _mm256_set1_pd(threshold), _CMP_LT_OQ)));
}
FEWPOINTS_INLINE void compress(double* to, const double* from, unsigned mask) {
  const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kShuffles.doubles[mask]));
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(v, order));
}
FEWPOINTS_INLINE void compress(uint32_t* to, const uint32_t* from, unsigned mask) {
  const __m128i order = _mm_load_si128(reinterpret_cast<const __m128i*>(kShuffles.ints[mask]));
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(v, order));
}
#else
FEWPOINTS_INLINE unsigned below(const double* key, double threshold) {
  return static_cast<unsigned>(key[0] < threshold) | static_cast<unsigned>(key[1] < threshold) << 1;
}
template <class T>
FEWPOINTS_INLINE void compress(T* to, const T* from, unsigned mask) {
  const T first = from[0], second = from[1];
  to[0] = mask & 1 ? first : second;
  to[1] = second;
}
#endif

template <class T>
FEWPOINTS_INLINE void compress_exactly(T* to, const T* from, unsigned mask, int count) {
  for (int i = 0; i < count; i++)
    if (mask >> i & 1) *to++ = from[i];
}

void widen(const double* x, size_t begin, size_t end, double& low, double& high) {
  if (begin == end) return;
  double l = low, h = high;
  size_t i = begin;
  if (end - begin >= W) {
    Vec vl = splat(l), vh = splat(h);
    for (; i + W <= end; i += W) {
      const Vec v = loadu(x + i);
      vl = minimum(v, vl);
      vh = maximum(v, vh);
    }
    const Vec v = loadu(x + end - W);
    l = smallest(minimum(v, vl));
    h = largest(maximum(v, vh));
  } else {
    for (; i < end; i++) {
      l = x[i] < l ? x[i] : l;
      h = x[i] > h ? x[i] : h;
    }
  }
  low = l;
  high = h;
}

}  // namespace

void bounds(const double* x, size_t begin, size_t end, double* low, double* high) { widen(x, begin, end, *low, *high); }

double sum_range(const double* x, size_t begin, size_t end) {
  Vec s = {};
  size_t i = begin;
  for (; i + W <= end; i += W) s += loadu(x + i);
  double r = sum(s);
  for (; i < end; i++) r += x[i];
  return r;
}

size_t count_below(const double* key, size_t begin, size_t end, double threshold) {
  Index count = {};
  const Vec t = splat(threshold);
  size_t i = begin;
  for (; i + W <= end; i += W) count -= loadu(key + i) < t;
  size_t total = 0;
  for (int l = 0; l < W; l++) total += static_cast<size_t>(count[l]);
  for (; i < end; i++) total += key[i] < threshold;
  return total;
}

namespace {

// MOVED arrays of doubles (coordinates, then weights), known at compile time so that their pointers stay in registers;
// 0: any.
template <int MOVED>
void split_moving(const SplitArrays& arrays, int key_column, double threshold, size_t begin, size_t end,
                  SplitSide& left, SplitSide& right) {
  const double* key = arrays.from[key_column];
  const int moved = MOVED > 0 ? MOVED : arrays.columns + (arrays.weighted ? 1 : 0);
  constexpr int kHeld = MOVED > 0 ? MOVED : 1;
  const double* held_from[kHeld];
  double* held_to[kHeld];
  for (int a = 0; a < kHeld; a++) {
    held_from[a] = arrays.from[a];
    held_to[a] = arrays.to[a];
  }
  const double* const* from = MOVED > 0 ? held_from : arrays.from;
  double* const* to = MOVED > 0 ? held_to : arrays.to;
  const uint32_t* from_rows = arrays.from_rows;
  uint32_t* to_rows = arrays.to_rows;
  const size_t left_end = left.end, right_end = right.end;
  size_t to_left = left.begin, to_right = right.begin;
  for (size_t block = begin; block < end; block += kBlock) {
    const size_t block_end = block + kBlock < end ? block + kBlock : end;
    const size_t left_start = to_left, right_start = to_right;
    for (size_t i = block; i < block_end; i += W) {
      const int count = block_end - i < W ? static_cast<int>(block_end - i) : W;
      const unsigned all = (1u << count) - 1;
      const unsigned less = below(key + i, threshold) & all;  // arrays are padded: a whole vector may be read
      const unsigned rest = ~less & all;
      const int lefts = __builtin_popcount(less);
      // A whole vector is stored where that stays inside this call's own range: a neighbour's points may lie behind it.
      if (to_left + W <= left_end && to_right + W <= right_end) {
        for (int a = 0; a < moved; a++) {
          compress(to[a] + to_left, from[a] + i, less);
          compress(to[a] + to_right, from[a] + i, rest);
        }
        compress(to_rows + to_left, from_rows + i, less);
        compress(to_rows + to_right, from_rows + i, rest);
      } else {
        for (int a = 0; a < moved; a++) {
          compress_exactly(to[a] + to_left, from[a] + i, less, count);
          compress_exactly(to[a] + to_right, from[a] + i, rest, count);
        }
        compress_exactly(to_rows + to_left, from_rows + i, less, count);
        compress_exactly(to_rows + to_right, from_rows + i, rest, count);
      }
      to_left += lefts;
      to_right += count - lefts;
    }
    for (int a = 0; a < arrays.columns; a++) {
      widen(to[a], left_start, to_left, left.low[a], left.high[a]);
      widen(to[a], right_start, to_right, right.low[a], right.high[a]);
    }
    if (arrays.weighted) {
      left.mass += sum_range(to[moved - 1], left_start, to_left);
      right.mass += sum_range(to[moved - 1], right_start, to_right);
    }
  }
}

}  // namespace

void split(const SplitArrays& arrays, int key, double threshold, size_t begin, size_t end, SplitSide& left,
           SplitSide& right) {
  switch (arrays.columns + (arrays.weighted ? 1 : 0)) {
    case 1: return split_moving<1>(arrays, key, threshold, begin, end, left, right);
    case 2: return split_moving<2>(arrays, key, threshold, begin, end, left, right);
    case 3: return split_moving<3>(arrays, key, threshold, begin, end, left, right);
    case 4: return split_moving<4>(arrays, key, threshold, begin, end, left, right);
    default: return split_moving<0>(arrays, key, threshold, begin, end, left, right);
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
