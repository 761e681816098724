// Sums over weighted points of products of one-dimensional polynomials, with no table of features. Every feature is a
// head (the weight times some factors) times a tail (the other factors): sqrt(N) of each make N features. A block of
// points gets its heads and tails once, in the first-level cache; then one multiply-add a feature and vector is left.
//
// Sums to the last bit, for any order of the points. With M = 1.5 2^52 g, g a power of two, fl(M + y) - M is y rounded
// to a multiple of g, whatever was added before, and the bit pattern of fl(M + y) is that of M plus the integer y / g,
// for |y| < 2^51 g. Integers add without error in any order. A product is cut in two such pieces, the second of which
// takes the low parts as well: 94 bits below its bound. (The idea is that of pre-rounded sums: Rump 2009; Demmel and
// Nguyen 2013. An integer sum of bit patterns in the place of their floating-point one needs no carries.)
#include "parts.hpp"
#include "vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

typedef unsigned long long Bits __attribute__((vector_size(8 * W)));

struct Twofold {
  Vec high, low;
};

FEWPOINTS_INLINE Twofold two_sum(Vec a, Vec b) {
  const Vec s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
// a b - p for p = fl(a b), exactly.
FEWPOINTS_INLINE Vec product_error(Vec a, Vec b, Vec p) {
#if FEWPOINTS_AVX512 || FEWPOINTS_AVX2 || defined(__ARM_NEON)
  return madd(a, b, -p);
#else
  const Vec factor = splat(134217729.0);  // 2^27 + 1: halves of 26 bits multiply without rounding (Dekker 1971)
  const Vec ca = factor * a, ah = ca - (ca - a), al = a - ah;
  const Vec cb = factor * b, bh = cb - (cb - b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}
// The low part collects the rounding errors to first order and is not brought below half an ulp of the high part: what
// is left out is of the order of (number of factors)^2 u^2.
FEWPOINTS_INLINE Twofold multiply(Twofold a, Twofold b) {
  const Vec p = a.high * b.high;
  return {p, madd(a.high, b.low, madd(a.low, b.high, product_error(a.high, b.high, p)))};
}
FEWPOINTS_INLINE Twofold multiply(Twofold a, Vec b) {
  const Vec p = a.high * b;
  return {p, madd(a.low, b, product_error(a.high, b, p))};
}
FEWPOINTS_INLINE Twofold plus(Twofold a, Twofold b) {
  const Twofold s = two_sum(a.high, b.high);
  return {s.high, s.low + (a.low + b.low)};
}
FEWPOINTS_INLINE Twofold minus(Twofold a, Twofold b) { return plus(a, {-b.high, -b.low}); }

// A block is V vectors of points; arrays are [item][vector].
constexpr int kLongBlock = 16, kShortBlock = 8;
constexpr size_t kFirstLevelCache = 32768;

struct Block {
  size_t begin, end;  // end - begin <= V W; lanes behind the last point get weight 0
  const double* const* x;
  const double* w;
};

FEWPOINTS_INLINE int lanes_of(const Block& block, int v) {
  const size_t first = block.begin + static_cast<size_t>(v) * W;
  return first >= block.end ? 0 : block.end - first < W ? static_cast<int>(block.end - first) : W;
}
// Any coordinate will do where the weight is 0.
FEWPOINTS_INLINE Vec coordinates(const Block& block, const double* x, int v, double elsewhere) {
  const int lanes = lanes_of(block, v);
  const size_t first = block.begin + static_cast<size_t>(v) * W;
  if (lanes == W) return loadu(x + first);
  Vec r = splat(elsewhere);
  for (int l = 0; l < lanes; l++) r[l] = x[first + l];
  return r;
}
FEWPOINTS_INLINE Vec weights_of(const Block& block, int v) {
  const int lanes = lanes_of(block, v);
  const size_t first = block.begin + static_cast<size_t>(v) * W;
  if (lanes == W) return block.w ? loadu(block.w + first) : splat(1);
  Vec r = {};
  for (int l = 0; l < lanes; l++) r[l] = block.w ? block.w[first + l] : 1;
  return r;
}

// ---- heads and tails, plain

template <int V>
struct Plain {
  Vec *powers, *heads, *tails;  // powers: dimension x (order + 1)

  Plain(const ProductShape& shape, double* workspace) {
    powers = reinterpret_cast<Vec*>(workspace);
    heads = powers + static_cast<size_t>(shape.dimension) * (shape.order + 1) * V;
    tails = heads + static_cast<size_t>(shape.heads.count) * V;
    if (shape.tail_axis >= 0) tails = powers + static_cast<size_t>(shape.tail_axis) * (shape.order + 1) * V;
  }

  void evaluate(const ProductShape& shape, const Block& block) {
    const int k1 = shape.order + 1;
    for (int a = 0; a < shape.dimension; a++) {
      Vec* p = powers + static_cast<size_t>(a) * k1 * V;
      const double c = shape.centre[a];
      const Vec centre = splat(c), scale = splat(shape.scale[a]);
      for (int v = 0; v < V; v++) {
        const Vec t = (coordinates(block, block.x[a], v, c) - centre) * scale;
        p[v] = splat(1);
        if (k1 > 1) p[V + v] = t;
      }
      // Degree by degree: all vectors of the block are independent.
      for (int j = 2; j < k1; j++) {
        const Vec* t = p + V;
        const Vec *one = p + (j - 1) * V, *two = p + (j - 2) * V;
        Vec* to = p + j * V;
        if (shape.legendre) {
          const Vec f = splat((2.0 * j - 1) / j), g = splat(-(j - 1.0) / j);
          for (int v = 0; v < V; v++) to[v] = madd(f * t[v], one[v], g * two[v]);
        } else {
          for (int v = 0; v < V; v++) to[v] = t[v] * one[v];
        }
      }
    }
    for (int v = 0; v < V; v++) heads[v] = weights_of(block, v);
    products(shape, shape.heads, heads, block.w == nullptr && block.end - block.begin == V * W);
    if (shape.tail_axis >= 0) return;
    for (int v = 0; v < V; v++) tails[v] = splat(1);
    products(shape, shape.tails, tails, true);
  }

  void products(const ProductShape& shape, const ProductList& list, Vec* out, bool first_is_one) {
    const int k1 = shape.order + 1;
    for (int i = 1; i < list.count; i++) {
      const Vec* p = powers + (static_cast<size_t>(list.axis[i]) * k1 + list.degree[i]) * V;
      const Vec* parent = out + static_cast<size_t>(list.parent[i]) * V;
      Vec* to = out + static_cast<size_t>(i) * V;
      if (first_is_one && list.parent[i] == 0)
        for (int v = 0; v < V; v++) to[v] = p[v];
      else
        for (int v = 0; v < V; v++) to[v] = parent[v] * p[v];
    }
  }
};

// U partial sums a feature, where there are few features to hide the latency of an addition.
template <int V, int J>
void plain_tile(const Vec* head, const Vec* tail, Vec* sums) {
  constexpr int U = J <= 2 ? 4 : J <= 4 ? 2 : 1;
  Vec s[U][J];
  for (int j = 0; j < J; j++) s[0][j] = sums[j];
  for (int u = 1; u < U; u++)
    for (int j = 0; j < J; j++) s[u][j] = Vec{};
#pragma GCC unroll 2
  for (int v = 0; v < V; v += U)
    for (int u = 0; u < U; u++)
      for (int j = 0; j < J; j++) s[u][j] = madd(head[v + u], tail[j * V + v + u], s[u][j]);
  for (int u = U / 2; u > 0; u /= 2)
    for (int q = 0; q < u; q++)
      for (int j = 0; j < J; j++) s[q][j] += s[q + u][j];
  for (int j = 0; j < J; j++) sums[j] = s[0][j];
}

template <int V>
void plain_run(const Vec* head, const Vec* tail, int count, Vec* sums) {
  constexpr int J = 8;
  for (; count >= J; count -= J, tail += J * V, sums += J) plain_tile<V, J>(head, tail, sums);
  switch (count) {
    case 7: return plain_tile<V, 7>(head, tail, sums);
    case 6: return plain_tile<V, 6>(head, tail, sums);
    case 5: return plain_tile<V, 5>(head, tail, sums);
    case 4: return plain_tile<V, 4>(head, tail, sums);
    case 3: return plain_tile<V, 3>(head, tail, sums);
    case 2: return plain_tile<V, 2>(head, tail, sums);
    case 1: return plain_tile<V, 1>(head, tail, sums);
    default: return;
  }
}

template <int V>
void plain_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                double* sums, double* workspace) {
  Vec* total = reinterpret_cast<Vec*>(workspace);
  Plain<V> block(shape, workspace + static_cast<size_t>(shape.count) * W);
  for (int e = 0; e < shape.count; e++) total[e] = Vec{};
  for (size_t i = begin; i < end; i += V * W) {
    block.evaluate(shape, {i, end - i < V * W ? end : i + V * W, x, w});
    for (int r = 0; r < shape.runs; r++) {
      const ProductRun& run = shape.run[r];
      plain_run<V>(block.heads + static_cast<size_t>(run.head) * V, block.tails + static_cast<size_t>(run.tail) * V,
                   run.count, total + run.first);
    }
  }
  for (int e = 0; e < shape.count; e++) sums[e] = sum(total[e]);
}

// Largest |head tail| of each feature: at most one rounding from the product's.
template <int V>
void largest_products(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                      double* result, double* workspace) {
  Vec* most = reinterpret_cast<Vec*>(workspace);
  Plain<V> block(shape, workspace + static_cast<size_t>(shape.count) * W);
  for (int e = 0; e < shape.count; e++) most[e] = Vec{};
  for (size_t i = begin; i < end; i += V * W) {
    block.evaluate(shape, {i, end - i < V * W ? end : i + V * W, x, w});
    for (int r = 0; r < shape.runs; r++) {
      const ProductRun& run = shape.run[r];
      const Vec* head = block.heads + static_cast<size_t>(run.head) * V;
      for (int j = 0; j < run.count; j++) {
        const Vec* tail = block.tails + static_cast<size_t>(run.tail + j) * V;
        Vec m = most[run.first + j];
        for (int v = 0; v < V; v++) m = maximum(m, magnitude(head[v] * tail[v]));
        most[run.first + j] = m;
      }
    }
  }
  for (int e = 0; e < shape.count; e++) result[e] = largest(most[e]);
}

// ---- heads and tails in two parts

template <int V>
struct Double {
  Vec *powers, *heads, *tails;  // each item: V high parts, then V low parts

  Double(const ProductShape& shape, double* workspace) {
    powers = reinterpret_cast<Vec*>(workspace);
    heads = powers + static_cast<size_t>(shape.dimension) * (shape.order + 1) * 2 * V;
    tails = heads + static_cast<size_t>(shape.heads.count) * 2 * V;
    if (shape.tail_axis >= 0) tails = powers + static_cast<size_t>(shape.tail_axis) * (shape.order + 1) * 2 * V;
  }
  static FEWPOINTS_INLINE Twofold at(const Vec* item, int v) { return {item[v], item[V + v]}; }
  static FEWPOINTS_INLINE void put(Vec* item, int v, Twofold value) {
    item[v] = value.high;
    item[V + v] = value.low;
  }

  void evaluate(const ProductShape& shape, const Block& block) {
    const int k1 = shape.order + 1;
    for (int a = 0; a < shape.dimension; a++) {
      Vec* p = powers + static_cast<size_t>(a) * k1 * 2 * V;
      Vec* t = p + 2 * V;
      const double c = shape.centre[a];
      const Vec scale = splat(shape.scale[a]);
      for (int v = 0; v < V; v++) {
        put(p, v, {splat(1), Vec{}});
        if (k1 == 1) continue;
        const Twofold d = two_sum(coordinates(block, block.x[a], v, c), splat(-c));
        put(t, v, {d.high * scale, d.low * scale});  // exact: a power of two
      }
      for (int j = 2; j < k1; j++) {
        const Vec *one = p + (j - 1) * 2 * V, *two = p + (j - 2) * 2 * V;
        Vec* to = p + j * 2 * V;
        if (shape.legendre) {
          // P_j = t P_{j-1} + (1 - 1/j) (t P_{j-1} - P_{j-2})
          const double high = (j - 1.0) / j;
          const Vec h = splat(high), l = splat(shape.legendre_low[j]);
          for (int v = 0; v < V; v++) {
            const Twofold product = multiply(at(t, v), at(one, v));
            put(to, v, plus(product, multiply(minus(product, at(two, v)), Twofold{h, l})));
          }
        } else {
          for (int v = 0; v < V; v++) put(to, v, multiply(at(one, v), at(t, v)));
        }
      }
    }
    for (int v = 0; v < V; v++) put(heads, v, {weights_of(block, v), Vec{}});
    products(shape, shape.heads, heads, block.w == nullptr && block.end - block.begin == V * W);
    if (shape.tail_axis >= 0) return;
    for (int v = 0; v < V; v++) put(tails, v, {splat(1), Vec{}});
    products(shape, shape.tails, tails, true);
  }

  void products(const ProductShape& shape, const ProductList& list, Vec* out, bool first_is_one) {
    const int k1 = shape.order + 1;
    for (int i = 1; i < list.count; i++) {
      const Vec* p = powers + (static_cast<size_t>(list.axis[i]) * k1 + list.degree[i]) * 2 * V;
      const Vec* parent = out + static_cast<size_t>(list.parent[i]) * 2 * V;
      Vec* to = out + static_cast<size_t>(i) * 2 * V;
      if (list.parent[i] != 0)
        for (int v = 0; v < V; v++) put(to, v, multiply(at(parent, v), at(p, v)));
      else if (first_is_one)
        for (int v = 0; v < 2 * V; v++) to[v] = p[v];
      else
        for (int v = 0; v < V; v++) put(to, v, multiply(at(p, v), parent[v]));
    }
  }
};

struct Pieces {
  Bits *high, *low;  // sums of bit patterns
  Vec* magnitude;
  const double *m1, *m2;
};

template <int V, int J, bool kMagnitude>
void exact_tile(const Vec* head, const Vec* tail, Pieces to) {
  Bits high[J], low[J];
  Vec m1[J], m2[J], most[J];
  for (int j = 0; j < J; j++) {
    high[j] = to.high[j];
    low[j] = to.low[j];
    m1[j] = splat(to.m1[j]);
    m2[j] = splat(to.m2[j]);
    if (kMagnitude) most[j] = to.magnitude[j];
  }
  for (int v = 0; v < V; v++) {
    const Vec h = head[v], hl = head[V + v];
    for (int j = 0; j < J; j++) {
      const Vec t = tail[j * 2 * V + v], tl = tail[j * 2 * V + V + v];
#if FEWPOINTS_AVX512 || FEWPOINTS_AVX2 || defined(__ARM_NEON)
      const Vec a = madd(h, t, m1[j]);
      const Vec rest = madd(h, t, m1[j] - a);
      if (kMagnitude) most[j] = madd(magnitude(h), magnitude(t), most[j]);
#else
      const Vec p = h * t, a = p + m1[j];
      const Vec rest = (p + (m1[j] - a)) + product_error(h, t, p);
      if (kMagnitude) most[j] += magnitude(p);
#endif
      const Vec b = madd(h, tl, madd(hl, t, rest)) + m2[j];
      high[j] += (Bits)a;
      low[j] += (Bits)b;
    }
  }
  for (int j = 0; j < J; j++) {
    to.high[j] = high[j];
    to.low[j] = low[j];
    if (kMagnitude) to.magnitude[j] = most[j];
  }
}

#if FEWPOINTS_AVX512
constexpr int kExactTile = 4;
#else
constexpr int kExactTile = 2;
#endif

template <int V, bool kMagnitude>
void exact_run(const Vec* head, const Vec* tail, int count, Pieces to) {
  constexpr int J = kExactTile;
  for (; count >= J; count -= J, tail += J * 2 * V) {
    exact_tile<V, J, kMagnitude>(head, tail, to);
    to = {to.high + J, to.low + J, to.magnitude + J, to.m1 + J, to.m2 + J};
  }
  if constexpr (J > 3)
    if (count == 3) return exact_tile<V, 3, kMagnitude>(head, tail, to);
  if constexpr (J > 2)
    if (count == 2) return exact_tile<V, 2, kMagnitude>(head, tail, to);
  if (count == 1) exact_tile<V, 1, kMagnitude>(head, tail, to);
}

template <int V, bool kMagnitude>
void exact_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                const ProductPieces& pieces, double* magnitudes, double* workspace) {
  const int N = shape.count;
  Bits* high = reinterpret_cast<Bits*>(workspace);
  Bits* low = high + N;
  Vec* most = reinterpret_cast<Vec*>(low + N);
  Double<V> block(shape, workspace + 3 * static_cast<size_t>(N) * W);
  for (int e = 0; e < N; e++) {
    high[e] = low[e] = Bits{};
    most[e] = Vec{};
  }
  uint64_t added = 0;
  for (size_t i = begin; i < end; i += V * W) {
    block.evaluate(shape, {i, end - i < V * W ? end : i + V * W, x, w});
    added += V;
    for (int r = 0; r < shape.runs; r++) {
      const ProductRun& run = shape.run[r];
      const int f = run.first;
      exact_run<V, kMagnitude>(block.heads + static_cast<size_t>(run.head) * 2 * V,
                               block.tails + static_cast<size_t>(run.tail) * 2 * V, run.count,
                               {high + f, low + f, most + f, pieces.m1 + f, pieces.m2 + f});
    }
  }
  for (int e = 0; e < N; e++) {
    uint64_t b1, b2, h = 0, l = 0;
    __builtin_memcpy(&b1, pieces.m1 + e, sizeof b1);
    __builtin_memcpy(&b2, pieces.m2 + e, sizeof b2);
    for (int i = 0; i < W; i++) {
      h += high[e][i] - added * b1;
      l += low[e][i] - added * b2;
    }
    pieces.high[e] = static_cast<int64_t>(h);
    pieces.low[e] = static_cast<int64_t>(l);
    if (kMagnitude) magnitudes[e] = sum(most[e]);
  }
}

