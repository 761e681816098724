// What is kept of a partitioned set: for every cell a slot of min(points, features) places, filled by recombining it.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/cell_solver.hpp"
#include "partition/partition.hpp"

namespace fewpoints {

// Whether a set of no more points than moments, all of which may stay, is brought down to its rank: a matter of
// points^2 features operations, about 7 * 10^9 a second. Beyond, only equal points become one.
inline bool reduces_to_rank(std::size_t points, std::size_t features) {
  constexpr double kMaxWork = 2e10;
  return static_cast<double>(points) * static_cast<double>(points) * static_cast<double>(features) <= kMaxWork;
}

class CellResults {
 public:
  // rich: keeps at least the moments of `plain`. A cell for which its fast path fails is solved by that of `plain`, and
  // where that fails, too, with care. Both may be the same.
  CellResults(const Partition& partition, const CellSolver& enlarged, const CellSolver& requested, int dimension);

  void recombine(int threads, Monitor& monitor);
  // Polishes every cell that was not merely copied, beginning with the support that it has, and takes the slightest
  // extent of the points for meant.
  void refine_weights(int threads, Monitor& monitor);
  // Takes the reduction of cells back that could as well be copied. Returns whether there were any.
  bool copy_small();

  // Cells that kept all their moments badly, or if there are none, all that were reduced, in products of Legendre
  // polynomials on their boxes: where orthonormal ones lose their orthogonality, as they do at high orders on thin
  // tails. False: nothing has changed.
  bool solve_in_boxes(int threads, Monitor& monitor);

  struct Columns {
    List<Array<double>> x;
    Array<double> w;
    List<std::uint32_t> rows;
    List<const double*> pointers;
  };
  // Columns and weights of all that is kept, cell by cell.
  Columns columns() const;

 private:
  PointColumns points_of(std::size_t i, List<const double*>& x) const;
  void keep(std::size_t i, std::size_t place, std::size_t index, double weight);
  void keep_all(std::size_t i, const PointColumns& points);
  void keep_distinct(std::size_t i, const PointColumns& points);
  void keep(std::size_t i, const Support& support);
  bool solve_fast(std::size_t i, double* workspace, const Monitor& monitor);
  void solve_robustly(std::size_t i, Support start, double degenerate_width, int threads, Monitor& monitor);
  template <class Body>
  void each_robustly(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body);

  const Partition& partition_;
  const CellSolver &enlarged_, &requested_;
  const int dimension_;
  List<std::size_t> slots_, positions_, counts_;
  List<double> residuals_;  // of cells that needed care; of others 0
  List<double> weights_;
};

}  // namespace fewpoints
