// Sums over weighted points of products of one-dimensional polynomials, without a table of features. Every feature is a
// left factor (the weight times the powers of some axes) times a right factor (the powers of the others): sqrt(N) of
// each make N features. The factors of a block of points are computed once and stay in the first-level cache. After
// that, a feature costs one multiply-add per vector and part.
//
// The sums have the same bits for any order of the points. Let M = 1.5 2^52 g, with g a power of two, and |y| < 2^51 g.
// Then fl(M + y) - M is y rounded to a multiple of g, and the bit pattern of fl(M + y) is that of M plus the integer
// (fl(M + y) - M) / g. Integers add without error in any order. A product is cut into two such pieces. The second one
// takes the low parts of the factors as well, so the sums reach 94 bits below their bound. (The idea is that of
// pre-rounded sums: Rump 2009; Demmel and Nguyen 2013. They sum in floating point; an integer sum of bit patterns needs
// no carries.)
#include "simd/parts.hpp"
#include "simd/vector/error_free.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

typedef unsigned long long Bits __attribute__((vector_size(8 * W)));

// The low part collects the rounding errors to first order. It is not normalised to at most half an ulp of the high
// part. The error is of the order of (number of factors)^2 u^2, where u is the unit roundoff of double.
FEWPOINTS_INLINE Twofold multiply(Twofold a, Twofold b) {
  const Vec p = a.high * b.high;
  return {p, madd(a.high, b.low, madd(a.low, b.high, lost_product(a.high, b.high, p)))};
}
FEWPOINTS_INLINE Twofold multiply(Twofold a, Vec b) {
  const Vec p = a.high * b;
  return {p, madd(a.low, b, lost_product(a.high, b, p))};
}
FEWPOINTS_INLINE Twofold plus(Twofold a, Twofold b) {
  const Twofold s = two_sum(a.high, b.high);
  return {s.high, s.low + (a.low + b.low)};
}
FEWPOINTS_INLINE Twofold minus(Twofold a, Twofold b) { return plus(a, {-b.high, -b.low}); }

// A block is V vectors of points. Arrays are [item][vector], or, in two parts, [item][high, low][vector].
constexpr int kBlock =
    64 / W < 16 ? 8 : 16;  // vectors: 64 points or fewer, so the factors of most orders fit the first-level cache

struct Product {
  Vec* to;
  const Vec *parent, *power;  // parent: nullptr when it is 1
};

// Vectors from one item to the next, with one of padding. Items a power of two apart would share cache sets, and loads
// would wait for stores to other addresses whose low bits are the same.
template <int V, int kParts>
constexpr int item() {
  return V * kParts + 1;
}

// The places of all arrays in the workspace of one call. A power that is a factor by itself is computed in the place of
// the factor.
template <int V, int kParts>
struct Plan {
  static constexpr int kItem = item<V, kParts>();
  Vec *left_factors, *right_factors;
  Vec** powers;  // dimension x (order + 1), [0] unused
  Product* products;
  int count = 0, left_count;

  Plan(const ProductShape& shape, bool weighted, double* workspace) : left_count(shape.left_factors.count) {
    const int k1 = shape.order + 1, m = shape.dimension;
    left_factors = reinterpret_cast<Vec*>(workspace);
    right_factors = left_factors + usize(shape.left_factors.count) * kItem;
    Vec* own = right_factors + usize(shape.right_factors.count) * kItem;
    powers = reinterpret_cast<Vec**>(own + usize(m) * usize(k1) * kItem);
    products = reinterpret_cast<Product*>(powers + usize(m) * usize(k1));
    for (int i = 0; i < m * k1; i++) powers[i] = own + usize(i) * kItem;
    if (!weighted) compute_in_place(shape.left_factors, k1, left_factors);
    compute_in_place(shape.right_factors, k1, right_factors);
    list(shape.left_factors, k1, left_factors, weighted);
    list(shape.right_factors, k1, right_factors, false);
    constant(left_factors);
    constant(right_factors);
  }

 private:
  void compute_in_place(const ProductList& list, int k1, Vec* at) {
    for (int i = 1; i < list.count; i++)
      if (list.parent[i] == 0) powers[list.axis[i] * k1 + list.degree[i]] = at + usize(i) * kItem;
  }
  void list(const ProductList& list, int k1, Vec* at, bool weighted) {
    for (int i = 1; i < list.count; i++) {
      Vec* to = at + usize(i) * kItem;
      const Vec* power = powers[list.axis[i] * k1 + list.degree[i]];
      const Vec* parent = list.parent[i] == 0 && !weighted ? nullptr : at + static_cast<size_t>(list.parent[i]) * kItem;
      if (to != power) products[count++] = {to, parent, power};
    }
  }
  static void constant(Vec* one) {
    for (int v = 0; v < V; v++) one[v] = splat(1);
    for (int v = V; v < V * kParts; v++) one[v] = Vec{};
  }
};

