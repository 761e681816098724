// Partition into cells by an adaptive kd-tree: split at the midpoint of the longest side of the bounding box, then cut
// the tree greedily where the expected error is largest, mass x diameter^(k+1) (Theorem 3 of arXiv:2510.00504), under a
// hard bound on the size of the result: sum over cells of min(points, N) <= size. Outliers become cells of their own,
// and are kept.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "memory.hpp"
#include "points.hpp"
#include "status.hpp"

namespace fewpoints {

struct PartitionOptions {
  std::vector<double> units;  // one a column: sides are measured in x times this; 0: never cut along it
  int order = 0;
  std::size_t features = 1;  // N: a cell with more points keeps at most this many
  std::size_t size = 1;      // bound on the size of the result
  int threads = 1;
};

// Points [begin, end) of the arrays `side` (0 or 1).
struct CellRange {
  std::size_t begin = 0, end = 0;
  int side = 0;
  std::size_t size() const { return end - begin; }
};

// Owns a second copy of the set and moves the points to and fro between the two.
class Partition {
 public:
  // set is permuted. Costs about 2 ns a point and level of the tree.
  Partition(PointSet& set, const PartitionOptions& options, Monitor& monitor);

  const std::vector<CellRange>& cells() const { return cells_; }
  std::size_t largest() const;  // points of the largest cell
  const double* column(int side, int a) const { return sides_[side].columns[a]; }
  const double* weights(int side) const { return sides_[side].weights; }   // nullptr: all 1
  const std::uint32_t* rows(int side) const { return sides_[side].rows; }  // row of the caller's array

 private:
  struct Node {
    std::size_t begin = 0, end = 0;
    int left = -1, right = -1, side = 0;
    double mass = 0;
    double score = 0;  // log2 of the expected error; -infinity: never split
    std::size_t size() const { return end - begin; }
  };
  // Node i has the box boxes[2 m i ..]: low of every column, then high.
  struct Tree {
    std::vector<Node> nodes;
    std::vector<double> boxes;
  };
  struct Side {
    std::vector<double*> columns, moved;  // moved: columns, then the weights if there are any
    double* weights = nullptr;
    std::uint32_t* rows = nullptr;
  };

  Tree root();
  void add(Tree& tree, Node node, const double* box) const;
  void split(Tree& tree, int at, int threads);
  void refine(Tree& tree, std::size_t eager);
  void grow(Tree& tree, std::size_t eager);
  std::vector<int> cut(Tree& tree);
  CellRange gather(const Tree& tree, int at);

  const PartitionOptions options_;
  Monitor& monitor_;
  const int dimension_;
  Side sides_[2];
  std::vector<Array<double>> second_;
  Array<std::uint32_t> rows_[2];
  std::vector<CellRange> cells_;
};

}  // namespace fewpoints
