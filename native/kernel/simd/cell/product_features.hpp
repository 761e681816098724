// Products of the univariate polynomials of a basis, of total degree <= k, for W points at a time: their values, their
// weighted sums over points, and linear combinations of them. Only values() stores them. Features<m, k> knows all
// indices at compile time, and its loops unroll into straight code. Features<0, 0> does the same for any (m, k).
#pragma once
#include "simd/cell/cell_basis.hpp"
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

constexpr int binomial(int n, int k) {
  long r = 1;
  for (int i = 1; i <= k; i++) r = r * (n - k + i) / i;
  return static_cast<int>(r);
}

// p_0 .. p_k at t.
template <int K>
FEWPOINTS_INLINE void univariate(Vec t, const RecurrenceStep* steps, Vec* p) {
  p[0] = splat(1);
  if constexpr (K > 0) p[1] = t;
#pragma GCC unroll 32
  for (int j = 1; j < K; j++)
    p[j + 1] = nmadd(splat(steps[j].c), p[j - 1], madd(splat(steps[j].a), t, splat(steps[j].b)) * p[j]);
}
FEWPOINTS_INLINE void univariate(int k, Vec t, const RecurrenceStep* steps, Vec* p) {
  p[0] = splat(1);
  if (k > 0) p[1] = t;
  for (int j = 1; j < k; j++)
    p[j + 1] = nmadd(splat(steps[j].c), p[j - 1], madd(splat(steps[j].a), t, splat(steps[j].b)) * p[j]);
}

// The multi-indices in the kernel's order (polynomial/space.hpp), and those without the last axis ("lower"). place[l]
// has the products of lower index l with the powers of the last axis.
template <int M, int K>
struct IndexTable {
  static constexpr int N = binomial(M + K, K), L = binomial(M - 1 + K, K);
  int exponent[usize(N)][usize(M)]{}, parent[usize(N)]{}, axis[usize(N)]{}, degree[usize(N)]{};
  int lower_parent[usize(L)]{}, lower_axis[usize(L)]{}, lower_degree[usize(L)]{}, powers[usize(L)]{},
      place[usize(L)][usize(K + 1)]{};

  constexpr int find(const int* e) const {
    for (int i = 0; i < N; i++) {
      bool same = true;
      for (int a = 0; a < M; a++) same = same && exponent[i][a] == e[a];
      if (same) return i;
    }
    return -1;
  }
  constexpr IndexTable() {
    int n = 0;
    for (int total = 0; total <= K; total++) {
      int e[usize(M)]{};
      e[0] = total;
      while (true) {
        for (int a = 0; a < M; a++) exponent[n][a] = e[a];
        n++;
        int i = M - 2;
        while (i >= 0 && e[i] == 0) i--;
        if (i < 0) break;
        const int last = e[M - 1];
        e[M - 1] = 0;
        e[i]--;
        e[i + 1] = last + 1;
      }
    }
    for (int i = 1; i < N; i++) {
      int e[usize(M)]{}, a = M - 1;
      for (int b = 0; b < M; b++) e[b] = exponent[i][b];
      while (e[a] == 0) a--;
      axis[i] = a;
      degree[i] = e[a];
      e[a] = 0;
      parent[i] = find(e);
    }
    int lower_of[usize(N)]{}, l = 0;
    for (int i = 0; i < N; i++) {
      if (exponent[i][M - 1] != 0) continue;
      lower_of[i] = l;
      lower_parent[l] = i == 0 ? -1 : lower_of[parent[i]];
      lower_axis[l] = axis[i];
      lower_degree[l] = degree[i];
      int e[usize(M)]{}, total = 0;
      for (int b = 0; b < M; b++) total += e[b] = exponent[i][b];
      powers[l] = K - total + 1;
      for (int q = 0; q < powers[l]; q++) {
        e[M - 1] = q;
        place[l][q] = find(e);
      }
      l++;
    }
  }
};

template <int Dimension, int Order>
struct Features {
  static constexpr int M = Dimension, K = Order;
  static constexpr IndexTable<M, K> kTable{};
  static constexpr int N = IndexTable<M, K>::N, L = IndexTable<M, K>::L;
  static_assert(fits_fast_path(M, K, N));
  static constexpr size_t scratch_vectors(const CellShape&, int) { return 0; }

  template <int I>
  static FEWPOINTS_INLINE void value(double* out, size_t stride, const Vec (*p)[usize(K + 1)]) {
    if constexpr (I < N) {
      constexpr int from = kTable.parent[I], axis = kTable.axis[I], degree = kTable.degree[I];
      if constexpr (from == 0)
        store(out + I * stride, p[axis][degree]);
      else
        store(out + I * stride, load(out + from * stride) * p[axis][degree]);
      value<I + 1>(out, stride, p);
    }
  }
  // out[e * stride + l] = phi_e of point l < W, whose coordinate on axis a is t[a][l].
  static void values(const CellShape&, const CellBasis& basis, const Vec* t, double* out, size_t stride, Vec*) {
    Vec p[usize(M)][usize(K + 1)];
    for (int a = 0; a < M; a++) univariate<K>(t[a], basis.steps + a * K, p[a]);
    store(out, splat(1));
    value<1>(out, stride, p);
  }

