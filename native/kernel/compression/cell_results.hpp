// The points that every cell of a partition keeps, and their weights.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/cell_solver.hpp"
#include "partition/partition.hpp"

namespace fewpoints {

class CellResults {
 public:
  // A cell has room for all its points, but at most for `max`.
  CellResults(const Partition& partition, int dimension, std::size_t max);

  std::size_t cells() const { return counts_.size(); }
  std::size_t points(std::size_t cell) const { return partition_.cells()[cell].size(); }
  std::size_t room(std::size_t cell) const { return rooms_[cell]; }
  std::size_t kept(std::size_t cell) const { return counts_[cell]; }
  std::size_t kept() const;  // by all cells
  // The last cell of the partition is new. The range of another may be smaller than it was.
  void add_cell();
  void drop_cell();
  bool is_reduced(std::size_t cell) const { return counts_[cell] < points(cell); }
  // The points of a cell; x holds the pointers to their columns.
  PointColumns points_of(std::size_t cell, List<const double*>& x) const;
  Support support_of(std::size_t cell) const;

  void keep(std::size_t cell, const Support& support);
  void keep_all(std::size_t cell);
  // Equal points become one: the first of them, with the total weight.
  void keep_distinct(std::size_t cell);
  // The same without a copy: a solver writes weights here, then says which of the cell's points they belong to.
  double* weights(std::size_t cell) { return weights_[cell]; }
  void keep(std::size_t cell, const std::uint32_t* indices, int count);

  struct Columns {
    List<Array<double>> x;
    Array<double> w;
    Array<std::uint32_t> rows;  // none where points are free
    List<const double*> pointers;
  };
  // The columns and weights of all points that are kept, cell by cell.
  Columns columns(int threads, Monitor& monitor) const;

 private:
  const Partition& partition_;
  const int dimension_;
  const std::size_t max_;
  // The memory of the first cells, and of those that were added. The thread that solves a cell is the first to touch
  // its part.
  struct Memory {
    Array<std::size_t> positions;
    Array<double> weights;
  };
  List<Memory> memory_;
  List<std::size_t> rooms_, counts_;
  List<std::size_t*> positions_;  // of each cell
  List<double*> weights_;
};

}  // namespace fewpoints