struct Block {
  size_t begin, end;  // end - begin <= V W; lanes after the last point get weight 0
  const double* const* x;
  const double* w;
};

FEWPOINTS_INLINE Vec part_of(const Block& block, const double* x, int v, double elsewhere) {
  Vec r = splat(elsewhere);
  for (int l = 0; l < W; l++)
    if (block.begin + static_cast<size_t>(v * W + l) < block.end)
      r[l] = x[block.begin + static_cast<size_t>(v * W + l)];
  return r;
}
// The block's V vectors of x: in place, or copied to `to` when the block is not full.
template <int V>
FEWPOINTS_INLINE const double* take(const Block& block, const double* x, double elsewhere, Vec* to) {
  if (block.end - block.begin == V * W) return x + block.begin;
  for (int v = 0; v < V; v++) to[v] = part_of(block, x, v, elsewhere);
  return reinterpret_cast<const double*>(to);
}
template <int V>
FEWPOINTS_INLINE void take_weights(const Block& block, Vec* to) {
  const double* w = take<V>(block, block.w, 0, to);
  for (int v = 0; v < V; v++) to[v] = loadu(w + v * W);
}
// Sets the left factors of the lanes after the last point to 0. Without weights they were computed as if all points
// were there. Left factor 0, which is 1, is computed once per call.
template <int V, int kParts>
void leave_out(const Block& block, const Plan<V, kParts>& plan) {
  for (int i = 0; i < plan.left_count; i++)
    for (int v = 0; v < V * kParts; v++)
      for (int l = 0; l < W; l++)
        if (block.begin + static_cast<size_t>(v % V * W + l) >= block.end) plan.left_factors[i * plan.kItem + v][l] = 0;
}

// ---- left and right factors in one part

template <int V>
void evaluate(const ProductShape& shape, const Plan<V, 1>& plan, const Block& block) {
  constexpr int G = 4;  // vectors in flight
  const int k1 = shape.order + 1;
  for (int a = 0; a < shape.dimension && k1 > 1; a++) {
    Vec* const* p = plan.powers + usize(a) * usize(k1);
    const Vec centre = splat(shape.centre[a]), scale = splat(shape.scale[a]);
    const double* x = take<V>(block, block.x[a], shape.centre[a], p[1]);
    for (int g = 0; g < V; g += G) {
      Vec t[G], before[G], now[G];
      for (int q = 0; q < G; q++) {
        t[q] = now[q] = (loadu(x + (g + q) * W) - centre) * scale;
        before[q] = splat(1);
        p[1][g + q] = t[q];
      }
      if (shape.legendre)
        for (int j = 2; j < k1; j++) {
          // P_j = t P_{j-1} + (1 - 1/j) (t P_{j-1} - P_{j-2})
          const Vec r = splat(shape.legendre_high[j]);
          Vec* to = p[j] + g;
          for (int q = 0; q < G; q++) {
            const Vec product = t[q] * now[q], next = madd(r, product - before[q], product);
            before[q] = now[q];
            to[q] = now[q] = next;
          }
        }
      else
        for (int j = 2; j < k1; j++) {
          Vec* to = p[j] + g;
          for (int q = 0; q < G; q++) to[q] = now[q] = t[q] * now[q];
        }
    }
  }
  if (block.w != nullptr) take_weights<V>(block, plan.left_factors);
  for (int i = 0; i < plan.count; i++) {
    const Product& product = plan.products[i];
    const Vec* power = product.power;
    Vec* to = product.to;
    if (product.parent != nullptr)
      for (int v = 0; v < V; v++) to[v] = product.parent[v] * power[v];
    else
      for (int v = 0; v < V; v++) to[v] = power[v];
  }
  if (block.w == nullptr && block.end - block.begin != V * W) leave_out(block, plan);
}

// The largest |left right| of each feature.
template <int V>
void largest_products(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                      double* result, double* workspace) {
  Vec* max = reinterpret_cast<Vec*>(workspace);
  const Plan<V, 1> plan(shape, w != nullptr, workspace + usize(shape.count) * W);
  for (int e = 0; e < shape.count; e++) max[e] = Vec{};
  for (size_t i = begin; i < end; i += V * W) {
    evaluate<V>(shape, plan, {i, end - i < V * W ? end : i + V * W, x, w});
    for (int r = 0; r < shape.runs; r++) {
      const ProductRun& run = shape.run[r];
      const Vec* left = plan.left_factors + usize(run.left) * plan.kItem;
      for (int j = 0; j < run.count; j++) {
        const Vec* right = plan.right_factors + usize(run.right + j) * plan.kItem;
        Vec m = max[run.first + j];
        for (int v = 0; v < V; v++) m = maximum(m, magnitude(left[v] * right[v]));
        max[run.first + j] = m;
      }
    }
  }
  for (int e = 0; e < shape.count; e++) result[e] = largest(max[e]);
}

