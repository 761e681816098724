// Free points of cells: points that may lie anywhere in the box of a cell and, with positive weights, have the moments
// of its points. m coordinates and a weight each: about N / (m + 1) of them have N moments.
//
// A rule for the uniform measure on the cube is mapped to the box of the cell and corrected there, by Newton's method
// with steps of least norm. The defect of the rule in the next degree is the same in all cells, so the rule is turned
// from cell to cell, by the number of the cell: defects then cancel. In one column the points are those of the Gauss
// rule of the cell. Instead, a cell can have one point, its mean.
#pragma once
#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "polynomial/orthonormal_basis.hpp"
#include "polynomial/space.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// The order of a solver whose only point is the mean. Its error in the next degree has one sign in all cells.
constexpr int kMeanOrder = 1;

// How many free points have the moments of total degree <= order of a cell. 0: there is no rule for them. Those of
// order 1 are those of order 2.
int free_points_per_cell(int dimension, int order);

// A cell of more than nodes() points, and its answer.
struct FreeCell {
  PointColumns points;
  std::size_t number = 0;  // turns the rule; that of a neighbour reflects it
  double* x = nullptr;     // nodes() x dimension, row-major
  double* w = nullptr;     // nodes()
  bool solved = false;     // false: no free points were found, and x and w say nothing
};

// The tables of a rule, which all threads share.
class FreeSolver {
 public:
  // There must be a rule, unless the order is kMeanOrder.
  FreeSolver(int dimension, int order);

  int nodes() const { return shape_.nodes; }
  int features() const { return indices_.count; }
  // What cell comes with which does not matter.
  void solve(List<FreeCell>& cells, const Monitor& monitor) const;

 private:
  struct Work;
  // One of the reflections along axes and rotations of their order.
  struct Turn {
    unsigned reflected;  // bit a: coordinate a of the cell has its sign changed
    int rotated;         // coordinate a of the cell is coordinate (a + rotated) % m of the rule
  };
  Turn turn(std::size_t number) const;
  void moments_to_rule(const Turn& turn, const double* moments, double* target) const;
  void points_to_box(const Turn& turn, const double* t, const double* low, const double* high, double* x) const;

  void aim(Work& work, std::size_t cell, const Turn& turn, std::size_t place) const;
  void run(Work& work, std::size_t count, bool from_rule, const Monitor& monitor) const;
  void answer(Work& work, std::size_t cell, const Turn& turn, const double* points, const double* weights) const;
  void polish_gauss(Work& work, const List<std::size_t>& open, const Monitor& monitor) const;
  void correct_rule(Work& work, List<std::size_t>& open, std::size_t next, const Monitor& monitor) const;
  void continue_from_rule(Work& work, const List<std::size_t>& open, const Monitor& monitor) const;

  const bool is_mean_;
  MultiIndices indices_;
  List<double> norm_;
  List<unsigned> odd_;  // per feature, bit a: its degree in coordinate a is odd
  List<int> place_;     // m x N: the feature of the rule for each of the cell, by rotation
  CellShape moments_shape_{};
  FreeShape shape_{};
  Array<double> first_;
};

}  // namespace fewpoints
