// Compression with free support: points that may lie anywhere.
#pragma once
#include "base/status.hpp"
#include "compression/cell_results.hpp"
#include "compression/free_cells.hpp"
#include "compression/residual.hpp"
#include "compression/row_order.hpp"
#include "partition/partition.hpp"
#include "points/point_set.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

// Points in the caller's units, cell by cell.
class FreePoints {
 public:
  FreePoints() = default;
  FreePoints(CellResults::Columns columns, const PointSet& set);

  std::size_t size() const { return columns_.w.size(); }
  int dimension() const { return static_cast<int>(columns_.x.size()); }
  // Writes points and weights.
  void write(const RowOrderTarget& to, int threads, Monitor& monitor) const;

 private:
  CellResults::Columns columns_;
  List<int> exponents_;
  int weight_exponent_ = 0;
};

struct FreeResult {
  WhyRows why_rows = WhyRows::None;  // with another one, there is nothing else
  FreePoints points;
  std::size_t cells = 0, free_cells = 0, row_cells = 0,
              cells_keeping_less = 0;  // less: than the moments of their order
  double residual = 0, partition_ms = 0;
};

// Free points that have the moments of `requested` to a residual of 50 epsilons. None where the set is better done with
// rows: where it is one of few distinct values or lies on a curve or a lattice, or is so far from its origin that free
// points, rounded to doubles, have lost the moments. Permutes the set. cutting: `order` and `features` are of no
// account. orders: the moments that cells keep, which are tried one after the other; there are rules for them. Where
// none does, the result says why the last one did not.
FreeResult free_points(PointSet& set, const PartitionOptions& cutting, const List<int>& orders,
                       const FreeDemands& demands, const PolynomialSpace& requested, const Residual& original,
                       Monitor& monitor);

// `size` free points of equal weight that have the moments of `requested` to a residual of 50 epsilons. units: those in
// which steps are measured, one per column. Throws Error Size when so many points have fewer coordinates than moments,
// and Error Infeasible when no such points were found.
FreeResult equal_points(const PointSet& set, const List<double>& units, std::size_t size,
                        const PolynomialSpace& requested, const Residual& original, int threads, Monitor& monitor);

}  // namespace fewpoints
