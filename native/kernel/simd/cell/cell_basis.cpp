#include "simd/cell/cell_basis.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
// A direction, or a polynomial, that is this small on the sample beside the terms it comes from is rounding there. It
// keeps its scale, because it need not be small on the other points.
constexpr double kVanishing = 1e-12;
// Coordinates are mixed when a column keeps less than this share of its variance beside the others.
constexpr double kOwnShare = 0.25;

namespace {

double dot(const double* x, const double* y, int n) {
  Vec s = {};
  int i = 0;
  for (; i + W <= n; i += W) s = madd(load(x + i), load(y + i), s);
  double rest = 0;
  for (; i < n; i++) rest += x[i] * y[i];
  return sum(s) + rest;
}
void subtract(double* x, double factor, const double* y, int n) {
  int i = 0;
  for (; i + W <= n; i += W) store(x + i, nmadd(splat(factor), load(y + i), load(x + i)));
  for (; i < n; i++) x[i] -= factor * y[i];
}
double largest_of(const double* x, int n) {
  double low, high;
  extremes(x, usize(n), &low, &high);
  return -low > high ? -low : high;
}
double root(double x) { return __builtin_sqrt(x); }

}  // namespace

void CellBasis::set_legendre(int dimension, int order) {
  mixed = false;
  for (int a = 0; a < dimension; a++)
    for (int j = 1; j < order; j++) steps[a * order + j] = {(2.0 * j + 1) / (j + 1), 0, j / (j + 1.0)};
}

void CellBasis::mix(int dimension, Vec* t) const {
  const double* f = factors;
  for (int q = 0; q < dimension; q++) {
    Vec s = t[axes[q]];
    for (int r = 0; r < q; r++) s = nmadd(splat(*f++), t[axes[r]], s);
    t[axes[q]] = s * splat(rescale[q]);
  }
}

// Centres the axes, brings them to variance 1, and removes from each what the axes before it say.
void fit_coordinates(CellBasis& basis, int m, bool mixable, double* t, int stride, int n) {
  const double share = 1.0 / n;
  double own[usize(kMaxFastDimension)];
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

void fit_polynomials(CellBasis& basis, int m, int order, const double* t, const double* weight, int stride, int n,
                     double* scratch) {
  double total = 0;
  for (int i = 0; i < n; i++) total += weight[i];
  const double share = 1 / total;
  double *before = scratch, *now = before + stride, *next = now + stride, *weighted = next + stride;
  const auto weigh = [&](const double* p) {
    for (int i = 0; i < n; i++) weighted[i] = weight[i] * p[i];
  };
  for (int a = 0; a < m; a++) {
    const double* x = t + usize(a) * usize(stride);
    for (int i = 0; i < n; i++) {
      before[i] = 1;
      now[i] = x[i];
    }
    double below = 1;
    for (int j = 1; j < order; j++) {
      for (int i = 0; i < n; i++) next[i] = x[i] * now[i];
      const double terms = largest_of(next, n);
      weigh(before);
      const double beta = below > 0 ? share * dot(next, weighted, n) / below : 0;
      weigh(now);
      const double square = share * dot(now, weighted, n);
      const double alpha = square > 0 ? share * dot(next, weighted, n) / square : 0;
      below = square;
      subtract(next, alpha, now, n);
      subtract(next, beta, before, n);
      weigh(next);
      const double size = root(share * dot(next, weighted, n));
      const double factor = size > kVanishing * (terms > 1 ? terms : 1) ? 1 / size : 1;
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
