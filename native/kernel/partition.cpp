#include "partition.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "simd/kernels.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr int kFewColumns = 8;
// Nodes above this are split by all threads together, those below one node a thread.
constexpr std::size_t kShared = 1 << 16;
// The tree is grown, without asking for the error, down to this share of the mean size of a cell: nearly all of these
// splits will be wanted. Below, a node is split only when the cut asks for it.
constexpr double kEager = 0.75;

// Monotone, exact at powers of two, at most 0.09 too low between: a score need not be better, and this is ten times
// faster.
double about_log2(double x) { return static_cast<double>(std::bit_cast<std::int64_t>(x)) * 0x1p-52 - 1023; }

}  // namespace

Partition::Partition(PointSet& set, const PartitionOptions& options, Monitor& monitor)
    : options_(options), monitor_(monitor), dimension_(set.dimension()) {
  const std::size_t n = set.size();
  rows_[0].reset(n);
  if (set.rows() != nullptr)
    std::memcpy(rows_[0].data(), set.rows(), n * sizeof(std::uint32_t));
  else
    for (std::size_t i = 0; i < n; i++) rows_[0][i] = static_cast<std::uint32_t>(i);
  set.mutable_rows() = std::vector<std::uint32_t>();
  for (int a = 0; a < dimension_; a++) sides_[0].columns.push_back(set.mutable_column(a).data());
  sides_[0].weights = set.mutable_weights().data();
  sides_[0].rows = rows_[0].data();
  if (n == 0) return;
  // A second cell costs at least one point more than one cell does.
  if (options_.size <= std::min(options_.features, n) || n == 1) {
    cells_.push_back({0, n, 0});
    return;
  }
  const bool weighted = sides_[0].weights != nullptr;
  second_.resize(dimension_ + (weighted ? 1 : 0));
  for (auto& array : second_) array.reset(n);
  rows_[1].reset(n);
  for (int a = 0; a < dimension_; a++) sides_[1].columns.push_back(second_[a].data());
  sides_[1].weights = weighted ? second_[dimension_].data() : nullptr;
  sides_[1].rows = rows_[1].data();
  for (Side& side : sides_) {
    side.moved = side.columns;
    if (weighted) side.moved.push_back(side.weights);
  }

  const double mean =
      static_cast<double>(n) * static_cast<double>(options_.features) / static_cast<double>(options_.size);
  const auto eager = static_cast<std::size_t>(std::max(2.0 * static_cast<double>(options_.features), kEager * mean));
  Tree tree = root();
  refine(tree, eager);
  std::vector<int> chosen = cut(tree);
  std::sort(chosen.begin(), chosen.end(), [&](int a, int b) { return tree.nodes[a].begin < tree.nodes[b].begin; });
  cells_.resize(chosen.size());
  parallel_for(chosen.size() / 64 + 1, options_.threads, monitor_, Stage::Partition, [&](std::size_t block, int) {
    for (std::size_t i = 64 * block; i < std::min(chosen.size(), 64 * (block + 1)); i++)
      cells_[i] = gather(tree, chosen[i]);
  });
}

std::size_t Partition::largest() const {
  std::size_t most = 0;
  for (const CellRange& cell : cells_) most = std::max(most, cell.size());
  return most;
}

Partition::Tree Partition::root() {
  const std::size_t n = rows_[0].size();
  Node node;
  node.end = n;
  std::vector<double> box(2 * dimension_), sums(chunk_count(n), 0.0);
  for (int a = 0; a < dimension_; a++) {
    box[a] = box[dimension_ + a] = sides_[0].columns[a][0];
    simd().bounds(sides_[0].columns[a], 0, n, &box[a], &box[dimension_ + a]);
  }
  node.mass = static_cast<double>(n);
  if (sides_[0].weights != nullptr) {
    for (std::size_t c = 0; c < sums.size(); c++)
      sums[c] = simd().sum(sides_[0].weights, c * kChunk, std::min(n, (c + 1) * kChunk));
    node.mass = 0;
    for (const double s : sums) node.mass += s;
  }
  Tree tree;
  add(tree, node, box.data());
  return tree;
}

// With its score, the logarithm of mass x diameter^(k+1): a product would overflow.
void Partition::add(Tree& tree, Node node, const double* box) const {
  node.score = kNever;
  if (node.size() > options_.features) {  // else all its points are kept: no error
    double square = 0;
    for (int a = 0; a < dimension_; a++) {
      const double side = (box[dimension_ + a] - box[a]) * options_.units[a];
      square += side * side;
    }
    if (square > 0) node.score = about_log2(node.mass) + 0.5 * (options_.order + 1) * about_log2(square);
  }
  tree.nodes.push_back(node);
  tree.boxes.insert(tree.boxes.end(), box, box + 2 * dimension_);
}

