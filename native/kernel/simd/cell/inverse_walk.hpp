// The walk to a basic feasible solution with the inverse of the basis alone (revised simplex method). An exchange costs
// N^2 operations, and N for every column that is priced; the tableau costs N for every column that there is. With many
// features few columns need a price: any whose entry in the row is negative enough may enter.
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"
#include "simd/walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Cells of at least this many features walk this way.
constexpr int kLargeCell = 100;

// y = A x, where A has `rows` rows of `width` entries, a multiple of 8. y has `width` entries; those after the last row
// become 0.
FEWPOINTS_INLINE void multiply(const double* A, int rows, int width, const double* x, double* y) {
  for (int i = 0; i < rows; i += W) {
    const double* row[W];
    for (int l = 0; l < W; l++) row[l] = A + static_cast<size_t>(i + l < rows ? i + l : rows - 1) * usize(width);
    Vec s[W] = {};
    for (int e = 0; e < width; e += W) {
      const Vec xe = load(x + e);
#pragma GCC unroll 8
      for (int l = 0; l < W; l++) s[l] = madd(load(row[l] + e), xe, s[l]);
    }
    store(y + i, sums_of(s));
  }
  for (int i = rows; i < width; i++) y[i] = 0;
}

// start(c): the weight that column c had at the beginning. outside(y, than): searches for points outside with y . phi
// below `than`, writes their features into columns after the last, opens them, and returns their number, or kGiveUp.
template <class Start, class Outside>
struct InverseWalk {
  const int N, padded;
  double* const inverse;   // B^-1, N x padded: row i belongs to basis[i], column e to feature e
  double* const features;  // N x stride: feature e of column c
  const int stride;
  int columns;  // in use, a multiple of 8
  int* const basis;
  double *const u, *const v, *const entering_column, *const prices;
  unsigned char* const open;  // of each column: 1 while it may enter
  const Start& start;
  const Outside& outside;
  const double enter_tolerance, zero;
  const Stop stop;
  double remaining;
  size_t exchanges = 0;
  int next = 0;  // the column at which pricing goes on

  static constexpr int kPriced = 16 * W;  // columns that are priced at a time
  static constexpr int kEnough = 256;     // columns that are priced before the best of them may enter

  int first_to_vanish() const {
    double least = 2;
    int first = -1;
    for (int i = 0; i < N; i += W) {
      const Vec vi = load(v + i), ui = load(u + i);
      const Vec key = vi < Vec{} ? ui / (ui - vi) : splat(2);
      if (!any(key < splat(least))) continue;
      for (int l = 0; l < W && i + l < N; l++)
        if (key[l] < least) {
          least = key[l];
          first = i + l;
        }
    }
    return first;
  }
  bool stopped() const { return stop(); }

  void move_to(int r) {
    const double lambda = u[r] / (u[r] - v[r]);
    for (int i = 0; i < padded; i += W) {
      const Vec ui = load(u + i);
      store(u + i, maximum(madd(splat(lambda), load(v + i) - ui, ui), Vec{}));
    }
    remaining *= 1 - lambda;
    u[r] = 0;
  }

  // Prices the columns from c on, at most kPriced of them: entry r of B^-1 phi.
  void price(const double* y, int c, int count) {
    Vec s[16] = {};
    const int vectors = count / W;
    if (vectors == 16) {
      for (int e = 0; e < N; e++) {
        const Vec f = splat(y[e]);
        const double* row = features + static_cast<size_t>(e) * usize(stride) + c;
#pragma GCC unroll 16
        for (int q = 0; q < 16; q++) s[q] = madd(f, load(row + q * W), s[q]);
      }
    } else {
      for (int e = 0; e < N; e++) {
        const Vec f = splat(y[e]);
        const double* row = features + static_cast<size_t>(e) * usize(stride) + c;
        for (int q = 0; q < vectors; q++) s[q] = madd(f, load(row + q * W), s[q]);
      }
    }
    for (int q = 0; q < vectors; q++) store(prices + c + q * W, s[q]);
  }

  int entering(int r) {
    const double* const y = inverse + static_cast<size_t>(r) * usize(padded);
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
      look(columns, columns + 8);
      columns += 8;
    }
    return best < -kSmallestPivot ? p : kNothingEnters;
  }

  bool exchange(int r, int p) {
    open[p] = 0;
    double* const column = entering_column;
    // column = B^-1 phi_p
    for (int e = 0; e < N; e++) prices[e] = features[static_cast<size_t>(e) * usize(stride) + usize(p)];
    for (int e = N; e < padded; e++) prices[e] = 0;
    multiply(inverse, N, padded, prices, column);
    for (int i = 0; i < N; i++)
      if (basis[i] < 0) column[i] = 0;
    const double pivot = column[r];
    if (!(pivot < 0)) return false;
    double* const pivots = inverse + static_cast<size_t>(r) * usize(padded);
    const Vec reciprocal = splat(1 / pivot);
    for (int e = 0; e < padded; e += W) store(pivots + e, load(pivots + e) * reciprocal);
    for (int i = 0; i < N; i++) {
      if (i == r || column[i] == 0) continue;
      double* const row = inverse + static_cast<size_t>(i) * usize(padded);
      const Vec f = splat(column[i]);
      for (int e = 0; e < padded; e += W) store(row + e, nmadd(f, load(pivots + e), load(row + e)));
    }
    const double vr = v[r] / pivot;
    for (int i = 0; i < N; i++) v[i] = i == r ? vr : v[i] - column[i] * vr;
    exchanges++;
    basis[r] = p;
    u[r] = remaining * start(p);
    return true;
  }

  bool negligible(int r) {
    if (!(v[r] > -zero)) return false;
    v[r] = 0;
    return true;
  }
};

}  // namespace fewpoints::FEWPOINTS_SIMD
