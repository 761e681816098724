// The exchanges of TableauOf: the push itself, columns from outside, and the inverse under rank-1 corrections.
#pragma once
#include "simd/cell/tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

template <int Rows>
template <class Start, class Outside>
bool TableauOf<Rows>::push(const Start& start, const Outside& outside, double enter_tolerance, double zero,
                           size_t most_steps, Stop stop) {
  for (int i = 0; i < rows(); i++) {
    u[i] = basis[i] >= 0 ? start(basis[i]) : 0;
    if (basis[i] < 0) v[i] = 0;
  }
  size_t steps = 0;
  while (true) {
    const int r = first_to_vanish();
    if (r < 0) return true;
    if (++steps > most_steps || stop()) return false;
    const double lambda = u[r] / (u[r] - v[r]);
    for (int i = 0; i < width(); i += W) {
      const Vec ui = load(u + i);
      store(u + i, maximum(madd(splat(lambda), load(v + i) - ui, ui), Vec{}));
    }
    remaining *= 1 - lambda;
    set_entry(u, r, 0);
    if (pending == capacity) flush();
    double* row = rho + usize(pending) * usize(stride);
    double* col = eta + usize(pending) * usize(width());
    double best;
    int p = current_row(r, row, best);
    if (!(best < -enter_tolerance)) {
      for (int e = 0; e < rows(); e++) scratch[e] = home[e] >= 0 ? row[home[e]] : 0;
      const int found = outside(scratch, best, *this);
      if (found == kGiveUp) return false;
      if (found > 0) p = current_row(r, row, best);
      if (!(best < -kSmallestPivot)) {
        if (!(v[r] > -zero)) return false;
        set_entry(v, r, 0);  // rounding only: nothing has to enter
        continue;
      }
    }
    current_column(p, col);
    close(p);
    const double pivot = col[r];
    if (!(pivot < 0)) return false;
    const Vec inverse = splat(1 / pivot);
    for (int c = 0; c < used; c += W) store(row + c, load(row + c) * inverse);
    const double vr = v[r] / pivot;
    set_entry(col, r, pivot - 1);
    for (int i = 0; i < width(); i += W) store(v + i, nmadd(load(col + i), splat(vr), load(v + i)));
    set_entry(v, r, vr);
    basis[r] = p;
    set_entry(u, r, remaining * start(p));
    pending++;
  }
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
    for (int q = 0; q < V; q++) store(T + usize(i) * usize(stride) + first + q * W, s[q]);
  }
  for (int o = 0; o < pending; o++) {
    Vec s[V];
    double* ro = rho + usize(o) * usize(stride);
    times_phi(ro, s);
    for (int q = 0; q < V; q++) store(ro + first + q * W, s[q]);
  }
  // The corrections are applied like those of any other column.
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
  products(T, rows(), out);
  for (int i = 0; i < rows(); i++)
    if (home[i] < 0) out[i] = 0;
  for (int i = rows(); i < width(); i++) out[i] = 0;
  double dots[kMaxCapacity];
  products(rho, pending, dots);
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
void TableauOf<Rows>::products(const double* A, int count, double* out) const {
  for (int i = 0; i < count; i += W) {
    const double* row[W];
    for (int l = 0; l < W; l++) row[l] = A + static_cast<size_t>(i + l < count ? i + l : count - 1) * usize(stride);
    Vec s[W] = {};
    for (int c = 0; c < used; c += W) {
      const Vec x = load(spread + c);
#pragma GCC unroll 8
      for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + c), x, s[l]);
    }
    storeu(out + i, sums_of(s));
  }
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
