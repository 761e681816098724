// The ways to recombine one cell in one space of polynomials. ladder.hpp says which is tried when.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/orthonormal_basis.hpp"
#include "polynomial/space.hpp"
#include "recombination/basic_solution.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

struct Support {
  List<std::uint32_t> indices;  // into the cell's points
  List<double> weights;
  double residual = HUGE_VAL;  // of the cell, relative, in the basis that was used
  bool found() const { return !indices.empty(); }
};

// A cell counts as solved in the enlarged space up to this residual. Where moments depend on each other all but for the
// rounding of the input, it is about this large; elsewhere it is a few epsilons.
constexpr double kCellResidual = 1.5e-14;

// The first point with the weight of all.
Support merged(const PointColumns& points);

// The tables of a space, which all threads share. Every way returns either a support of at most features() points, with
// positive weights and its residual, or none.
class CellSolver {
 public:
  CellSolver(const PolynomialSpace& space, std::size_t largest_cell);

  int features() const { return indices_.count; }
  // The doubles of workspace that in_cache() needs. 0: the space has too many features for it.
  std::size_t workspace() const { return workspace_; }
  // Whether a cell of this many points is for streamed() instead of in_cache(). It is when the space has too many
  // features, or when the cell has so many points that all threads should share it and no compile-time instance makes
  // up for that.
  bool streams(std::size_t points) const { return workspace_ == 0 || (shape_.instance < 0 && points >= kManyPoints); }

  // Products of polynomials on the cell's box or fitted to its points, in cache (simd/cell). chosen and weights hold
  // features() entries. `count` of the result is negative, or the number of points kept.
  CellResult in_cache(const PointColumns& points, double* workspace, std::uint32_t* chosen, double* weights,
                      const Monitor& monitor) const;

  // Legendre products on the cell's box, for any number of features and points. All threads stream the cell through the
  // tableau of recombination/.
  Support streamed(const PointColumns& points, int threads, Monitor& monitor) const;

  // Whitened coordinates, and polynomials that are orthonormal over the data. Finds the rank, and refines weights in
  // double-double. start: a support to begin with; it is kept when refined weights suffice. degenerate_width: that of
  // OrthonormalBasis; 0: even the slightest spread of the points counts.
  Support orthonormal(const PointColumns& points, Support start, double degenerate_width, int threads,
                      Monitor& monitor) const;

  // Another support of as many points, none of whose weights is below `minimum` times their mean (raise_weights.hpp).
  // None where the search ends before. start: a support of this cell.
  Support with_larger_weights(const PointColumns& points, Support start, double minimum, int threads,
                              Monitor& monitor) const;

  // Legendre products on the box, for features of any rank, with sums in double-double. None where a column is
  // constant.
  Support boxed(const PointColumns& points, int threads, Monitor& monitor) const;

 private:
  static constexpr std::size_t kManyPoints = std::size_t{1} << 20;
  PolynomialSpace space_;
  MultiIndices indices_;
  List<double> norm_;
  CellShape shape_{};
  std::size_t workspace_ = 0;
};

}  // namespace fewpoints
