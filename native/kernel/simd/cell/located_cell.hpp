// The points of one cell in the coordinates of its basis, and the choice of candidates among them. This part is the
// same for any number of columns and any order.
#pragma once
#include "simd/cell/cell_basis.hpp"
#include "simd/kernels.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

struct LocatedCell {
  const CellShape& shape;
  const CellPoints& points;
  CellBasis basis;
  double per_weight = 0;  // 1 / mean weight

  // Coordinate a, before the axes are mixed.
  FEWPOINTS_INLINE Vec local(int a, Vec x) const { return (x - splat(basis.centre[a])) * splat(basis.scale[a]); }
  // Maps the bounding box to [-1, 1]^m, with Legendre polynomials.
  void measure();
  // The coordinates of the given points, out[axis * stride + i]. The columns up to the next multiple of W are written.
  void coordinates(const int* at, int count, int stride, double* out) const;
  // The candidates for the support: S of the n >= S points, one of each of S runs of equal length. The partition leaves
  // the points of a cell spatially sorted, so this is a stratified sample.
  void choose_evenly(int S, int* candidates) const;
  // S of the points by systematic sampling: point i is taken with probability min(1, rate leverage(i) + kEven S / n).
  // The points of large leverage decide whether positive weights on the candidates exist. share: the number of points
  // that each candidate stands for. taken: n entries of scratch.
  void choose_by_leverage(int S, int* candidates, double* share, unsigned char* taken);

 private:
  Vec leverage(size_t i) const;
};

}  // namespace fewpoints::FEWPOINTS_SIMD
