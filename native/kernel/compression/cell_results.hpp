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
  std::size_t room(std::size_t cell) const { return slots_[cell + 1] - slots_[cell]; }
  bool is_reduced(std::size_t cell) const { return counts_[cell] < points(cell); }
  // The points of a cell; x holds the pointers to their columns.
  PointColumns points_of(std::size_t cell, List<const double*>& x) const;
  Support support_of(std::size_t cell) const;

  void keep(std::size_t cell, const Support& support);
  void keep_all(std::size_t cell);
  // Equal points become one: the first of them, with the total weight.
  void keep_distinct(std::size_t cell);
  // The same without a copy: a solver writes weights here, then says which of the cell's points they belong to.
  double* weights(std::size_t cell) { return weights_.data() + slots_[cell]; }
  void keep(std::size_t cell, const std::uint32_t* indices, int count);

  struct Columns {
    List<Array<double>> x;
    Array<double> w;
    Array<std::uint32_t> rows;
    List<const double*> pointers;
  };
  // The columns and weights of all points that are kept, cell by cell.
  Columns columns(int threads, Monitor& monitor) const;

 private:
  const Partition& partition_;
  const int dimension_;
  List<std::size_t> slots_, counts_;
  Array<std::size_t> positions_;  // the thread that solves a cell is the first to touch its part
  Array<double> weights_;
};

}  // namespace fewpoints
