// Partition into cells, under a hard bound on the size of the result: sum over cells of min(points, N) <= size. The
// expected error of a cell is mass x diameter^(k+1) (Theorem 3 of arXiv:2510.00504), and the errors of cells are
// independent. So the best cells are those of equal expected error: small where points are dense, large where they are
// rare. Outliers become cells of their own and stay as they are.
#pragma once
#include <cstdint>
#include <memory>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "partition/grid.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

struct PartitionOptions {
  List<double> units;  // one per column: sides are measured in x times this; 0: never cut along it
  int order = 0;
  std::size_t features = 1;  // N: a cell with more points keeps at most this many
  std::size_t size = 1;      // bound on the size of the result
  int threads = 1;
};

// Points [begin, end) of the columns.
struct CellRange {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

class Partition {
 public:
  // set is permuted, and must outlive this. Costs one pass over the set for all its bins together, and one over every
  // part that fits the cache; memory for one more column.
  Partition(PointSet& set, const PartitionOptions& options, Monitor& monitor);

  const List<CellRange>& cells() const { return cells_; }
  std::size_t largest() const;  // points of the largest cell
  const double* column(int a) const { return set_.column(a); }
  const double* weights() const { return set_.weights(); }    // nullptr: all 1
  const std::uint32_t* rows() const { return rows_.data(); }  // row of the caller's array

 private:
  // Nodes above this are divided by all threads together, smaller ones by one thread each: two copies of 16384 points
  // with four numbers each fill a second-level cache of a megabyte.
  static constexpr std::size_t kShared = 1 << 16;
  static constexpr std::size_t kInCache = 1 << 14;

  struct Node {
    std::size_t begin = 0, end = 0;
    int left = -1;  // the right one follows it
    double mass = 0;
    double score = 0;  // log2 of the expected error; -infinity: never divided
    std::size_t size() const { return end - begin; }
  };
  // Node i has the box boxes[2 m i ..]: low of every column, then high. Children stand after their parent.
  struct Tree {
    List<Node> nodes;
    List<double> boxes;
  };
  // What one thread needs to divide a node that fits the cache.
  struct Scratch {
    std::size_t capacity = 0;
    List<Array<double>> arrays;
    List<double*> pointers;
    Array<std::uint32_t> rows;
    Array<std::uint8_t> keys;
    List<GridOrder> orders;
    List<int> leaves;
    void ensure(std::size_t count, std::size_t arrays_wanted);
    const GridOrder& order(const Grid& grid);
  };
  struct Wanted {
    int node;
    double cells;
  };

  void number_rows();
  Tree root();
  const double* box(const Tree& tree, int at) const { return &tree.boxes[usize(at) * 2 * width()]; }
  std::size_t width() const { return static_cast<std::size_t>(dimension_); }
  void append(Tree& tree, const Node& node) const;
  void rate(Tree& tree, int at) const;
  double cells_for(const Node& node, double level) const;
  double level_of(const Tree& tree, double before) const;
  void measure(Tree& tree, int leaf) const;
  void join(Tree& tree, int at, std::size_t first) const;

  double first_cells(const Tree& tree) const;
  void refine(Tree& tree);
  void refine(Tree& tree, const List<Wanted>& wanted, double level);
  void grow(Tree& tree, double cells, double level, Scratch& scratch);
  List<char> cut(Tree& tree);

  // divide.cpp
  Grid grid_for(const Tree& tree, int at, double cells) const;
  bool divide(Tree& tree, int at, double cells, Scratch& scratch);
  std::size_t cost_of_halving(const Tree& tree, int at);
  bool divide_shared(Tree& tree, int at, double cells);
  void move(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch);
  void place(Tree& tree, int at, const GridOrder& order, int bins, Scratch& scratch);
  void grow_nodes(Tree& tree, int at, const GridOrder& order, const std::size_t* starts, List<int>& leaves) const;

  PointSet& set_;
  const PartitionOptions options_;
  Monitor& monitor_;
  const int dimension_;
  const bool weighted_;
  double cells_per_bit_ = 1;   // exponent of the number of cells in the expected error
  double fewest_ = 2;          // a node that should have fewer cells is halved
  double enough_to_clip_ = 0;  // bins
  List<double*> arrays_;       // columns, then the weights if there are any
  Array<std::uint32_t> rows_;
  List<Scratch> scratch_;  // one per thread
  List<CellRange> cells_;
};

}  // namespace fewpoints
