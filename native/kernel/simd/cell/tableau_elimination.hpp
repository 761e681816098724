// The elimination of TableauOf: the pivots of a block of rows are chosen one by one, then the other rows are updated by
// panels of columns.
#pragma once
#include "simd/cell/tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

template <int Rows>
bool TableauOf<Rows>::eliminate(double tolerance, double dependent, double share) {
  const Limits limits{tolerance, dependent, share};
  for (int j = 0; j < rows(); j++) basis[j] = home[j] = -1;
  int j = 0;
  if (rows() >= kLargeRows)
    for (; j + kLargeBlock <= rows(); j += kLargeBlock)
      if (!eliminate_block<kLargeBlock>(j, limits)) return false;
  for (; j + kBlock <= rows(); j += kBlock)
    if (!eliminate_block<kBlock>(j, limits)) return false;
  if constexpr (Rows > 0) {
    if constexpr (Rows % kBlock > 0) return eliminate_block<Rows % kBlock>(j, limits);
  } else {
    switch (rows() - j) {
      case 1: return eliminate_block<1>(j, limits);
      case 2: return eliminate_block<2>(j, limits);
      case 3: return eliminate_block<3>(j, limits);
    }
  }
  return true;
}

template <int Rows>
template <int Block, int B, int Q>
FEWPOINTS_INLINE void TableauOf<Rows>::update_rows(int j, int s0, const int* places, int c) {
  Vec pivots[usize(B)][usize(Q)];
  Index here;
  for (int l = 0; l < W; l++) here[l] = c + l;
  for (int q = 0; q < Q; q++, here += W)
    for (int s = 0; s < B; s++) {
      const Vec t = load(T + usize(j + s0 + s) * usize(stride) + c + W * q);
      pivots[s][q] = here == splat_index(places[s0 + s]) ? t + splat(1) : t;
    }
  const auto update = [&](int from, int to) {
    for (int i = from; i < to; i++) {
      double* Ti = T + usize(i) * usize(stride) + c;
      Vec t[usize(Q)];
      for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
      for (int s = 0; s < B; s++) {
        const Vec fs = splat(factors[(s0 + s) * width() + i]);
        for (int q = 0; q < Q; q++) t[q] = nmadd(fs, pivots[s][q], t[q]);
      }
      for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
    }
  };
  update(0, j);
  update(j + Block, rows());
}

template <int Rows>
template <int B, int Q>
void TableauOf<Rows>::update_panel(int j, const double (*upper)[usize(B)], const double* inverse, const int* places,
                                   int c) {
  double* first = T + usize(j) * usize(stride) + c;
  for (int q = 0; q < Q; q++) {
    Vec y[usize(B)];
#pragma GCC unroll 8
    for (int s = B - 1; s >= 0; s--) {
      double* Ts = first + usize(s) * usize(stride) + W * q;
      Vec t = load(Ts);
#pragma GCC unroll 8
      for (int o = s + 1; o < B; o++) t = nmadd(splat(upper[s][o]), y[o], t);
      y[s] = t * splat(inverse[s]);
      store(Ts, y[s]);
    }
  }
  constexpr int P = B < kPivots ? B : kPivots;
  for (int s = 0; s < B; s += P) update_rows<B, P, Q>(j, s, places, c);
}

template <int Rows>
template <int Count>
FEWPOINTS_INLINE int TableauOf<Rows>::forward(const double* first, const double* g, double* row) {
  Vec keys0 = {}, keys1 = {};
  const auto step = [&](int c) {
    Vec t = load(row + c);
#pragma GCC unroll 8
    for (int o = 0; o < Count; o++) t = nmadd(splat(g[o]), load(first + usize(o) * usize(stride) + c), t);
    if constexpr (Count > 0) store(row + c, t);
    return key_of(t, c);
  };
  int c = 0;
  for (; c + 2 * W <= used; c += 2 * W) {
    keys0 = maximum(step(c), keys0);
    keys1 = maximum(step(c + W), keys1);
  }
  for (; c < used; c += W) keys0 = maximum(step(c), keys0);
  return place_of(maximum(keys0, keys1));
}