size_t items(const ProductShape& shape) {
  return static_cast<size_t>(shape.dimension) * (shape.order + 1) + shape.heads.count +
         (shape.tail_axis >= 0 ? 0 : shape.tails.count);
}
bool long_block(const ProductShape& shape, int parts) {
  return items(shape) * parts * kLongBlock * sizeof(Vec) <= kFirstLevelCache;
}

}  // namespace

size_t product_workspace(const ProductShape& shape) {
  return (3 * static_cast<size_t>(shape.count) + items(shape) * 2 * kLongBlock) * W;
}

void product_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                  double* sums, double* workspace) {
  if (long_block(shape, 1))
    plain_sums<kLongBlock>(shape, x, w, begin, end, sums, workspace);
  else
    plain_sums<kShortBlock>(shape, x, w, begin, end, sums, workspace);
}

void product_largest(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                     double* result, double* workspace) {
  largest_products<kShortBlock>(shape, x, w, begin, end, result, workspace);
}

void product_sums_exact(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                        const ProductPieces& pieces, double* magnitudes, double* workspace) {
  const bool many = long_block(shape, 2);
  if (magnitudes != nullptr)
    (many ? exact_sums<kLongBlock, true> : exact_sums<kShortBlock, true>)(shape, x, w, begin, end, pieces, magnitudes,
                                                                          workspace);
  else
    (many ? exact_sums<kLongBlock, false> : exact_sums<kShortBlock, false>)(shape, x, w, begin, end, pieces, nullptr,
                                                                            workspace);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
