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

  void set_legendre(int dimension, int order);
  // Mixes the coordinates of W points.
  void mix(int dimension, Vec* t) const;
};

// The two steps of fitting a basis to `count` points, whose coordinates are t[axis * stride + i]. Both use t up.
// fit_coordinates: t holds coordinates in the box. mixable: whether the space stays the same when columns are mixed.
// fit_polynomials: t holds the new coordinates. weight: of each point. scratch: 4 stride doubles.
void fit_coordinates(CellBasis& basis, int dimension, bool mixable, double* t, int stride, int count);
void fit_polynomials(CellBasis& basis, int dimension, int order, const double* t, const double* weight, int stride,
                     int count, double* scratch);

}  // namespace fewpoints::FEWPOINTS_SIMD