// Appends both halves of a node. Its box is tight, so that neither half is empty.
void Partition::split(Tree& tree, int at, int threads) {
  const Node node = tree.nodes[at];
  const int from = node.side, to = 1 - from;
  const double* box = tree.boxes.data() + static_cast<std::size_t>(at) * 2 * dimension_;
  int axis = 0;
  double longest = 0;
  for (int a = 0; a < dimension_; a++) {
    const double side = (box[dimension_ + a] - box[a]) * options_.units[a];
    if (side > longest) {
      longest = side;
      axis = a;
    }
  }
  const double low = box[axis], high = box[dimension_ + axis];
  double threshold = low + 0.5 * (high - low);
  if (!(threshold > low)) threshold = high;

  const bool weighted = sides_[from].weights != nullptr;
  const SplitArrays arrays{dimension_, sides_[from].moved.data(), sides_[to].moved.data(),
                           weighted,   sides_[from].rows,         sides_[to].rows};

  // Count, then move: every chunk knows where its points go, whoever moves it.
  const std::size_t chunk = node.size() > kShared ? kChunk : node.size();
  const std::size_t chunks = (node.size() + chunk - 1) / chunk;
  struct Move {
    std::size_t begin, end, lefts, before;  // before: points of earlier chunks that go left
    double masses[2];
  };
  // Nearly all nodes are one chunk, and small: for these nothing is allocated.
  Move one_move;
  double one_box[4 * kFewColumns];
  const bool alone = chunks == 1 && dimension_ <= kFewColumns;
  std::vector<Move> many_moves(alone ? 0 : chunks);
  std::vector<double> many_boxes(alone ? 0 : chunks * 4 * dimension_);
  Move* const moves = alone ? &one_move : many_moves.data();
  double* const boxes =
      alone ? one_box : many_boxes.data();  // of every chunk: low and high of the left side, then of the right
  const auto in_chunks = [&](const auto& body) {
    if (chunks == 1) return body(0);
    parallel_for(chunks, threads, monitor_, Stage::Partition, [&](std::size_t c, int) { body(c); });
  };
  in_chunks([&](std::size_t c) {
    Move& move = moves[c];
    move.begin = node.begin + c * chunk;
    move.end = std::min(node.end, move.begin + chunk);
    move.lefts = simd().count_below(arrays.from[axis], move.begin, move.end, threshold);
  });
  std::size_t total = 0;
  for (std::size_t c = 0; c < chunks; c++) {
    moves[c].before = total;
    total += moves[c].lefts;
  }
  in_chunks([&](std::size_t c) {
    Move& move = moves[c];
    double* of = boxes + c * 4 * dimension_;
    for (int side = 0; side < 2; side++) {
      std::fill_n(of + 2 * side * dimension_, dimension_, -kNever);
      std::fill_n(of + (2 * side + 1) * dimension_, dimension_, kNever);
    }
    const std::size_t left_begin = node.begin + move.before;
    const std::size_t right_begin = node.begin + total + (move.begin - node.begin - move.before);
    SplitSide left{left_begin, left_begin + move.lefts, of, of + dimension_, 0};
    SplitSide right{right_begin, right_begin + (move.end - move.begin - move.lefts), of + 2 * dimension_,
                    of + 3 * dimension_, 0};
    simd().split(arrays, axis, threshold, move.begin, move.end, left, right);
    move.masses[0] = left.mass;
    move.masses[1] = right.mass;
  });

  tree.nodes[at].left = static_cast<int>(tree.nodes.size());
  tree.nodes[at].right = tree.nodes[at].left + 1;
  for (int side = 0; side < 2; side++) {
    Node half;
    half.begin = side == 0 ? node.begin : node.begin + total;
    half.end = side == 0 ? node.begin + total : node.end;
    half.side = to;
    half.mass = weighted ? 0 : static_cast<double>(half.size());
    double* joint = boxes + 2 * side * dimension_;
    for (std::size_t c = 0; c < chunks; c++) {
      if (weighted) half.mass += moves[c].masses[side];
      const double* part = joint + 4 * c * dimension_;
      for (int a = 0; a < dimension_; a++) {
        joint[a] = std::min(joint[a], part[a]);
        joint[dimension_ + a] = std::max(joint[dimension_ + a], part[dimension_ + a]);
      }
    }
    add(tree, half, joint);
  }
}

