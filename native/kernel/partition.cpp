#include "partition.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <queue>

#include "simd/kernels.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// Nodes above this are split by all threads together, those below one node a thread.
constexpr std::size_t kShared = 1 << 16;
// The tree is grown, without asking for the error, down to this share of the mean size of a cell: nearly all of these splits
// will be wanted. Below, a node is split only when the cut asks for it.
constexpr double kEager = 0.75;

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

  const double mean = static_cast<double>(n) * static_cast<double>(options_.features) / static_cast<double>(options_.size);
  const auto eager = static_cast<std::size_t>(std::max(2.0 * static_cast<double>(options_.features), kEager * mean));
  Tree tree{root()};
  refine(tree, eager);
  std::vector<int> chosen = cut(tree);
  std::sort(chosen.begin(), chosen.end(), [&](int a, int b) { return tree[a].begin < tree[b].begin; });
  cells_.resize(chosen.size());
  parallel_for(chosen.size() / 64 + 1, options_.threads, monitor_, Stage::Partition, [&](std::size_t block, int) {
    for (std::size_t i = 64 * block; i < std::min(chosen.size(), 64 * (block + 1)); i++) cells_[i] = gather(tree, chosen[i]);
  });
}

std::size_t Partition::largest() const {
  std::size_t most = 0;
  for (const CellRange& cell : cells_) most = std::max(most, cell.size());
  return most;
}

Partition::Node Partition::root() {
  const std::size_t n = rows_[0].size();
  Node node;
  node.end = n;
  node.box.resize(2 * dimension_);
  std::vector<double> sums(chunk_count(n), 0.0);
  for (int a = 0; a < dimension_; a++) {
    node.box[a] = node.box[dimension_ + a] = sides_[0].columns[a][0];
    simd().bounds(sides_[0].columns[a], 0, n, &node.box[a], &node.box[dimension_ + a]);
  }
  node.mass = static_cast<double>(n);
  if (sides_[0].weights != nullptr) {
    for (std::size_t c = 0; c < sums.size(); c++) sums[c] = simd().sum(sides_[0].weights, c * kChunk, std::min(n, (c + 1) * kChunk));
    node.mass = 0;
    for (const double s : sums) node.mass += s;
  }
  score(node);
  return node;
}

void Partition::score(Node& node) const {
  node.score = kNever;
  if (node.size() <= options_.features) return;  // all its points are kept: no error
  double square = 0;
  for (int a = 0; a < dimension_; a++) {
    const double side = (node.box[dimension_ + a] - node.box[a]) * options_.units[a];
    square += side * side;
  }
  if (square > 0) node.score = std::log2(node.mass) + 0.5 * (options_.order + 1) * std::log2(square);
}

int Partition::longest_side(const Node& node) const {
  int longest = -1;
  double most = 0;
  for (int a = 0; a < dimension_; a++) {
    const double side = (node.box[dimension_ + a] - node.box[a]) * options_.units[a];
    if (side > most) {
      most = side;
      longest = a;
    }
  }
  return longest;
}

// Appends both halves of tree[at]. The box is tight, so that neither half is empty.
void Partition::split(Tree& tree, int at, int threads) {
  const std::size_t begin = tree[at].begin, end = tree[at].end;
  const int from = tree[at].side, to = 1 - from, axis = longest_side(tree[at]);
  const double low = tree[at].box[axis], high = tree[at].box[dimension_ + axis];
  double threshold = low + 0.5 * (high - low);
  if (!(threshold > low)) threshold = high;

  std::vector<const double*> source(sides_[from].columns.begin(), sides_[from].columns.end());
  std::vector<double*> target = sides_[to].columns;
  const bool weighted = sides_[from].weights != nullptr;
  if (weighted) {
    source.push_back(sides_[from].weights);
    target.push_back(sides_[to].weights);
  }
  const SplitArrays arrays{dimension_, source.data(), target.data(), weighted, sides_[from].rows, sides_[to].rows};

  // Count, then move: every chunk knows where its points go, whoever moves it.
  const std::size_t chunk = end - begin > kShared ? kChunk : end - begin;
  const std::size_t chunks = (end - begin + chunk - 1) / chunk;
  const auto chunk_end = [&](std::size_t c) { return std::min(end, begin + (c + 1) * chunk); };
  std::vector<std::size_t> lefts(chunks);
  const auto count = [&](std::size_t c) { lefts[c] = simd().count_below(source[axis], begin + c * chunk, chunk_end(c), threshold); };
  const auto in_chunks = [&](const auto& body) {
    if (chunks == 1) return body(0);
    parallel_for(chunks, threads, monitor_, Stage::Partition, [&](std::size_t c, int) { body(c); });
  };
  in_chunks(count);
  std::size_t total = 0;
  for (const std::size_t l : lefts) total += l;

  Node halves[2];
  halves[0].begin = begin;
  halves[0].end = halves[1].begin = begin + total;
  halves[1].end = end;
  std::vector<double> boxes(chunks * 4 * dimension_);
  std::vector<double> masses(chunks * 2);
  const auto move = [&](std::size_t c) {
    std::size_t before = 0;
    for (std::size_t p = 0; p < c; p++) before += lefts[p];
    double* box = boxes.data() + c * 4 * dimension_;
    for (int side = 0; side < 2; side++)
      for (int a = 0; a < dimension_; a++) {
        box[2 * side * dimension_ + a] = std::numeric_limits<double>::infinity();
        box[(2 * side + 1) * dimension_ + a] = kNever;
      }
    const std::size_t first = begin + c * chunk, last = chunk_end(c);
    SplitSide left{begin + before, begin + before + lefts[c], box, box + dimension_, 0};
    const std::size_t right_begin = halves[1].begin + (first - begin - before);
    SplitSide right{right_begin, right_begin + (last - first - lefts[c]), box + 2 * dimension_, box + 3 * dimension_, 0};
    simd().split(arrays, axis, threshold, first, last, left, right);
    masses[2 * c] = left.mass;
    masses[2 * c + 1] = right.mass;
  };
  in_chunks(move);

  for (int side = 0; side < 2; side++) {
    Node& half = halves[side];
    half.side = to;
    half.box.assign(boxes.begin() + 2 * side * dimension_, boxes.begin() + (2 * side + 2) * dimension_);
    half.mass = weighted ? 0 : static_cast<double>(half.size());
    for (std::size_t c = 0; c < chunks; c++) {
      if (weighted) half.mass += masses[2 * c + side];
      for (int a = 0; a < dimension_; a++) {
        const double* box = boxes.data() + (4 * c + 2 * side) * dimension_;
        half.box[a] = std::min(half.box[a], box[a]);
        half.box[dimension_ + a] = std::max(half.box[dimension_ + a], box[dimension_ + a]);
      }
    }
    score(half);
  }
  tree[at].left = static_cast<int>(tree.size());
  tree[at].right = tree[at].left + 1;
  tree.push_back(std::move(halves[0]));
  tree.push_back(std::move(halves[1]));
}

