// Partition into cells, with a hard bound on the size of the result: sum over cells of min(points, N) <= size. The
// expected error of a cell is mass x diameter^(k+1) (Theorem 3 of arXiv:2510.00504), and the errors of cells are
// independent. So the best cells have equal expected errors: they are small where points are dense and large where
// points are rare. Outliers become cells of their own, and are kept.
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
  List<double> units;  // one per column: a side is measured as x times this; 0: the column is never cut
  int order = 0;
  std::size_t features = 1;  // N: a cell keeps at most this many points
  std::size_t size = 1;      // the bound on the size of the result
  int threads = 1;
};

// The points [begin, end) of the columns.
struct CellRange {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

class Partition {
 public:
  // Permutes the set, which must outlive this. Costs one pass over the set for all its bins together, one pass over
  // every part that fits the cache, and memory for one more column.
  Partition(PointSet& set, const PartitionOptions& options, Monitor& monitor);

  const List<CellRange>& cells() const { return cells_; }
  List<std::size_t> all_cells() const;                // their numbers
  std::size_t size() const { return options_.size; }  // the bound
  std::size_t points() const { return set_.size(); }

  // Cuts again with another bound on the size. All cells change.
  void cut_again(std::size_t size);
  // For single cells, where cells keep fewer points than they cost: see compression/fill_size.hpp. The expected error
  // of a cell, as a logarithm; -infinity: the cell is never divided.
  double score(std::size_t cell) const { return tree_.nodes[nodes_[cell]].score; }
  // Divides a cell into two, of which the second becomes the last cell. False: it cannot be divided.
  bool divide(std::size_t cell);
  // The `count` points that are farthest from the centre of the cell's box become the last cell.
  void peel(std::size_t cell, std::size_t count);
  // Takes back the last divide() or peel(), which was that of this cell. node: what node() said before. The points stay
  // permuted.
  int node(std::size_t cell) const { return nodes_[cell]; }
  void unite(std::size_t cell, int node);

  // The set gets the numbers of its rows back, for another partition. This one is of no use then.
  void give_rows_back() { rows_.swap(set_.mutable_rows()); }

  std::size_t largest() const;  // the number of points in the largest cell
  const double* column(int a) const { return set_.column(a); }
  const double* weights() const { return set_.weights(); }    // nullptr: all 1
  const std::uint32_t* rows() const { return rows_.data(); }  // rows of the caller's array

 private:
  // All threads together divide a node of more than kShared points; one thread divides a smaller one. A node of
  // kInCache points fits the cache: two copies of 16384 points with four numbers each fill a second-level cache of a
  // megabyte.
  static constexpr std::size_t kShared = 1 << 16;
  static constexpr std::size_t kInCache = 1 << 14;
  // So many columns and weights move together when one thread divides a node; more move one after the other.
  static constexpr std::size_t kMovedTogether = 16;

  struct Node {
    std::size_t begin = 0, end = 0;
    int left = -1;  // the right child follows it
    double mass = 0;
    double score = 0;  // log2 of the expected error; -infinity: the node is never divided
    std::size_t size() const { return end - begin; }
  };
  // The box of node i is boxes[2 m i ..]: low of every column, then high. Children come after their parent.
  struct Tree {
    List<Node> nodes;
    List<double> boxes;
  };
  // The working memory of one thread for nodes that fit the cache.
  struct Scratch {
    std::size_t capacity = 0;
    List<Array<double>> arrays;
    List<double*> pointers;
    Array<std::uint32_t> rows, destinations;
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
  // As many as there are points to fill.
  double most_cells(const Node& node) const {
    return static_cast<double>(node.size()) / static_cast<double>(options_.features);
  }
  double cells_for(const Node& node, double level) const;
  double level_of(const Tree& tree, double before) const;
  void measure(Tree& tree, int leaf) const;
  void join(Tree& tree, int at, std::size_t first) const;

  double first_cells(const Tree& tree) const;
  void refine(Tree& tree);
  void refine(Tree& tree, const List<Wanted>& wanted, double level);
  void grow(Tree& tree, double cells, double level, Scratch& scratch);
  List<char> cut(Tree& tree);
  void list_cells(const List<char>& chosen);

  // In divide.cpp.
  Grid grid_for(const Tree& tree, int at, double cells) const;
  bool divide(Tree& tree, int at, double cells, Scratch& scratch);
  bool halves_fit(const Tree& tree, int at, std::size_t room) const;
  bool divide_shared(Tree& tree, int at, double cells);
  void move(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch);
  void move_one_by_one(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch);
  void place(Tree& tree, int at, const GridOrder& order, int bins, Scratch& scratch);
  void grow_nodes(Tree& tree, int at, const GridOrder& order, const std::size_t* starts, List<int>& leaves) const;

  PointSet& set_;
  PartitionOptions options_;
  Monitor& monitor_;
  const int dimension_;
  const bool weighted_;
  double cells_per_bit_ = 1;   // log2 of the number of cells per bit of expected error
  double fewest_ = 2;          // a node that should have fewer cells is halved instead
  double enough_to_clip_ = 0;  // a grid of this many bins may be clipped to the bulk
  List<double*> arrays_;       // columns, then the weights if there are any
  Array<std::uint32_t> rows_;
  List<Scratch> scratch_;  // one per thread
  Tree tree_;
  List<CellRange> cells_;
  List<int> nodes_;  // of the cells
};

}  // namespace fewpoints