// ---- left and right factors in two parts

template <int V, bool kLegendre>
void evaluate(const ProductShape& shape, const Plan<V, 2>& plan, const Block& block) {
  constexpr int G = kLegendre ? 2 : 4;
  const int k1 = shape.order + 1;
  for (int a = 0; a < shape.dimension && k1 > 1; a++) {
    Vec* const* p = plan.powers + usize(a) * usize(k1);
    const Vec minus_centre = splat(-shape.centre[a]), scale = splat(shape.scale[a]);
    const double* x = take<V>(block, block.x[a], shape.centre[a], p[1]);
    for (int g = 0; g < V; g += G) {
      Twofold t[usize(G)], before[usize(G)], now[usize(G)];
      for (int q = 0; q < G; q++) {
        const Twofold d = two_sum(loadu(x + (g + q) * W), minus_centre);
        t[q] = now[q] = {d.high * scale, d.low * scale};  // exact: a power of two
        before[q] = {splat(1), Vec{}};
        p[1][g + q] = t[q].high;
        p[1][V + g + q] = t[q].low;
      }
      for (int j = 2; j < k1; j++) {
        Vec* to = p[j] + g;
        const Twofold r = kLegendre ? Twofold{splat(shape.legendre_high[j]), splat(shape.legendre_low[j])} : Twofold{};
        for (int q = 0; q < G; q++) {
          Twofold next = multiply(t[q], now[q]);
          if (kLegendre) {
            next = plus(next, multiply(minus(next, before[q]), r));
            before[q] = now[q];
          }
          now[q] = next;
          to[q] = next.high;
          to[V + q] = next.low;
        }
      }
    }
  }
  if (block.w != nullptr) take_weights<V>(block, plan.left_factors);
  for (int i = 0; i < plan.count; i++) {
    const Product& product = plan.products[i];
    const Vec *power = product.power, *parent = product.parent;
    Vec* to = product.to;
    if (parent == plan.left_factors)  // the weight, exact
      for (int v = 0; v < V; v++) {
        const Twofold f = multiply(Twofold{power[v], power[V + v]}, parent[v]);
        to[v] = f.high;
        to[V + v] = f.low;
      }
    else if (parent != nullptr)
      for (int v = 0; v < V; v++) {
        const Twofold f = multiply(Twofold{power[v], power[V + v]}, Twofold{parent[v], parent[V + v]});
        to[v] = f.high;
        to[V + v] = f.low;
      }
    else
      for (int v = 0; v < 2 * V; v++) to[v] = power[v];
  }
  if (block.w == nullptr && block.end - block.begin != V * W) leave_out(block, plan);
}

struct Pieces {
  Bits *high, *low;  // sums of bit patterns
  Vec* magnitude;
  const double *m1, *m2;
};

// kCommon: all m1 are equal, and so are all m2. Then one register holds each, which leaves room for longer tiles.
template <int V, int J, bool kMagnitude, bool kCommon>
FEWPOINTS_INLINE void sum_tile(const Vec* left, const Vec* right, Pieces to) {
  Bits high[usize(J)], low[usize(J)];
  Vec m1[usize(J)], m2[usize(J)], sizes[usize(J)];
  const Vec first1 = splat(to.m1[0]), first2 = splat(to.m2[0]);
  for (int j = 0; j < J; j++) {
    high[j] = to.high[j];
    low[j] = to.low[j];
    m1[j] = kCommon ? first1 : splat(to.m1[j]);
    m2[j] = kCommon ? first2 : splat(to.m2[j]);
    if (kMagnitude) sizes[j] = to.magnitude[j];
  }
  for (int v = 0; v < V; v++) {
    const Vec h = left[v], hl = left[V + v];
    for (int j = 0; j < J; j++) {
      const Vec t = right[j * item<V, 2>() + v], tl = right[j * item<V, 2>() + V + v];
#if FEWPOINTS_AVX512 || FEWPOINTS_AVX2 || defined(__ARM_NEON)
      const Vec a = madd(h, t, m1[j]);
      const Vec rest = madd(h, t, m1[j] - a);
      if (kMagnitude) sizes[j] = madd(magnitude(h), magnitude(t), sizes[j]);
#else
      const Vec p = h * t, a = p + m1[j];
      const Vec rest = (p + (m1[j] - a)) + lost_product(h, t, p);
      if (kMagnitude) sizes[j] += magnitude(p);
#endif
      const Vec b = madd(h, tl, madd(hl, t, rest)) + m2[j];
      high[j] += (Bits)a;
      low[j] += (Bits)b;
    }
  }
  for (int j = 0; j < J; j++) {
    to.high[j] = high[j];
    to.low[j] = low[j];
    if (kMagnitude) to.magnitude[j] = sizes[j];
  }
}

