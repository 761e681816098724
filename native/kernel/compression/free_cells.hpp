// The cells of a partition with free points. A cell on which none are found keeps rows, and then the partition is cut
// again, so that the size is kept to.
#pragma once
#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/cell_results.hpp"
#include "free_support/free_solver.hpp"
#include "partition/partition.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

// Why all points are rows, though free ones were asked for.
enum class WhyRows {
  None,      // there are free points, or rows were asked for
  Whole,     // there are no more different points than the size
  Order,     // there are no free points for this order and number of columns, or the size has no room for a cell
  Cells,     // free points were found in hardly a cell, or some cell could keep neither these nor rows
  Size,      // with the cells that keep rows, more points than the size
  Precision  // free points were found; rounded to doubles they have lost the moments
};

// What free points must have besides the moments. Cells whose free points have not, keep rows.
struct FreeDemands {
  double minimum_weight = 0;  // see CompressOptions
  bool hull = false;          // they lie in the convex hull of the points of their cell, not just in their box
};

class FreeCells {
 public:
  // rows: the space whose moments a cell keeps when it keeps rows. number: rules are turned by the numbers of cells.
  FreeCells(Partition& partition, const FreeSolver& solver, const PolynomialSpace& rows, const FreeDemands& demands,
            int threads, Monitor& monitor);

  // Solves all cells, and cuts again until they keep at most the size of the partition. Says why the set is better done
  // with rows: Cells, or Size because no cut fits it. Throws Error Infeasible where a cell can keep neither.
  WhyRows solve();

  std::size_t free_cells() const { return count(Kind::Free); }
  std::size_t row_cells() const { return count(Kind::Rows); }
  // The points of all cells, cell by cell. They have no rows.
  CellResults::Columns columns() const;

 private:
  enum class Kind : unsigned char { None, Copied, Free, Rows };
  struct Answer {
    const double* x = nullptr;  // count x dimension
    const double* w = nullptr;
    std::size_t count = 0;
    Kind kind = Kind::None;
  };
  const Answer& answer(std::size_t cell) const { return answers_[partition_.node(cell)]; }
  PointColumns points_of(std::size_t cell, List<const double*>& x) const;
  std::size_t count(Kind kind) const;
  std::size_t kept() const;
  bool too_few() const;
  bool solve_new_cells();
  bool is_wanted(const FreeCell& cell) const;
  void solve(const List<std::size_t>& cells);
  void keep_rows(const List<std::size_t>& cells);

  Partition& partition_;
  const FreeSolver& solver_;
  const PolynomialSpace rows_;
  const FreeDemands demands_;
  const int dimension_, threads_;
  Monitor& monitor_;
  List<Answer> answers_;  // by node of the partition
  List<Array<double>> memory_;
};

}  // namespace fewpoints
