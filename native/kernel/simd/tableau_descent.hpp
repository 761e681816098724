// The descent of TableauOf: from vertex to vertex, to where further features are missed by least.
#pragma once
#include "tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

template <int Rows>
void TableauOf<Rows>::descend(int most, const double* norm, Stop stop) {
  flush();
  double* share = u;  // largest v / v: how soon a unit of the entering column uses up each basis weight
  for (int exchange = 0; exchange < most && !stop(); exchange++) {
    double defect = 0;
    for (int e = rows(); e < total(); e++) defect += v[e] * v[e] * norm[e] * norm[e];
    double top = 0;
    for (int i = 0; i < rows(); i++) top = v[i] > top ? v[i] : top;
    for (int i = 0; i < rows(); i++) share[i] = v[i] > kVanished * top ? top / v[i] : 1 / kVanished;
    int p = -1;
    double best = kWorthwhile * defect;
    for (int c = 0; c < used;) {
      if (c + kTile * W <= used) {
        price_exchange<kTile>(c, norm, share, top, best, p);
        c += kTile * W;
      } else {
        price_exchange<1>(c, norm, share, top, best, p);
        c += W;
      }
    }
    pending = 0;  // applied on the way
    if (p < 0) return;
    double* col = eta;
    current_column(p, col);
    int r = 0;
    for (int i = 1; i < rows(); i++)
      if (col[i] * share[i] > col[r] * share[r]) r = i;
    close(p);
    const double pivot = col[r];
    if (!(pivot > kSmallestExchange)) continue;
    const double* Tr = T + static_cast<size_t>(r) * stride;
    for (int c = 0; c < used; c += W) store(rho + c, load(Tr + c) * splat(1 / pivot));
    const double vr = v[r] / pivot;
    set_entry(col, r, pivot - 1);
    for (int i = 0; i < width(); i += W) store(v + i, nmadd(load(col + i), splat(vr), load(v + i)));
    set_entry(v, r, vr);
    for (int i = 0; i < rows(); i++) v[i] = v[i] > 0 ? v[i] : 0;
    basis[r] = p;
    pending = 1;
  }
}

template <int Rows>
template <int Q>
void TableauOf<Rows>::price_exchange(int c, const double* norm, const double* share, double top, double& best, int& p) {
  Vec used_up[Q], left[Q], f[Q];
  for (int q = 0; q < Q; q++) {
    used_up[q] = splat(kSmallestPivot);
    left[q] = Vec{};
    f[q] = pending > 0 ? load(rho + c + q * W) : Vec{};
  }
  const auto row = [&](int i, Vec* t) {
    double* Ti = T + static_cast<size_t>(i) * stride + c;
    for (int q = 0; q < Q; q++) t[q] = load(Ti + q * W);
    if (pending == 0) return;
    const Vec g = splat(eta[i]);
    for (int q = 0; q < Q; q++) {
      t[q] = nmadd(g, f[q], t[q]);
      store(Ti + q * W, t[q]);
    }
  };
  Vec t[Q];
  for (int i = 0; i < rows(); i++) {
    row(i, t);
    const Vec s = splat(share[i]);
    for (int q = 0; q < Q; q++) used_up[q] = maximum(t[q] * s, used_up[q]);
  }
  for (int q = 0; q < Q; q++) used_up[q] = splat(top) / used_up[q];  // the weight with which the column enters
  for (int e = rows(); e < total(); e++) {
    row(e, t);
    const Vec ve = splat(v[e]), ne = splat(norm[e]);
    for (int q = 0; q < Q; q++) {
      const Vec d = nmadd(used_up[q], t[q], ve) * ne;
      left[q] = madd(d, d, left[q]);
    }
  }
  for (int q = 0; q < Q; q++) {
    if (!any(left[q] < splat(best))) continue;
    for (int l = 0; l < W; l++)
      if (left[q][l] < best && open[c + q * W + l] != 0) {
        best = left[q][l];
        p = c + q * W + l;
      }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