// Splits every node above `eager` points: the large ones with all threads on one node, then one subtree a thread, put
// together in the order of their roots.
void Partition::refine(Tree& tree, std::size_t eager) {
  std::vector<int> subtrees;
  for (std::size_t at = 0; at < tree.nodes.size(); at++) {
    if (tree.nodes[at].size() <= eager || tree.nodes[at].score == kNever) continue;
    if (tree.nodes[at].size() > kShared)
      split(tree, static_cast<int>(at), options_.threads);
    else
      subtrees.push_back(static_cast<int>(at));
  }
  std::vector<Tree> grown(subtrees.size());
  parallel_for(subtrees.size(), options_.threads, monitor_, Stage::Partition, [&](std::size_t i, int) {
    const double* box = tree.boxes.data() + static_cast<std::size_t>(subtrees[i]) * 2 * dimension_;
    add(grown[i], tree.nodes[subtrees[i]], box);
    grow(grown[i], eager);
  });
  for (std::size_t i = 0; i < subtrees.size(); i++) {
    // Node 0 of a subtree is there already; the others move behind the end.
    Tree& part = grown[i];
    const int shift = static_cast<int>(tree.nodes.size()) - 1;
    for (Node& node : part.nodes)
      if (node.left >= 0) {
        node.left += shift;
        node.right += shift;
      }
    tree.nodes[subtrees[i]] = part.nodes[0];
    tree.nodes.insert(tree.nodes.end(), part.nodes.begin() + 1, part.nodes.end());
    tree.boxes.insert(tree.boxes.end(), part.boxes.begin() + 2 * dimension_, part.boxes.end());
  }
}

void Partition::grow(Tree& tree, std::size_t eager) {
  for (std::size_t at = 0; at < tree.nodes.size(); at++) {
    if (tree.nodes[at].size() <= eager || tree.nodes[at].score == kNever) continue;
    if (monitor_.cancelled()) return;
    split(tree, static_cast<int>(at), 1);
  }
}

// The nodes that become cells: always the one with the largest expected error is split next, as long as the bound
// allows. Halves have no larger score than the whole, so the queue is a row of buckets that is walked once.
std::vector<int> Partition::cut(Tree& tree) {
  const auto cost = [&](int i) { return std::min(options_.features, tree.nodes[i].size()); };
  constexpr int kNone = -1, kBuckets = 1 << 14;
  constexpr double kBucketsPerBit = 16;
  const double top = tree.nodes[0].score;
  std::vector<int> first(kBuckets, kNone), next;  // next: the node behind this one in its bucket
  std::vector<int> cells;
  int bucket = 0;
  const auto enter = [&](int i) {
    if (tree.nodes[i].score == kNever) {
      cells.push_back(i);
      return;
    }
    const double place = (top - tree.nodes[i].score) * kBucketsPerBit;
    // Not before the present one, which rounding of the masses could suggest.
    int& head = first[place < kBuckets - 1 ? std::max(static_cast<int>(place), bucket) : kBuckets - 1];
    if (next.size() < tree.nodes.size()) next.resize(tree.nodes.size() + tree.nodes.size() / 2, kNone);
    next[i] = head;
    head = i;
  };
  std::size_t used = cost(0), taken = 0;
  enter(0);
  for (; bucket < kBuckets; bucket++)
    while (first[bucket] != kNone) {
      const int i = first[bucket];
      first[bucket] = next[i];
      if (++taken % 256 == 0) monitor_.check();
      if (used >= options_.size) {
        cells.push_back(i);
        continue;
      }
      if (tree.nodes[i].left < 0) split(tree, i, 1);
      const int left = tree.nodes[i].left, right = tree.nodes[i].right;
      const std::size_t now = used - cost(i) + cost(left) + cost(right);
      if (now > options_.size) {
        cells.push_back(i);
        continue;
      }
      used = now;
      enter(left);
      enter(right);
    }
  return cells;
}

// Where the points of a chosen node are. Its own place was overwritten by its grandchildren, if it has any; then the
// points are collected from the leaves below it, into its own place.
CellRange Partition::gather(const Tree& tree, int at) {
  const Node& node = tree.nodes[at];
  const auto split_twice = [&](int child) { return child >= 0 && tree.nodes[child].left >= 0; };
  if (split_twice(node.left) || split_twice(node.right)) {
    std::vector<int> open{node.left, node.right};
    while (!open.empty()) {
      const Node& leaf = tree.nodes[open.back()];
      open.pop_back();
      if (leaf.left >= 0) {
        open.push_back(leaf.left);
        open.push_back(leaf.right);
        continue;
      }
      if (leaf.side == node.side) continue;
      const Side &from = sides_[leaf.side], &to = sides_[node.side];
      for (int a = 0; a < dimension_; a++)
        std::memcpy(to.columns[a] + leaf.begin, from.columns[a] + leaf.begin, leaf.size() * sizeof(double));
      if (to.weights != nullptr)
        std::memcpy(to.weights + leaf.begin, from.weights + leaf.begin, leaf.size() * sizeof(double));
      std::memcpy(to.rows + leaf.begin, from.rows + leaf.begin, leaf.size() * sizeof(std::uint32_t));
    }
  }
  return {node.begin, node.end, node.side};
}

}  // namespace fewpoints