  template <int B, int I>
  static FEWPOINTS_INLINE void add(Vec* sums, const Vec (*p)[usize(M)][usize(K + 1)], Vec (*lower)[usize(B)],
                                   const Vec* w) {
    if constexpr (I < L) {
      constexpr int from = kTable.lower_parent[I];
      for (int b = 0; b < B; b++) {
        if constexpr (from < 0)
          lower[I][b] = w[b];
        else
          lower[I][b] = lower[from < 0 ? 0 : from][b] * p[b][kTable.lower_axis[I]][kTable.lower_degree[I]];
      }
#pragma GCC unroll 32
      for (int q = 0; q < kTable.powers[I]; q++) {
        Vec s = sums[kTable.place[I][q]];
        for (int b = 0; b < B; b++) s = q == 0 ? s + lower[I][b] : madd(lower[I][b], p[b][M - 1][q], s);
        sums[kTable.place[I][q]] = s;
      }
      add<B, I + 1>(sums, p, lower, w);
    }
  }
  // sums[e] += w phi_e over B x W points. The caller sums the lanes.
  template <int B>
  static void accumulate(const CellShape&, const CellBasis& basis, const Vec (*t)[usize(B)], const Vec* w, Vec* sums,
                         Vec*) {
    Vec p[usize(B)][usize(M)][usize(K + 1)], lower[usize(L)][usize(B)];
    for (int b = 0; b < B; b++)
      for (int a = 0; a < M; a++) univariate<K>(t[a][b], basis.steps + a * K, p[b][a]);
    add<B, 0>(sums, p, lower, w);
  }

  template <int B, int I>
  static FEWPOINTS_INLINE void combine(const double* y, const Vec (*p)[usize(M)][usize(K + 1)], Vec (*lower)[usize(B)],
                                       Vec* s) {
    if constexpr (I < L) {
      constexpr int from = kTable.lower_parent[I];
      Vec inner[usize(B)];
      for (int b = 0; b < B; b++) inner[b] = splat(y[kTable.place[I][0]]);
#pragma GCC unroll 32
      for (int q = 1; q < kTable.powers[I]; q++) {
        const Vec yq = splat(y[kTable.place[I][q]]);
        for (int b = 0; b < B; b++) inner[b] = madd(yq, p[b][M - 1][q], inner[b]);
      }
      for (int b = 0; b < B; b++) {
        if constexpr (from < 0) {
          s[b] = inner[b];
        } else {
          const Vec power = p[b][kTable.lower_axis[I]][kTable.lower_degree[I]];
          lower[I][b] = from == 0 ? power : lower[from][b] * power;
          s[b] = madd(lower[I][b], inner[b], s[b]);
        }
      }
      combine<B, I + 1>(y, p, lower, s);
    }
  }
  // s = sum_e y_e phi_e at B x W points.
  template <int B>
  static void combination(const CellShape&, const CellBasis& basis, const Vec (*t)[usize(B)], const double* y, Vec* s,
                          Vec*) {
    Vec p[usize(B)][usize(M)][usize(K + 1)], lower[usize(L)][usize(B)];
    for (int b = 0; b < B; b++)
      for (int a = 0; a < M; a++) univariate<K>(t[a][b], basis.steps + a * K, p[b][a]);
    combine<B, 0>(y, p, lower, s);
  }
};

// The same from tables, for any (m, k) that fits_fast_path(). memory: scratch_vectors() vectors, too many for the stack
// of a thread.
template <>
struct Features<0, 0> {
  static constexpr int M = 0, N = 0;
  static size_t scratch_vectors(const CellShape& shape, int lanes) {
    return usize(shape.dimension * (shape.order + 1) + shape.count) * usize(lanes) + usize(shape.order) + 1;
  }
  static void values(const CellShape& shape, const CellBasis& basis, const Vec* t, double* out, size_t stride,
                     Vec* memory) {
    const int k1 = shape.order + 1;
    Vec* const p = memory;
    for (int a = 0; a < shape.dimension; a++) univariate(shape.order, t[a], basis.steps + a * shape.order, p + a * k1);
    store(out, splat(1));
    for (int e = 1; e < shape.count; e++)
      store(out + usize(e) * stride,
            load(out + usize(shape.parent[e]) * stride) * p[shape.axis[e] * k1 + shape.degree[e]]);
  }
  template <int B>
  static void accumulate(const CellShape& shape, const CellBasis& basis, const Vec (*t)[usize(B)], const Vec* w,
                         Vec* sums, Vec* memory) {
    const int k1 = shape.order + 1;
    Vec* const q = memory;
    Vec(*const p)[usize(B)] = reinterpret_cast<Vec(*)[usize(B)]>(q + k1);
    Vec(*const f)[usize(B)] = p + shape.dimension * k1;
    for (int a = 0; a < shape.dimension; a++)
      for (int b = 0; b < B; b++) {
        univariate(shape.order, t[a][b], basis.steps + a * shape.order, q);
        for (int j = 0; j < k1; j++) p[a * k1 + j][b] = q[j];
      }
    for (int b = 0; b < B; b++) f[0][b] = w[b];
    for (int e = 0; e < shape.count; e++) {
      Vec s = sums[e];
      for (int b = 0; b < B; b++) {
        if (e > 0) f[e][b] = f[shape.parent[e]][b] * p[shape.axis[e] * k1 + shape.degree[e]][b];
        s += f[e][b];
      }
      sums[e] = s;
    }
  }
  template <int B>
  static void combination(const CellShape& shape, const CellBasis& basis, const Vec (*t)[usize(B)], const double* y,
                          Vec* s, Vec* memory) {
    const int k1 = shape.order + 1;
    Vec *const p = memory, *const f = memory + shape.dimension * k1;
    for (int b = 0; b < B; b++) {
      for (int a = 0; a < shape.dimension; a++)
        univariate(shape.order, t[a][b], basis.steps + a * shape.order, p + a * k1);
      f[0] = splat(1);
      s[b] = splat(y[0]);
      for (int e = 1; e < shape.count; e++) {
        f[e] = f[shape.parent[e]] * p[shape.axis[e] * k1 + shape.degree[e]];
        s[b] = madd(splat(y[e]), f[e], s[b]);
      }
    }
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
