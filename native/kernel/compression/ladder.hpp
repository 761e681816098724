// How the cells of a partition are solved. This is a list of strategies in the order in which they are tried, one loop
// over it, and a count of the cells that each strategy answered.
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

// Enlarged: the space that cells keep when the size allows more than the order asked for (choose_order.hpp). Requested:
// the space asked for. Both may be the same.
enum class Space { Enlarged, Requested };

// A way of CellSolver has a basis and an engine. Copied and Merged solve nothing. Together is no way of a cell: it
// refines the weights of the whole set (compress.cpp).
enum class Way { Copied, Merged, InCache, Streamed, Orthonormal, Boxed, Together };

struct Strategy {
  const char* name;
  Space space;
  Way way;
  double accepted;  // the cell counts as solved up to this residual
};

// The strategies, in the order in which they are tried. When none that applies to a cell is accepted, the answer with
// the smallest residual is taken: the residual of the whole set is judged afterwards. From `again` on, cells are solved
// once more because that residual is too large. A cell that keeps less stays in the requested space.
constexpr std::array kStrategies{
    Strategy{"copied", Space::Enlarged, Way::Copied, 0},
    Strategy{"merged", Space::Enlarged, Way::Merged, 0},
    Strategy{"in cache", Space::Enlarged, Way::InCache, kCellResidual},
    Strategy{"streamed", Space::Enlarged, Way::Streamed, kCellResidual},
    Strategy{"orthonormal", Space::Enlarged, Way::Orthonormal, kCellResidual},
    Strategy{"orthonormal, requested", Space::Requested, Way::Orthonormal, HUGE_VAL},
    Strategy{"again", Space::Enlarged, Way::Orthonormal, HUGE_VAL},
    Strategy{"weights together", Space::Enlarged, Way::Together, kAcceptedResidual},
    Strategy{"boxed", Space::Enlarged, Way::Boxed, HUGE_VAL},
    Strategy{"again, requested", Space::Requested, Way::Orthonormal, HUGE_VAL},
};
constexpr std::size_t kCopied = 0, kMerged = 1, kInCache = 2, kCostly = 3, kAgain = 6, kTogether = 7, kBoxed = 8,
                      kRequestedAgain = 9;
static_assert(kStrategies[kMerged].way == Way::Merged && kStrategies[kInCache].way == Way::InCache &&
              kStrategies[kCostly].way == Way::Streamed && kStrategies[kTogether].way == Way::Together &&
              kStrategies[kBoxed].way == Way::Boxed && kStrategies.size() == kRequestedAgain + 1);
using StrategyCounts = std::array<std::size_t, kStrategies.size()>;

// Whether a set that has no more points than moments, and may keep all of them, is brought to its rank. That takes
// points^2 features operations, at about 7 * 10^9 per second. Beyond a limit only equal points become one.
bool reduces_to_rank(std::size_t points, std::size_t features);

// Whether one of the weights is below `minimum` times their mean.
bool has_light_weights(const double* weights, std::size_t count, double minimum);

class Ladder {
 public:
  // merges_equal: equal points of a cell whose points are all kept become one.
  Ladder(const Partition& partition, const PolynomialSpace& enlarged, const PolynomialSpace& requested,
         bool merges_equal);

  // Solves these cells. Throws Error(Infeasible) where no strategy finds a support.
  void solve(const List<std::size_t>& cells, int threads, Monitor& monitor);

  std::size_t features() const { return usize(enlarged_.features()); }
  std::size_t kept(std::size_t cell) const { return results_.kept(cell); }
  std::size_t kept() const { return results_.kept(); }                      // by all cells
  std::size_t cost(std::size_t cell) const { return results_.room(cell); }  // the bound that the partition counts
  bool is_reduced(std::size_t cell) const { return results_.is_reduced(cell); }
  // The answer of a cell that is going to be divided, by rows of the caller's array.
  struct Answer {
    List<std::uint32_t> rows;
    List<double> weights;
    unsigned char strategy, keeps_less;
    double residual;
  };
  Answer answer(std::size_t cell) const;
  Support support(std::size_t cell) const { return results_.support_of(cell); }
  // The partition has divided a cell: its last cell is new. Then, that division was taken back.
  void add_cell();
  void drop_cell(std::size_t united, const Answer& answer);

  // Solves every reduced cell once more, starting from its current support. Even the slightest spread of its points
  // counts. Returns, as the following functions do, whether
  // anything changed.
  bool solve_again(int threads, Monitor& monitor);
  // The same for those alone whose own residual is not accepted.
  bool solve_bad_again(int threads, Monitor& monitor);
  // Restores all points of the cells that have room for them.
  bool copy_small();
  // Solves cells in products of Legendre polynomials on their boxes: those with a bad residual, or if there are none,
  // all that were reduced. At high orders on thin tails, orthonormal polynomials lose their orthogonality.
  bool solve_boxed(int threads, Monitor& monitor);
  // Solves reduced cells in the requested space, where it was enlarged: the moments that were asked for come first.
  bool solve_requested(int threads, Monitor& monitor);

  // Brings all weights of each cell to `minimum` times their mean, at least; in the requested space where the enlarged
  // one has no such support. Returns in how many cells it cannot be done.
  std::size_t raise_weights(double minimum, int threads, Monitor& monitor);

  CellResults::Columns columns(int threads, Monitor& monitor) const { return results_.columns(threads, monitor); }
  StrategyCounts counts() const;  // the number of cells per strategy that answered them
  // The number of cells that keep only the requested space, or the enlarged one with a residual above kCellResidual.
  std::size_t cells_keeping_less() const;

 private:
  bool copies(std::size_t cell, const PointColumns& points);
  bool solve_in_cache(std::size_t cell, const PointColumns& points, double* workspace, const Monitor& monitor);
  void copy(std::size_t cell);
  List<std::size_t> reduced() const;
  List<std::size_t> bad() const;
  bool climb(std::size_t cell, std::size_t first, std::size_t end, const Support& start, int threads, Monitor& monitor);
  bool climb_all(const List<std::size_t>& cells, std::size_t first, std::size_t end, bool from_support, int threads,
                 Monitor& monitor);
  template <class Body>
  void each(const List<std::size_t>& cells, int threads, Monitor& monitor, const Body& body);

  const Partition& partition_;
  const bool merges_equal_;
  const CellSolver enlarged_;
  std::optional<CellSolver> requested_;
  CellResults results_;
  List<unsigned char> strategy_;    // per cell: the strategy that answered it
  List<unsigned char> keeps_less_;  // per cell: 1 or 0
  List<double> residuals_;          // per cell, in the basis of its answer
};

}  // namespace fewpoints