// Splits every node above `eager` points: the large ones with all threads on one node, then one subtree a thread, put together
// in the order of their roots.
void Partition::refine(Tree& tree, std::size_t eager) {
  std::vector<int> subtrees;
  for (std::size_t at = 0; at < tree.size(); at++) {
    if (tree[at].size() <= eager || tree[at].score == kNever) continue;
    if (tree[at].size() > kShared)
      split(tree, static_cast<int>(at), options_.threads);
    else
      subtrees.push_back(static_cast<int>(at));
  }
  std::vector<Tree> grown(subtrees.size());
  parallel_for(subtrees.size(), options_.threads, monitor_, Stage::Partition, [&](std::size_t i, int) {
    grown[i].push_back(tree[subtrees[i]]);
    grow(grown[i], 0, eager);
  });
  for (std::size_t i = 0; i < subtrees.size(); i++) {
    // Node 0 of a subtree is there already; the others move behind the end.
    const int shift = static_cast<int>(tree.size()) - 1;
    for (Node& node : grown[i])
      if (node.left >= 0) {
        node.left += shift;
        node.right += shift;
      }
    tree[subtrees[i]] = std::move(grown[i][0]);
    std::move(grown[i].begin() + 1, grown[i].end(), std::back_inserter(tree));
  }
}

void Partition::grow(Tree& tree, int first, std::size_t eager) {
  for (std::size_t at = first; at < tree.size(); at++) {
    if (tree[at].size() <= eager || tree[at].score == kNever) continue;
    if (monitor_.cancelled()) return;
    split(tree, static_cast<int>(at), 1);
  }
}

// The nodes that become cells: always the one with the largest expected error is split next, as long as the bound allows.
std::vector<int> Partition::cut(Tree& tree) {
  const auto cost = [&](int i) { return std::min(options_.features, tree[i].size()); };
  using Entry = std::pair<double, int>;
  const auto less = [](const Entry& a, const Entry& b) { return a.first < b.first || (a.first == b.first && a.second > b.second); };
  std::priority_queue<Entry, std::vector<Entry>, decltype(less)> queue(less);
  std::vector<int> cells;
  const auto enter = [&](int i) {
    if (tree[i].score == kNever)
      cells.push_back(i);
    else
      queue.push({tree[i].score, i});
  };
  std::size_t used = cost(0), popped = 0;
  enter(0);
  while (!queue.empty()) {
    const int i = queue.top().second;
    queue.pop();
    if (++popped % 256 == 0) monitor_.check();
    if (used >= options_.size) {
      cells.push_back(i);
      continue;
    }
    if (tree[i].left < 0) split(tree, i, 1);
    const std::size_t split_cost = used - cost(i) + cost(tree[i].left) + cost(tree[i].right);
    if (split_cost > options_.size) {
      cells.push_back(i);
      continue;
    }
    used = split_cost;
    enter(tree[i].left);
    enter(tree[i].right);
  }
  return cells;
}

// Where the points of a chosen node are. Its own place was overwritten by its grandchildren, if it has any; then the points
// are collected from the leaves below it, into its own place.
CellRange Partition::gather(const Tree& tree, int at) {
  const Node& node = tree[at];
  const auto split_twice = [&](int child) { return child >= 0 && tree[child].left >= 0; };
  if (split_twice(node.left) || split_twice(node.right)) {
    std::vector<int> open{node.left, node.right};
    while (!open.empty()) {
      const Node& leaf = tree[open.back()];
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
      if (to.weights != nullptr) std::memcpy(to.weights + leaf.begin, from.weights + leaf.begin, leaf.size() * sizeof(double));
      std::memcpy(to.rows + leaf.begin, from.rows + leaf.begin, leaf.size() * sizeof(std::uint32_t));
    }
  }
  return {node.begin, node.end, node.side};
}

}  // namespace fewpoints
