// The walk of TableauOf: exchanges, columns from outside, and products with the inverse under rank-1 corrections.
#pragma once
#include "simd/cell/tableau.hpp"
#include "simd/walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// The steps of simd/walk.hpp on this tableau. The row and the column of an exchange are computed in the place of the
// next correction.
template <int Rows>
template <class Start, class Outside>
struct TableauOf<Rows>::Walk {
  TableauOf& t;
  const Start& start;
  const Outside& outside;
  const double enter_tolerance, zero;
  const Stop stop;
  double *row = nullptr, *col = nullptr;

  FEWPOINTS_INLINE int first_to_vanish() const { return t.first_to_vanish(); }
  FEWPOINTS_INLINE bool stopped() const { return stop(); }

  FEWPOINTS_INLINE void move_to(int r) { t.move_to(r); }

  FEWPOINTS_INLINE int entering(int r) {
    if (t.pending == t.capacity) t.flush();
    row = t.rho + usize(t.pending) * usize(t.stride);
    col = t.eta + usize(t.pending) * usize(t.width());
    double best;
    int p = t.current_row(r, row, best);
    if (best < -enter_tolerance) return p;
    for (int e = 0; e < t.rows(); e++) t.scratch[e] = t.home[e] >= 0 ? row[t.home[e]] : 0;
    const int found = outside(t.scratch, best);
    if (found == kGiveUp) return kGiveUp;
    if (found > 0) p = t.current_row(r, row, best);
    return best < -kSmallestPivot ? p : kNothingEnters;
  }

  FEWPOINTS_INLINE bool exchange(int r, int p) {
    t.current_column(p, col);
    t.close(p);
    const double pivot = col[r];
    if (!(pivot < 0)) return false;
    const Vec inverse = splat(1 / pivot);
    for (int c = 0; c < t.used; c += W) store(row + c, load(row + c) * inverse);
    const double vr = t.v[r] / pivot;
    set_entry(col, r, pivot - 1);
    for (int i = 0; i < t.width(); i += W) store(t.v + i, nmadd(load(col + i), splat(vr), load(t.v + i)));
    set_entry(t.v, r, vr);
    t.basis[r] = p;
    set_entry(t.u, r, t.remaining * start(p));
    t.pending++;
    return true;
  }

  FEWPOINTS_INLINE bool negligible(int r) { return t.negligible(r, zero); }
};

template <int Rows>
template <class Start, class Outside>
bool TableauOf<Rows>::walk(const Start& start, const Outside& outside, double enter_tolerance, double zero,
                           size_t most_steps, Stop stop) {
  for (int i = 0; i < rows(); i++) {
    u[i] = basis[i] >= 0 ? start(basis[i]) : 0;
    if (basis[i] < 0) v[i] = 0;
  }
  Walk<Start, Outside> steps{*this, start, outside, enter_tolerance, zero, stop};
  return walk_to_basic_solution(steps, most_steps);
}

template <int Rows>
int TableauOf<Rows>::append(const double* phi, int count) {
  const int first = used;
  used += kBatch;
  constexpr int V = kBatch / W;
  const auto times_phi = [&](const double* row, Vec* s) {  // the entries of B^-1 in this row
    for (int q = 0; q < V; q++) s[q] = Vec{};
    for (int e = 0; e < rows(); e++) {
      if (home[e] < 0) continue;
      const Vec f = splat(row[home[e]]);
      for (int q = 0; q < V; q++) s[q] = madd(f, load(phi + e * kBatch + q * W), s[q]);
    }
  };
  for (int i = 0; i < rows(); i++) {
    Vec s[V];
    times_phi(T + usize(i) * usize(stride), s);
    if (home[i] < 0)
      for (int q = 0; q < V; q++) s[q] += load(phi + i * kBatch + q * W);
    for (int q = 0; q < V; q++) store(T + usize(i) * usize(stride) + first + q * W, s[q]);
  }
  for (int o = 0; o < pending; o++) {
    Vec s[V];
    double* ro = rho + usize(o) * usize(stride);
    times_phi(ro, s);
    for (int q = 0; q < V; q++) store(ro + first + q * W, s[q]);
  }
  // The pending corrections apply to these columns as to any other.
  for (int l = 0; l < kBatch; l++) {
    open[first + l] = l < count ? kMagnitude & ~low : 0;
    label[first + l] = l < count ? low - (first + l) : 0;
  }
  return first;
}

