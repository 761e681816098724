// The walk to a basic feasible solution with the inverse of the basis alone (revised simplex method). An exchange costs
// N^2 operations, and N for every column that is priced; the tableau costs N for every column that there is. With many
// features few columns need a price: any whose entry in the row is negative enough may enter.
#pragma once
#include "simd/cell/tableau.hpp"
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"
#include "simd/walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Cells of at least this many features walk this way.
constexpr int kLargeCell = 100;

// t: a tableau that holds the basis, u, v, and in the place of T the features of all columns. start(c): the weight that
// column c had at the beginning. outside(y, than): searches for points outside with y . phi below `than`, writes their
// features into columns after the last, opens them, and returns their number, or kGiveUp.
template <class Tableau, class Start, class Outside>
struct InverseWalk {
  Tableau& t;
  double* const inverse;                // B^-1, N x padded: row i belongs to basis[i], column e to feature e
  int columns;                          // in use, a multiple of 8
  double *const column, *const prices;  // scratch: padded; stride
  unsigned char* const open;            // of each column: 1 while it may enter
  const Start& start;
  const Outside& outside;
  const double enter_tolerance, zero;
  const Stop stop;
  size_t exchanges = 0;
  int next = 0;  // the column at which pricing goes on

  static constexpr int kPriced = 16 * W;  // columns that are priced at a time
  static constexpr int kEnough = 256;     // columns that are priced before the best of them may enter

  int first_to_vanish() const { return t.first_to_vanish(); }
  bool stopped() const { return stop(); }
  void move_to(int r) { t.move_to(r); }
  bool negligible(int r) { return t.negligible(r, zero); }

  // Prices the columns from c on, at most kPriced of them: entry r of B^-1 phi, where y is row r of B^-1.
  void price(const double* y, int c, int count) {
    const int vectors = count / W;
    const auto add = [&](Vec * s, int used) __attribute__((always_inline)) {
      for (int e = 0; e < t.N; e++) {
        const Vec f = splat(y[e]);
        const double* row = t.T + usize(e) * usize(t.stride) + c;
#pragma GCC unroll 16
        for (int q = 0; q < used; q++) s[q] = madd(f, load(row + q * W), s[q]);
      }
    };
    Vec s[16] = {};
    if (vectors == 16)
      add(s, 16);
    else
      add(s, vectors);
    for (int q = 0; q < vectors; q++) store(prices + c + q * W, s[q]);
  }

  int entering(int r) {
    const double* const y = inverse + usize(r) * usize(t.padded);
    double best = 0;
    int p = -1;
    const auto look = [&](int from, int to) {
      for (int c = from; c < to; c += kPriced) {
        const int count = to - c < kPriced ? to - c : kPriced;
        price(y, c, count);
        for (int i = c; i < c + count; i += W) {
          if (!any(load(prices + i) < splat(best))) continue;
          for (int l = 0; l < W; l++)
            if (prices[i + l] < best && open[i + l]) {
              best = prices[i + l];
              p = i + l;
            }
        }
      }
    };
    int priced = 0;
    while (priced < columns) {
      const int from = next, to = from + kEnough < columns ? from + kEnough : columns;
      look(from, to);
      priced += to - from;
      next = to == columns ? 0 : to;
      if (best < -enter_tolerance) return p;
    }
    const int found = outside(y, best);
    if (found == kGiveUp) return kGiveUp;
    if (found > 0) {
      look(columns, columns + kBatch);
      columns += kBatch;
    }
    return best < -kSmallestPivot ? p : kNothingEnters;
  }

  bool exchange(int r, int p) {
    const int N = t.N, padded = t.padded;
    open[p] = 0;
    double* const phi = prices;
    for (int e = 0; e < padded; e++) phi[e] = e < N ? t.T[usize(e) * usize(t.stride) + usize(p)] : 0;
    multiply(inverse, N, padded, padded, phi, column);
    for (int i = 0; i < N; i++)
      if (t.basis[i] < 0) column[i] = 0;
    const double pivot = column[r];
    if (!(pivot < 0)) return false;
    double* const pivots = inverse + usize(r) * usize(padded);
    const Vec reciprocal = splat(1 / pivot);
    for (int e = 0; e < padded; e += W) store(pivots + e, load(pivots + e) * reciprocal);
    const double vr = t.v[r] / pivot;
    for (int i = 0; i < N; i++) {
      if (i == r || column[i] == 0) continue;
      double* const row = inverse + usize(i) * usize(padded);
      const Vec f = splat(column[i]);
      for (int e = 0; e < padded; e += W) store(row + e, nmadd(f, load(pivots + e), load(row + e)));
      t.v[i] -= column[i] * vr;
    }
    t.v[r] = vr;
    t.basis[r] = p;
    t.u[r] = t.remaining * start(p);
    exchanges++;
    return true;
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
