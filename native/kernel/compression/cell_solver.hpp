// The ways to recombine one cell in one space of polynomials. Which of them is tried when: ladder.hpp.
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
  double residual = HUGE_VAL;  // of the cell, in the basis that was used; relative
  bool found() const { return !indices.empty(); }
};

// Tables of the space, shared by all threads. Every way returns a support of at most features() points with positive
// weights and the residual that it measured, or none.
class CellSolver {
 public:
  CellSolver(const PolynomialSpace& space, std::size_t largest_cell);

  int features() const { return indices_.count; }
  const MultiIndices& indices() const { return indices_; }
  // Doubles of workspace that in_cache() needs; 0: the space has too many features for it.
  std::size_t workspace() const { return workspace_; }
  // Whether a cell of that many points is for streamed() instead of in_cache(): too many features, or so many points
  // that all threads should share it and no compile-time instance makes up for that.
  bool streams(std::size_t points) const { return workspace_ == 0 || (shape_.instance < 0 && points >= kManyPoints); }

  // Legendre products on the cell's box, one tableau in cache (simd/cell). chosen and weights hold features() entries.
  // `count` of the result: kCellNotSolved, kCellTooMany, or how many points are kept.
  CellResult in_cache(const PointColumns& points, double* workspace, std::uint32_t* chosen, double* weights,
                      const Monitor& monitor) const;

  // The same for a cell that in_cache() found too many points in: parts of it are reduced first, each on its own box,
  // and then what they keep (tree recombination: Tchernychova 2015). None when a part is not solved.
  Support in_parts(const PointColumns& points, double* workspace, const Monitor& monitor) const;

  // The same basis for any number of features and points: streamed through the tableau of recombination/, by all
  // threads.
  Support streamed(const PointColumns& points, int threads, Monitor& monitor) const;

  // Whitened coordinates and polynomials orthonormal over the data, the rank found, weights refined in double-double.
  // start: a support to begin with; it is kept when refining its weights is enough.
  // degenerate_width: of OrthonormalBasis; 0: even the slightest spread of the points counts.
  Support orthonormal(const PointColumns& points, Support start, double degenerate_width, int threads,
                      Monitor& monitor) const;

  // Legendre products on the box for features of any rank, with sums in double-double. None where a column is constant.
  Support boxed(const PointColumns& points, int threads, Monitor& monitor) const;

  // Calls use(source) with the Legendre features of these points; false, and no call, when a column is constant.
  bool with_box(const PointColumns& points, const std::function<void(const FeatureSource&)>& use) const;

 private:
  static constexpr std::size_t kManyPoints = std::size_t{1} << 17;
  PolynomialSpace space_;
  MultiIndices indices_;
  List<double> norm_;
  CellShape shape_{};
  std::size_t workspace_ = 0;
};

}  // namespace fewpoints
