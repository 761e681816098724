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

// A way of CellSolver: its basis and its engine.
enum class Way { Copied, Merged, InCache, InParts, Streamed, Orthonormal, Boxed };

struct Strategy {
  const char* name;
  Space space;
  Way way;
  double accepted;  // residual of the cell up to which it counts as solved
};

// Answers of in_cache() have at most 6e-16 where the basis is well conditioned (measured over 10^5 cells).
constexpr double kCellResidual = 4e-15;

// In this order. The first four are for cells with something to reduce. Where none of those that apply is accepted, the
// last one's answer is taken: the residual of the whole set is judged later. From `again` on, cells are solved once
// more because that residual was too large.
constexpr std::array kStrategies{
    Strategy{"copied", Space::Enlarged, Way::Copied, 0},
    Strategy{"merged", Space::Enlarged, Way::Merged, 0},
    Strategy{"in cache", Space::Enlarged, Way::InCache, kCellResidual},
    Strategy{"in parts", Space::Enlarged, Way::InParts, kCellResidual},
    Strategy{"streamed", Space::Enlarged, Way::Streamed, kCellResidual},
    Strategy{"orthonormal", Space::Enlarged, Way::Orthonormal, kCellResidual},
    Strategy{"orthonormal, requested", Space::Requested, Way::Orthonormal, HUGE_VAL},
    Strategy{"again", Space::Enlarged, Way::Orthonormal, kCellResidual},
    Strategy{"again, requested", Space::Requested, Way::Orthonormal, HUGE_VAL},
    Strategy{"boxed", Space::Enlarged, Way::Boxed, kAcceptedResidual},
    Strategy{"boxed, requested", Space::Requested, Way::Boxed, HUGE_VAL},
};
constexpr std::size_t kFirstSolving = 2, kFirstCostly = 4, kFirstAgain = 7, kFirstBoxed = 9;
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
  std::size_t cells_keeping_less() const;  // reduced cells that keep only the requested space although it was enlarged

 private:
  const CellSolver& solver(Space space) const {
    return space == Space::Requested && requested_ ? *requested_ : enlarged_;
  }
  bool applies(const Strategy& strategy, std::size_t points) const;
  bool copies(std::size_t cell);
  bool solve_in_cache(std::size_t cell, double* workspace, const Monitor& monitor);
  bool climb(std::size_t cell, std::size_t first, std::size_t end, const Support& start, int threads, Monitor& monitor);
  template <class Body>
  void each(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body);

  const CellSolver enlarged_;
  std::optional<CellSolver> requested_;
  CellResults results_;
  List<unsigned char> strategy_;  // of every cell: the one that answered it
  List<double> residuals_;        // of every cell that was not answered in cache
};

}  // namespace fewpoints
