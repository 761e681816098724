#include "simd/cell/cell_basis.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Centres the axes, brings them to variance 1, and removes from each what the axes before it say.
void fit_coordinates(CellBasis& basis, int m, bool mixable, double* t, int stride, int n) {
  const double share = 1.0 / n;
  double own[usize(kMaxFastDimension)];
  double* const ones = nullptr;
  (void)ones;
  for (int a = 0; a < m; a++) {
    double* x = t + usize(a) * usize(stride);
    double mean = 0;
    for (int i = 0; i < n; i++) mean += x[i];
    mean *= share;
    for (int i = 0; i < n; i++) x[i] -= mean;
    const double deviation = root(share * dot(x, x, n));
    const double factor = deviation > kVanishing ? 1 / deviation : 1;
    for (int i = 0; i < n; i++) x[i] *= factor;
    if (basis.scale[a] > 0) basis.centre[a] += mean / basis.scale[a];
    basis.scale[a] *= factor;
    own[a] = share * dot(x, x, n);
    basis.axes[a] = a;
  }
  basis.mixed = false;
  if (!mixable) return;
  // Modified Gram-Schmidt. The axis that keeps the largest share of itself goes first.
  double rest[usize(kMaxFastDimension)], least = 1;
  for (int a = 0; a < m; a++) rest[a] = own[a];
  double projections[usize(kMaxFastDimension)][usize(kMaxFastDimension)];
  for (int q = 0; q < m; q++) {
    int best = q;
    for (int r = q + 1; r < m; r++)
      if (rest[basis.axes[r]] > rest[basis.axes[best]]) best = r;
    const int axis = basis.axes[best];
    basis.axes[best] = basis.axes[q];
    basis.axes[q] = axis;
    double* x = t + usize(axis) * usize(stride);
    const double deviation = root(share * dot(x, x, n));
    const double factor = deviation > kVanishing ? 1 / deviation : 1;
    basis.rescale[q] = factor;
    for (int i = 0; i < n; i++) x[i] *= factor;
    if (own[axis] > 0 && deviation * deviation < least) least = deviation * deviation;
    for (int r = q + 1; r < m; r++) {
      const int other = basis.axes[r];
      double* y = t + usize(other) * usize(stride);
      const double f = deviation > kVanishing ? share * dot(x, y, n) : 0;
      projections[other][axis] = f;
      subtract(y, f, x, n);
      rest[other] = share * dot(y, y, n);
    }
  }
  double* f = basis.factors;
  for (int q = 0; q < m; q++)
    for (int r = 0; r < q; r++) *f++ = projections[basis.axes[q]][basis.axes[r]];
  basis.mixed = least < kOwnShare;
}

}  // namespace

void fit(CellBasis& basis, int m, int order, bool mixable, double* t, int stride, int n, double* scratch) {
  fit_coordinates(basis, m, mixable, t, stride, n);
  const double share = 1.0 / n;
  double *before = scratch, *now = scratch + stride, *next = scratch + 2 * usize(stride);
  for (int a = 0; a < m; a++) {
    const double* x = t + usize(a) * usize(stride);
    for (int i = 0; i < n; i++) {
      before[i] = 1;
      now[i] = x[i];
    }
    for (int j = 1; j < order; j++) {
      for (int i = 0; i < n; i++) next[i] = x[i] * now[i];
      const double terms = largest_of(next, n);
      const double square = share * dot(now, now, n);
      const double alpha = square > 0 ? share * dot(next, now, n) / square : 0;
      const double below = share * dot(before, before, n);
      const double beta = below > 0 ? share * dot(next, before, n) / below : 0;
      subtract(next, alpha, now, n);
      subtract(next, beta, before, n);
      const double size = root(share * dot(next, next, n));
      const double factor = size > kVanishing * terms ? 1 / size : 1;
      for (int i = 0; i < n; i++) next[i] *= factor;
      basis.steps[a * order + j] = {factor, -alpha * factor, beta * factor};
      double* const free = before;
      before = now;
      now = next;
      next = free;
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