// Features per tile: as many as the registers hold.
#if FEWPOINTS_AVX512
constexpr int kTile = 4, kCommonTile = 6;
#else
constexpr int kTile = 2, kCommonTile = 3;
#endif

template <int V, bool kMagnitude, bool kCommon>
FEWPOINTS_INLINE void sum_run(const Vec* left, const Vec* right, int count, Pieces to) {
  constexpr int J = kCommon ? kCommonTile : kTile;
  for (; count >= J; count -= J, right += J * item<V, 2>()) {
    sum_tile<V, J, kMagnitude, kCommon>(left, right, to);
    to = {to.high + J, to.low + J, to.magnitude + J, to.m1 + J, to.m2 + J};
  }
  if constexpr (J > 5)
    if (count == 5) return sum_tile<V, 5, kMagnitude, kCommon>(left, right, to);
  if constexpr (J > 4)
    if (count == 4) return sum_tile<V, 4, kMagnitude, kCommon>(left, right, to);
  if constexpr (J > 3)
    if (count == 3) return sum_tile<V, 3, kMagnitude, kCommon>(left, right, to);
  if constexpr (J > 2)
    if (count == 2) return sum_tile<V, 2, kMagnitude, kCommon>(left, right, to);
  if (count == 1) sum_tile<V, 1, kMagnitude, kCommon>(left, right, to);
}

template <int V, bool kMagnitude, bool kCommon>
void sum_chunk(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
               const ProductPieces& pieces, double* magnitudes, double* workspace) {
  const int N = shape.count;
  Bits* high = reinterpret_cast<Bits*>(workspace);
  Bits* low = high + N;
  Vec* sizes = reinterpret_cast<Vec*>(low + N);
  const Plan<V, 2> plan(shape, w != nullptr, workspace + 3 * usize(N) * W);
  for (int e = 0; e < N; e++) {
    high[e] = low[e] = Bits{};
    sizes[e] = Vec{};
  }
  uint64_t added = 0;
  for (size_t i = begin; i < end; i += V * W) {
    const Block block = {i, end - i < V * W ? end : i + V * W, x, w};
    shape.legendre ? evaluate<V, true>(shape, plan, block) : evaluate<V, false>(shape, plan, block);
    added += V;
    for (int r = 0; r < shape.runs; r++) {
      const ProductRun& run = shape.run[r];
      const int f = run.first;
      sum_run<V, kMagnitude, kCommon>(plan.left_factors + usize(run.left) * plan.kItem,
                                      plan.right_factors + usize(run.right) * plan.kItem, run.count,
                                      {high + f, low + f, sizes + f, pieces.m1 + f, pieces.m2 + f});
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
    if (kMagnitude) magnitudes[e] = sum(sizes[e]);
  }
}

size_t items(const ProductShape& shape) {
  return usize(shape.left_factors.count) + usize(shape.right_factors.count) +
         usize(shape.dimension) * usize(shape.order + 1);
}

}  // namespace

size_t product_workspace(const ProductShape& shape) {
  return (3 * usize(shape.count) + items(shape) * item<kBlock, 2>()) * W +
         items(shape) * (1 + sizeof(Product) / sizeof(double));
}

void product_largest(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                     double* result, double* workspace) {
  largest_products<kBlock>(shape, x, w, begin, end, result, workspace);
}

void reproducible_sums(const ProductShape& shape, const double* const* x, const double* w, size_t begin, size_t end,
                       const ProductPieces& pieces, double* magnitudes, double* workspace) {
  bool common = true;
  for (int e = 1; e < shape.count; e++) common = common && pieces.m1[e] == pieces.m1[0];
  const bool sizes = magnitudes != nullptr;
  const auto f = common ? (sizes ? sum_chunk<kBlock, true, true> : sum_chunk<kBlock, false, true>)
                        : (sizes ? sum_chunk<kBlock, true, false> : sum_chunk<kBlock, false, false>);
  f(shape, x, w, begin, end, pieces, magnitudes, workspace);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
