// The basis of one cell: a map of its points to local coordinates, and one family of univariate polynomials per axis.
//
// Two bases span the same space. Legendre polynomials on the bounding box cost nothing, and suit points that fill the
// box. The fitted basis suits all others: its coordinates are uncorrelated, and its polynomials are orthonormal, over a
// sample of the points (modified Gram-Schmidt; discrete Stieltjes procedure).
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// One step of a three-term recurrence: p_{j+1}(t) = (a t + b) p_j(t) - c p_{j-1}(t), for j >= 1; p_0 = 1, p_1 = t.
struct RecurrenceStep {
  double a, b, c;
};

struct CellBasis {
  double centre[usize(kMaxFastDimension)], scale[usize(kMaxFastDimension)];  // t = (x - centre) * scale
  // When mixed, axis axes[q] is replaced by t_axes[q] - sum_{r<q} factors[q (q - 1) / 2 + r] t'_axes[r], times rescale.
  bool mixed = false;
  int axes[usize(kMaxFastDimension)];
  double factors[usize(kMaxFastDimension * (kMaxFastDimension - 1) / 2)], rescale[usize(kMaxFastDimension)];
  RecurrenceStep steps[usize(kMaxFastPowers)];  // step j of axis a at a * order + j

  void set_legendre(int dimension, int order) {
    mixed = false;
    for (int a = 0; a < dimension; a++)
      for (int j = 1; j < order; j++) steps[a * order + j] = {(2.0 * j + 1) / (j + 1), 0, j / (j + 1.0)};
  }

  FEWPOINTS_INLINE void mix(int dimension, Vec* t) const {
    const double* f = factors;
    for (int q = 0; q < dimension; q++) {
      Vec s = t[axes[q]];
      for (int r = 0; r < q; r++) s = nmadd(splat(*f++), t[axes[r]], s);
      t[axes[q]] = s * splat(rescale[q]);
    }
  }
};

// A direction, or a polynomial, that is this small on the sample beside the terms it comes from is rounding there. It
// keeps its scale, because it need not be small on the other points.
constexpr double kVanishing = 1e-12;
// Coordinates are mixed when a column keeps less than this share of its variance beside the others.
constexpr double kOwnShare = 0.25;

namespace {

FEWPOINTS_INLINE double dot(const double* x, const double* y, int n) {
  Vec s = {};
  int i = 0;
  for (; i + W <= n; i += W) s = madd(load(x + i), load(y + i), s);
  double rest = 0;
  for (; i < n; i++) rest += x[i] * y[i];
  return sum(s) + rest;
}
FEWPOINTS_INLINE void subtract(double* x, double factor, const double* y, int n) {
  int i = 0;
  for (; i + W <= n; i += W) store(x + i, nmadd(splat(factor), load(y + i), load(x + i)));
  for (; i < n; i++) x[i] -= factor * y[i];
}
FEWPOINTS_INLINE double largest_of(const double* x, int n) {
  double low, high;
  extremes(x, usize(n), &low, &high);
  return -low > high ? -low : high;
}
FEWPOINTS_INLINE double root(double x) { return __builtin_sqrt(x); }

}  // namespace

// The two steps of fitting a basis to `count` points, whose coordinates are t[axis * stride + i]. Both use t up.
// fit_coordinates: t holds coordinates in the box. mixable: whether the space stays the same when columns are mixed.
// fit_polynomials: t holds the new coordinates. weight: of each point. scratch: 4 stride doubles.
void fit_coordinates(CellBasis& basis, int dimension, bool mixable, double* t, int stride, int count);
void fit_polynomials(CellBasis& basis, int dimension, int order, const double* t, const double* weight, int stride,
                     int count, double* scratch);

}  // namespace fewpoints::FEWPOINTS_SIMD
