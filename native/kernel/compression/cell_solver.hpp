// Recombination of one cell: fast where that is safe, careful where it is not.
#pragma once
#include <cstdint>
#include <functional>

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
  double residual = 0;  // of the cell, in the basis that was used; relative
};

// Tables of the space of polynomials, shared by all threads, and the two ways to solve a cell.
class CellSolver {
 public:
  // Fast answers with a larger residual are thrown away. Good ones have at most 6e-16 (measured over 10^5 cells).
  static constexpr double kFastResidual = 4e-15;

  CellSolver(const PolynomialSpace& space, std::size_t largest_cell);

  int features() const { return indices_.count; }
  const MultiIndices& indices() const { return indices_; }
  // Doubles of workspace that fast() needs; 0: there is no fast path for this space.
  std::size_t workspace() const { return workspace_; }

  // Whether a cell of that many points goes straight to streamed(): too many features for the fast path, or so many
  // points that all threads should share it and no compile-time instance makes up for that.
  bool streams(std::size_t points) const { return workspace_ == 0 || (shape_.instance < 0 && points >= kManyPoints); }

  // Box, Legendre, homotopy push in simd/cell.cpp. chosen and weights hold `features()` entries. Returns the count, or
  // -1 when the cell needs care.
  int fast(const PointColumns& points, double* workspace, std::uint32_t* chosen, double* weights,
           const Monitor& monitor) const;

  // Whitened frame, data-orthonormal basis, rank-revealing halving, double-double polish. start: a support to begin
  // with, or empty.
  // flat: see OrthonormalBasis; 0 takes everything in which the points differ for meant.
  Support robust(const PointColumns& points, Support start, double degenerate_width, int threads,
                 Monitor& monitor) const;

  // Box and Legendre as in the fast path, for any number of features and points: streamed through the tableau of
  // vertex.hpp. The residual tells whether it is any good.
  Support streamed(const PointColumns& points, int threads, Monitor& monitor) const;
  // The same basis, for features of any rank, with sums in double-double. No point: a column is constant, or no vertex
  // was found.
  Support boxed(const PointColumns& points, int threads, Monitor& monitor) const;
  // Calls use(source) with those features of these points; false, and no call, when a column is constant.
  bool with_box(const PointColumns& points, const std::function<void(const FeatureSource&)>& use) const;

 private:
  Support streamed(const FeatureSource& source, int threads, Monitor& monitor) const;
  static constexpr std::size_t kManyPoints = std::size_t{1} << 17;
  PolynomialSpace space_;
  MultiIndices indices_;
  List<double> norm_;
  CellShape shape_{};
  std::size_t workspace_ = 0;
};

}  // namespace fewpoints