template <int Rows>
void TableauOf<Rows>::solve(const double* phi, double* out) {
  for (int c = 0; c < used; c += W) store(spread + c, Vec{});
  for (int e = 0; e < rows(); e++)
    if (home[e] >= 0) spread[home[e]] = phi[e];
  multiply(T, rows(), stride, used, spread, out);
  for (int i = 0; i < rows(); i++)
    if (home[i] < 0) out[i] = 0;
  double dots[kMaxCapacity];
  multiply(rho, pending, stride, used, spread, dots);
  for (int s = 0; s < pending; s++) {
    const Vec dot = splat(dots[s]);
    const double* es = eta + usize(s) * usize(width());
    for (int i = 0; i < width(); i += W) store(out + i, nmadd(dot, load(es + i), load(out + i)));
  }
}

template <int Rows>
int TableauOf<Rows>::current_row(int r, double* row, double& best) {
  const double* Tr = T + usize(r) * usize(stride);
  Vec keys = {};
  const auto part = [&]<int Q>(int c) {
    Vec t[usize(Q)];
    for (int q = 0; q < Q; q++) t[q] = load(Tr + c + W * q);
    for (int s = 0; s < pending; s++) {
      const Vec f = splat(eta[usize(s) * usize(width()) + usize(r)]);
      const double* rs = rho + usize(s) * usize(stride) + c;
      for (int q = 0; q < Q; q++) t[q] = nmadd(f, load(rs + W * q), t[q]);
    }
    for (int q = 0; q < Q; q++) {
      store(row + c + W * q, t[q]);
      keys = maximum(key_of(minimum(t[q], Vec{}), c + W * q), keys);
    }
  };
  int c = 0;
  for (; c + 8 * W <= used; c += 8 * W) part.template operator()<8>(c);
  for (; c + 2 * W <= used; c += 2 * W) part.template operator()<2>(c);
  for (; c < used; c += W) part.template operator()<1>(c);
  const int p = place_of(keys);
  best = p >= 0 && row[p] < 0 ? row[p] : 0;
  return p;
}

template <int Rows>
void TableauOf<Rows>::current_column(int c, double* col) {
  for (int i = 0; i < width(); i += W) store(col + i, entries(c, i));
  for (int s = 0; s < pending; s++) {
    const Vec f = splat(rho[usize(s) * usize(stride) + usize(c)]);
    const double* es = eta + usize(s) * usize(width());
    for (int i = 0; i < width(); i += W) store(col + i, nmadd(f, load(es + i), load(col + i)));
  }
  if (rank < rows())
    for (int i = 0; i < rows(); i++)
      if (basis[i] < 0) col[i] = 0;
}

template <int Rows>
void TableauOf<Rows>::flush() {
  int c = 0;
  for (; c + kTile * W <= used; c += kTile * W) flush_panel<kTile>(c);
  for (; c < used; c += W) flush_panel<1>(c);
  pending = 0;
}

template <int Rows>
template <int Q>
void TableauOf<Rows>::flush_panel(int c) {
  for (int i = 0; i < rows(); i++) {
    double* Ti = T + usize(i) * usize(stride) + c;
    Vec t[usize(Q)];
    for (int q = 0; q < Q; q++) t[q] = load(Ti + W * q);
    for (int s = 0; s < pending; s++) {
      const Vec f = splat(eta[usize(s) * usize(width()) + usize(i)]);
      const double* rs = rho + usize(s) * usize(stride) + c;
      for (int q = 0; q < Q; q++) t[q] = nmadd(f, load(rs + W * q), t[q]);
    }
    for (int q = 0; q < Q; q++) store(Ti + W * q, t[q]);
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