template <int Rows>
template <int B, int s>
FEWPOINTS_INLINE bool TableauOf<Rows>::choose(int j0, const Limits& limits, double (*upper)[usize(B)],
                                              double (*below)[usize(B)], double* inverse, int* places) {
  if constexpr (s < B) {
    const int j = j0 + s;
    double* first = T + usize(j0) * usize(stride);
    double* row = first + usize(s) * usize(stride);
    double g[usize(B)];
#pragma GCC unroll 8
    for (int o = 0; o < s; o++) {
      double x = below[s][o];
#pragma GCC unroll 8
      for (int q = 0; q < o; q++) x -= g[q] * upper[q][o];
      g[o] = x * inverse[o];
    }
    int p = forward<s>(first, g, row);
    double vj = v[j];
    for (int o = 0; o < s; o++) vj -= g[o] * v[j0 + o];
    v[j] = vj;
    double best = p >= 0 ? absolute(row[p]) : -1;
    if (limits.share < 1 && best > 0) p = within_share(row, limits.share, best);
    if (best > limits.tolerance) {
      places[s] = p;
      close(p);
      basis[j] = home[j] = p;
      rank++;
      inverse[s] = 1 / row[p];
      set_entry(row, p, 1);
      for (int o = 0; o < B; o++) {
        if (o == s) continue;
        double* other = first + usize(o) * usize(stride);
        (o < s ? upper[o][s] : below[o][s]) = other[p];
        set_entry(other, p, 0);
      }
    } else if (best > limits.dependent) {
      return false;
    } else {
      // The row stays as it is. It tells how the feature depends on the others: see tableau.hpp.
      places[s] = -1;
      inverse[s] = 1;
      for (int o = 0; o < B; o++)
        if (o != s) (o < s ? upper[o][s] : below[o][s]) = 0;
    }
    return choose<B, s + 1>(j0, limits, upper, below, inverse, places);
  }
  return true;
}

template <int Rows>
template <int B>
bool TableauOf<Rows>::eliminate_block(int j0, const Limits& limits) {
  double upper[usize(B)][usize(B)], below[usize(B)][usize(B)], inverse[usize(B)];
  int places[usize(B)];
  if (!choose<B, 0>(j0, limits, upper, below, inverse, places)) return false;
  double y[usize(B)];
  for (int s = B - 1; s >= 0; s--) {
    double t = v[j0 + s];
    for (int o = s + 1; o < B; o++) t -= upper[s][o] * y[o];
    y[s] = t * inverse[s];
  }
  for (int i = 0; i < width(); i += W) {
    Vec t = load(v + i);
    for (int s = 0; s < B; s++) {
      const Vec f = places[s] >= 0 ? entries(places[s], i) : Vec{};
      store(factors + s * width() + i, f);
      t = nmadd(f, splat(y[s]), t);
    }
    store(v + i, t);
  }
  for (int s = 0; s < B; s++) v[j0 + s] = y[s];
  int c = 0;
  for (; c + kTile * W <= used; c += kTile * W) update_panel<B, kTile>(j0, upper, inverse, places, c);
  const int left = (used - c) / W;
  if (kTile > 3 && left == 3) update_panel<B, 3>(j0, upper, inverse, places, c);
  if (kTile > 2 && left == 2) update_panel<B, 2>(j0, upper, inverse, places, c);
  if (left == 1) update_panel<B, 1>(j0, upper, inverse, places, c);
  return true;
}

template <int Rows>
double TableauOf<Rows>::dependence(int row, double* y) const {
  for (int e = 0; e < width(); e++)
    y[e] = e < rows() && home[e] >= 0 ? T[usize(row) * usize(stride) + usize(home[e])] : 0;
  y[row] = 1;
  return v[row];
}

template <int Rows>
void TableauOf<Rows>::raise_deferred(double tolerance) {
  for (;;) {
    double most = tolerance;
    int row = -1;
    for (int j = 0; j < rows(); j++) {
      if (basis[j] >= 0) continue;
      double best;
      if (largest_open(T + usize(j) * usize(stride), 1, best) >= 0 && best > most) {
        most = best;
        row = j;
      }
    }
    if (row < 0 || !raise_rank(row, tolerance)) return;
  }
}

template <int Rows>
bool TableauOf<Rows>::raise_rank(int row, double tolerance) {
  double best;
  double* const pivots = T + usize(row) * usize(stride);
  const int p = largest_open(pivots, 1, best);
  if (p < 0 || !(best > tolerance)) return false;
  close(p);
  for (int i = 0; i < width(); i += W) store(factors + i, entries(p, i));
  const double inverse = 1 / pivots[p];
  for (int c = 0; c < used; c += W) store(pivots + c, load(pivots + c) * splat(inverse));
  set_entry(pivots, p, inverse);
  for (int i = 0; i < rows(); i++) {
    if (i == row) continue;
    double* const Ti = T + usize(i) * usize(stride);
    set_entry(Ti, p, 0);
    for (int c = 0; c < used; c += W) store(Ti + c, nmadd(splat(factors[i]), load(pivots + c), load(Ti + c)));
  }
  const double vr = v[row] * inverse;
  for (int i = 0; i < width(); i += W) store(v + i, nmadd(load(factors + i), splat(vr), load(v + i)));
  set_entry(v, row, vr);
  basis[row] = home[row] = p;
  rank++;
  return true;
}

}  // namespace fewpoints::FEWPOINTS_SIMD
