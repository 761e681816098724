// How the cells of a partition are solved: a list of strategies in the order in which they are tried, one loop over it,
// and a count of the cells that each of them answered.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/list.hpp"
#include "base/status.hpp"
#include "base/tolerances.hpp"
#include "compression/cell_results.hpp"
#include "compression/cell_solver.hpp"
#include "partition/partition.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

// Enlarged: what cells keep when the size allows more than the order asked for (choose_order.hpp). Requested: the space
// asked for. Both may be the same.
enum class Space { Enlarged, Requested };

// A way of CellSolver: its basis and its engine. Copied, Merged: nothing is solved. Together: no cell, but the weights
// of the whole set (compress.cpp).
enum class Way { Copied, Merged, InCache, InParts, Streamed, Orthonormal, Boxed, Together };

struct Strategy {
  const char* name;
  Space space;
  Way way;
  double accepted;  // residual of the cell up to which it counts as solved
};

// Answers of in_cache() have at most 6e-16 where the basis is well conditioned (measured over 10^5 cells).
constexpr double kCellResidual = 4e-15;

// In this order. Where no strategy that applies to a cell is accepted, the answer of the last one is taken: the
// residual of the whole set is judged afterwards. From `again` on, cells are solved once more because that residual is
// too large; a cell that keeps less stays in the requested space.
constexpr std::array kStrategies{
    Strategy{"copied", Space::Enlarged, Way::Copied, 0},
    Strategy{"merged", Space::Enlarged, Way::Merged, 0},
    Strategy{"in cache", Space::Enlarged, Way::InCache, kCellResidual},
    Strategy{"in parts", Space::Enlarged, Way::InParts, kCellResidual},
    Strategy{"streamed", Space::Enlarged, Way::Streamed, kCellResidual},
    Strategy{"orthonormal", Space::Enlarged, Way::Orthonormal, kCellResidual},
    Strategy{"orthonormal, requested", Space::Requested, Way::Orthonormal, HUGE_VAL},
    Strategy{"again", Space::Enlarged, Way::Orthonormal, HUGE_VAL},
    Strategy{"weights together", Space::Enlarged, Way::Together, kAcceptedResidual},
    Strategy{"boxed", Space::Enlarged, Way::Boxed, HUGE_VAL},
};
constexpr std::size_t kInCache = 2, kInParts = 3, kCostly = 4, kAgain = 7, kTogether = 8, kBoxed = 9;
using StrategyCounts = std::array<std::size_t, kStrategies.size()>;

// Whether a set of no more points than moments, all of which may stay, is brought down to its rank: a matter of
// points^2 features operations, about 7 * 10^9 per second. Beyond, only equal points become one.
bool reduces_to_rank(std::size_t points, std::size_t features);

class Ladder {
 public:
  Ladder(const Partition& partition, const PolynomialSpace& enlarged, const PolynomialSpace& requested);

  // Every cell. Throws Error(Infeasible) where no strategy finds a support.
  void solve(int threads, Monitor& monitor);
  // Once more, every cell that was reduced, from the support that it has; even the slightest spread of its points
  // counts.
  void solve_again(int threads, Monitor& monitor);
  // Takes back the reduction of cells that have room for all their points. Returns whether there were any.
  bool copy_small();
  // In products of Legendre polynomials on their boxes, the cells that kept their moments badly, or if there are none,
  // all that were reduced: orthonormal polynomials lose their orthogonality at high orders on thin tails. Returns
  // whether anything changed.
  bool solve_boxed(int threads, Monitor& monitor);

  CellResults::Columns columns() const { return results_.columns(); }
  StrategyCounts counts() const;           // cells by the strategy that answered them
  std::size_t cells_keeping_less() const;  // those that keep the requested space only, although it was enlarged

 private:
  bool copies(std::size_t cell, const PointColumns& points);
  bool solve_in_cache(std::size_t cell, const PointColumns& points, double* workspace, const Monitor& monitor);
  bool climb(std::size_t cell, std::size_t first, std::size_t end, const Support& start, int threads, Monitor& monitor);
  template <class Body>
  void each(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body);

  const CellSolver enlarged_;
  std::optional<CellSolver> requested_;
  CellResults results_;
  List<unsigned char> strategy_;    // of every cell: the one that answered it
  List<unsigned char> keeps_less_;  // 1 or 0
  List<double> residuals_;          // of every cell that was not answered in cache
};

}  // namespace fewpoints
