// What the two ways to find free points have in common: when Newton's method ends, and the features of nodes.
#pragma once
#include "simd/kernels.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

constexpr double kInfinite = __builtin_huge_val();
// A step leaves a weight at least this share of itself, and takes at most this share of the room of a coordinate.
constexpr double kWeightLeft = 0.2, kRoomTaken = 0.9;
// The room that a coordinate counts as having is at least this, and at most 1.
constexpr double kLeastRoom = 1e-3;
// A cell is given up when steps must be cut to less than this, when its error is beyond this, and after so many
// factorisations.
constexpr double kLeastStep = 1e-3, kLargestError = 1e2;
constexpr int kMostFactors = 24, kMostSteps = 6;
// An error of this times the root of the number of moments is the rounding of their sums. Below the second, one that
// falls no more is final.
constexpr double kRounded = 2e-16, kFinal = 2e-15, kFalls = 0.3;
// The same factors serve another step when the last one has brought the error down to this share.
constexpr double kContracted = 0.7;
// Pivots of A A' relative to its diagonal, below which it is singular.
constexpr double kSmallestPivot = 1e-22;

FEWPOINTS_INLINE Vec choose(Index where, Vec yes, Vec no) { return where ? yes : no; }
FEWPOINTS_INLINE int first_stride(const FreeShape& shape) { return (shape.nodes * (shape.dimension + 1) + 7) / 8 * 8; }

// The room of a coordinate, which is the unit of its steps.
FEWPOINTS_INLINE Vec room_of(Vec t) {
  return maximum(splat(kLeastRoom), minimum(splat(1), splat(2) - splat(2) * magnitude(t)));
}

// The first step from the rule of a cell with this target, cut so that weights stay positive and points in the cube:
// first_stride() numbers. What serves all cells was prepared by free_first.
inline void first_step(const FreeShape& shape, const double* target, double* step) {
  const int m = shape.dimension, width = m + 1, stride = first_stride(shape);
  for (int u = 0; u < stride; u += W) store(step + u, Vec{});
  for (int e = 0; e < shape.count; e++) {
    const Vec defect = splat(target[e] - (e == 0 ? 1 : 0));
    const double* const row = shape.first + usize(e) * usize(stride);
    for (int u = 0; u < stride; u += W) store(step + u, madd(defect, load(row + u), load(step + u)));
  }
  double most = 1;
  const auto limit = [&most](double times) { most = times > most ? times : most; };
  for (int j = 0; j < shape.nodes; j++) {
    limit(-step[j * width] / ((1 - kWeightLeft) * shape.weights[j]));
    for (int a = 0; a < m; a++) {
      const double by = step[j * width + 1 + a], x = shape.points[j * m + a];
      limit(absolute(by) / (kRoomTaken * (by > 0 ? 1 - x : 1 + x)));
    }
  }
  for (int u = 0; u < stride; u++) step[u] /= most;
}

// Values of orthonormal Legendre polynomials of each coordinate, then those of their derivatives: 2 m (k + 1) vectors.
template <bool derivatives>
FEWPOINTS_INLINE void powers_at(const FreeShape& shape, const Vec* t, Vec* powers) {
  const int k1 = shape.order + 1, m = shape.dimension;
  for (int a = 0; a < m; a++) {
    Vec *const p = powers + a * k1, *const d = powers + (m + a) * k1;
    p[0] = splat(1);
    if (k1 > 1) p[1] = t[a];
    if constexpr (derivatives) {
      d[0] = Vec{};
      if (k1 > 1) d[1] = splat(1);
    }
    for (int j = 1; j + 1 < k1; j++) {
      const double i = 1.0 / (j + 1);
      p[j + 1] = nmadd(splat(j * i), p[j - 1], splat((2 * j + 1) * i) * t[a] * p[j]);
      if constexpr (derivatives) d[j + 1] = madd(splat(2 * j + 1), p[j], d[j - 1]);
    }
    for (int j = 1; j < k1; j++) {
      const Vec norm = splat(__builtin_sqrt(2.0 * j + 1));
      p[j] *= norm;
      if constexpr (derivatives) d[j] *= norm;
    }
  }
}
// The features; with gradients, each is followed by its derivatives: N (m + 1) vectors.
template <bool gradients>
FEWPOINTS_INLINE void features_at(const FreeShape& shape, const Vec* powers, Vec* features) {
  const int k1 = shape.order + 1, m = shape.dimension, width = gradients ? m + 1 : 1;
  features[0] = splat(1);
  if constexpr (gradients)
    for (int a = 1; a <= m; a++) features[a] = Vec{};
  for (int e = 1; e < shape.count; e++) {
    const Vec* const from = features + shape.parent[e] * width;
    Vec* const to = features + e * width;
    const int axis = shape.axis[e], at = axis * k1 + shape.degree[e];
    const Vec p = powers[at];
    to[0] = from[0] * p;
    if constexpr (gradients) {
      for (int a = 0; a < axis; a++) to[a + 1] = from[a + 1] * p;
      to[axis + 1] = from[0] * powers[m * k1 + at];
      for (int a = axis + 1; a < m; a++) to[a + 1] = Vec{};
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
