#include "partition/partition.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// The first grid should leave at least this many cells to each of its bins, and somewhat more than the number below
// which a node is halved. The expected errors of its bins then say how many cells each should have.
constexpr double kCellsInFirstBins = 8, kAboveHalved = 1.3;
// A node that should have fewer than 2 cells along each of up to kHalvedAxes sides is halved instead. That follows its
// box more closely, and rounding to whole numbers of bins costs nothing. Measured on normal, Student-t and mixed sets,
// m = 2..4.
constexpr int kHalvedAxes = 3;
// A grid must have this many bins along every side to cover only the bulk of a box. With fewer, the points outside
// would share cells with the bulk.
constexpr double kBinsToClip = 3;
// A node that should have fewer cells than this is left to cut(), which divides in the order of the errors.
constexpr double kMinCells = 1.5;
// The most rounds of dividing nodes and finding where errors are large. A round divides every node that should have
// several cells into up to 256. A hundred decades of heavy tail need a handful of rounds.
constexpr int kRounds = 32;

// Monotone, exact at powers of two, and at most 0.09 too low between them. A score need not be better, and this is ten
// times faster than std::log2.
double approx_log2(double x) { return static_cast<double>(std::bit_cast<std::int64_t>(x)) * 0x1p-52 - 1023; }
// The inverse of approx_log2.
double approx_exp2(double x) {
  return std::bit_cast<double>(static_cast<std::int64_t>((std::clamp(x, -1000.0, 1000.0) + 1023) * 0x1p52));
}

}  // namespace

Partition::Partition(PointSet& set, const PartitionOptions& options, Monitor& monitor)
    : set_(set),
      options_(options),
      monitor_(monitor),
      dimension_(set.dimension()),
      weighted_(set.weights() != nullptr),
      scratch_(static_cast<std::size_t>(std::max(options.threads, 1))) {
  const std::size_t n = set.size();
  for (int a = 0; a < dimension_; a++) arrays_.push_back(set.mutable_column(a).data());
  if (weighted_) arrays_.push_back(set.mutable_weights().data());
  if (n == 0) return;
  const PartTimer timer(Part::Splits);
  double axes = 0;
  for (const double unit : options_.units) axes += unit > 0 ? 1 : 0;
  cells_per_bit_ = axes / (axes + options_.order + 1);
  enough_to_clip_ = std::pow(kBinsToClip, axes);
  fewest_ = std::exp2(std::min<double>(axes, kHalvedAxes));
  // A large set gets its row numbers when its points first move.
  if (n <= kShared) number_rows();
  tree_ = root();
  cut_again(options_.size);
}

void Partition::cut_again(std::size_t size) {
  options_.size = size;
  // A second cell adds at least one point to the cost of one cell.
  const bool whole = size <= std::min(options_.features, set_.size()) || set_.size() == 1;
  if (!whole) refine(tree_);
  number_rows();
  list_cells(whole ? List<char>{1} : cut(tree_));
}

void Partition::list_cells(const List<char>& chosen) {
  cells_.clear();
  nodes_.clear();
  List<int> open{0};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    const Node& node = tree_.nodes[at];
    if (chosen[at]) {
      cells_.push_back({node.begin, node.end});
      nodes_.push_back(at);
    } else {
      open.push_back(node.left + 1);
      open.push_back(node.left);
    }
  }
}

bool Partition::divide(std::size_t cell) {
  const int at = nodes_[cell];
  if (tree_.nodes[at].score == kNever) return false;
  if (tree_.nodes[at].left < 0) {
    const bool divided =
        tree_.nodes[at].size() > kShared ? divide_shared(tree_, at, 2) : divide(tree_, at, 2, scratch_[0]);
    if (!divided || tree_.nodes[at].left < 0) return false;
  }
  const int left = tree_.nodes[at].left;
  nodes_[cell] = left;
  cells_[cell] = {tree_.nodes[left].begin, tree_.nodes[left].end};
  nodes_.push_back(left + 1);
  cells_.push_back({tree_.nodes[left + 1].begin, tree_.nodes[left + 1].end});
  return true;
}

void Partition::peel(std::size_t cell, std::size_t count) {
  const int at = nodes_[cell];
  const Node parent = tree_.nodes[at];
  const double* low = box(tree_, at);
  List<std::pair<double, std::size_t>> distances(parent.size());
  for (std::size_t i = 0; i < parent.size(); i++) {
    double square = 0;
    for (std::size_t a = 0; a < width(); a++) {
      const double side = (low[width() + a] - low[a]) * options_.units[a];
      const double x = (arrays_[a][parent.begin + i] - 0.5 * (low[a] + low[width() + a])) * options_.units[a];
      if (side > 0) square += x * x;
    }
    distances[i] = {-square, i};
  }
  std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count), distances.end());
  List<std::size_t> outer(count);
  for (std::size_t i = 0; i < count; i++) outer[i] = distances[i].second;
  std::sort(outer.begin(), outer.end());
  // Each of them goes to the end, and the point from there takes its place.
  std::size_t end = parent.size();
  for (std::size_t i = count; i-- > 0;) {
    const std::size_t from = parent.begin + outer[i], to = parent.begin + --end;
    for (double* const array : arrays_) std::swap(array[from], array[to]);
    std::swap(rows_[from], rows_[to]);
  }
  const int left = narrow<int>(tree_.nodes.size());
  Node child;
  child.begin = parent.begin;
  child.end = parent.begin + end;
  append(tree_, child);
  child.begin = child.end;
  child.end = parent.end;
  append(tree_, child);
  measure(tree_, left);
  measure(tree_, left + 1);
  tree_.nodes[at].left = left;
  nodes_[cell] = left;
  cells_[cell] = {parent.begin, parent.begin + end};
  nodes_.push_back(left + 1);
  cells_.push_back({parent.begin + end, parent.end});
}

void Partition::unite(std::size_t cell, int node) {
  cells_.pop_back();
  nodes_.pop_back();
  nodes_[cell] = node;
  cells_[cell] = {tree_.nodes[node].begin, tree_.nodes[node].end};
}

void Partition::number_rows() {
  if (rows_.size() > 0) return;
  const std::size_t n = set_.size();
  rows_.swap(set_.mutable_rows());
  if (rows_.size() == n) return;
  rows_.reset(n);
  std::uint32_t* const rows = rows_.data();
  parallel_for(chunk_count(n), options_.threads, monitor_, Stage::Partition, [&](std::size_t c, int) {
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk);
    std::iota(rows + begin, rows + end, static_cast<std::uint32_t>(begin));
  });
}

List<std::size_t> Partition::all_cells() const {
  List<std::size_t> cells(cells_.size());
  std::iota(cells.begin(), cells.end(), std::size_t{0});
  return cells;
}

std::size_t Partition::largest() const {
  std::size_t max = 0;
  for (const CellRange& cell : cells_) max = std::max(max, cell.size());
  return max;
}

// ---- nodes and their boxes

Partition::Tree Partition::root() {
  const std::size_t n = set_.size(), chunks = chunk_count(n), entries = 2 * width() + 1;
  List<double> parts(chunks * entries);
  parallel_for(chunks, options_.threads, monitor_, Stage::Partition, [&](std::size_t c, int) {
    double* part = &parts[c * entries];
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk);
    for (std::size_t a = 0; a < width(); a++) {
      simd().bounds(arrays_[a], begin, end, &part[a], &part[width() + a]);
    }
    part[2 * width()] = weighted_ ? simd().sum(arrays_.back(), begin, end) : static_cast<double>(end - begin);
  });
  Tree tree;
  Node node;
  node.end = n;
  append(tree, node);
  std::copy_n(parts.data(), 2 * width(), tree.boxes.data());
  for (std::size_t c = 0; c < chunks; c++) {
    const double* part = &parts[c * entries];
    for (std::size_t a = 0; a < width(); a++) {
      tree.boxes[a] = std::min(tree.boxes[a], part[a]);
      tree.boxes[width() + a] = std::max(tree.boxes[width() + a], part[width() + a]);
    }
    tree.nodes[0].mass += part[2 * width()];
  }
  rate(tree, 0);
  return tree;
}

void Partition::append(Tree& tree, const Node& node) const {
  tree.nodes.push_back(node);
  tree.boxes.resize(tree.boxes.size() + 2 * width());
}

// The score is the logarithm of mass x diameter^(k+1): the product itself would overflow.
void Partition::rate(Tree& tree, int at) const {
  Node& node = tree.nodes[at];
  node.score = kNever;
  if (node.size() <= options_.features) return;  // all its points are kept, so it has no error
  const double* low = box(tree, at);
  double square = 0;
  for (int a = 0; a < dimension_; a++) {
    const double side = (low[width() + usize(a)] - low[a]) * options_.units[a];
    square += side * side;
  }
  if (square > 0) node.score = approx_log2(node.mass) + 0.5 * (options_.order + 1) * approx_log2(square);
}

// Computes the box and the mass of a leaf from its points.
void Partition::measure(Tree& tree, int leaf) const {
  Node& node = tree.nodes[leaf];
  double* low = &tree.boxes[usize(leaf) * 2 * width()];
  for (std::size_t a = 0; a < width(); a++) {
    simd().bounds(arrays_[a], node.begin, node.end, &low[a], &low[width() + a]);
  }
  node.mass = weighted_ ? simd().sum(arrays_.back(), node.begin, node.end) : static_cast<double>(node.size());
  rate(tree, leaf);
}

// Computes the boxes and masses of `at` and of those nodes from `first` on that have children. These are the
// descendants of `at`.
void Partition::join(Tree& tree, int at, std::size_t first) const {
  const auto from_children = [&](int i) {
    Node& node = tree.nodes[i];
    if (node.left < 0) return;
    node.mass = tree.nodes[node.left].mass + tree.nodes[node.left + 1].mass;
    double* low = &tree.boxes[usize(i) * 2 * width()];
    const double* left = box(tree, node.left);
    const double* right = box(tree, node.left + 1);
    for (std::size_t a = 0; a < width(); a++) {
      low[a] = std::min(left[a], right[a]);
      low[width() + a] = std::max(left[width() + a], right[width() + a]);
    }
    rate(tree, i);
  };
  for (std::size_t i = tree.nodes.size(); i-- > first;) from_children(static_cast<int>(i));
  from_children(at);
}

// ---- how many cells a node should have

// Dividing a node into c cells divides its mass by c and its diameter by c^(1/m). Returns the c for which the expected
// error of each cell is 2^level, but at most as many as there are points to fill.
double Partition::cells_for(const Node& node, double level) const {
  return node.score == kNever ? 0 : std::min(most_cells(node), approx_exp2(cells_per_bit_ * (node.score - level)));
}

// Returns the level at which all leaves together cost the size. Uses bisection, because the cost is flat on both sides.
// Begins near `before`.
double Partition::level_of(const Tree& tree, double before) const {
  constexpr double kNear = 4, kFar = 4096, kCloseEnough = 1.0 / 64;
  struct Open {
    double score, most_cells;
  };
  List<Open> open;
  open.reserve(tree.nodes.size() / 2 + 1);
  double kept = 0;  // the points of leaves that are not reduced
  for (const Node& node : tree.nodes) {
    if (node.left >= 0) continue;
    if (node.score == kNever)
      kept += static_cast<double>(std::min(node.size(), options_.features));
    else
      open.push_back({node.score, most_cells(node)});
  }
  const double per_cell = static_cast<double>(options_.features), size = static_cast<double>(options_.size);
  const auto too_low = [&](double level) {
    double cost = kept;
    for (const Open& node : open)
      cost += per_cell * std::min(node.most_cells, approx_exp2(cells_per_bit_ * (node.score - level)));
    return cost > size;
  };
  double low = before - kNear, high = before + kNear;
  for (double step = kNear; !too_low(low) && step < kFar; step *= 2) {
    high = low;
    low -= step;
  }
  for (double step = kNear; too_low(high) && step < kFar; step *= 2) {
    low = high;
    high += step;
  }
  while (high - low > kCloseEnough / cells_per_bit_) {
    const double middle = low + 0.5 * (high - low);
    (too_low(middle) ? low : high) = middle;
  }
  return high;
}

// ---- the tree

// Returns how many bins the first grid should have. Each bin is divided again, into as many cells as its expected error
// asks for. Of the numbers that leave enough cells to each bin, the result is the one with the smallest error in a set
// of even density, where both grids have whole numbers of bins.
double Partition::first_cells(const Tree& tree) const {
  const double cells = static_cast<double>(options_.size) / static_cast<double>(options_.features);
  const double max =
      std::min<double>(kMaxBins, std::max(2.0, cells / std::max(kCellsInFirstBins, kAboveHalved * fewest_)));
  // With fewer bins the points of one would leave the cache.
  const double min = std::min(max, std::max(max / 4, static_cast<double>(set_.size()) / kInCache));
  double best = max, best_error = std::numeric_limits<double>::infinity();
  for (double first = max; first >= min; first--) {
    const Grid outer = grid_for(tree, 0, first);
    if (outer.bins < 2) return 2;
    first = std::min<double>(first, outer.bins);
    List<double> low(box(tree, 0), box(tree, 0) + width()), high(box(tree, 0) + width(), box(tree, 0) + 2 * width());
    for (int i = 0; i < outer.axes.count; i++)
      high[outer.axes.column[i]] = low[outer.axes.column[i]] + 1 / outer.axes.scale[i];
    const Grid inner = make_grid(dimension_, low.data(), high.data(), options_.units.data(), cells / outer.bins);
    for (int i = 0; i < inner.axes.count; i++)
      high[inner.axes.column[i]] = low[inner.axes.column[i]] + 1 / inner.axes.scale[i];
    double square = 0;
    for (std::size_t a = 0; a < width(); a++) square += std::pow((high[a] - low[a]) * options_.units[a], 2);
    const double error = 0.5 * (options_.order + 1) * std::log2(square) -
                         0.5 * std::log2(static_cast<double>(outer.bins) * std::max(inner.bins, 1));
    if (error < best_error) {
      best_error = error;
      best = first;
    }
  }
  return best;
}

// Divides until no node should have several cells. Every round shows better where errors are large.
void Partition::refine(Tree& tree) {
  if (tree.nodes[0].score == kNever) return;
  double level = tree.nodes[0].score;  // at this level the whole set is one cell
  if (tree.nodes[0].left < 0) refine(tree, {{0, first_cells(tree)}}, level);
  List<Wanted> wanted;
  for (int round = 1; round < kRounds; round++) {
    level = level_of(tree, level);
    wanted.clear();
    double owed = 0;  // cells that earlier nodes lost to rounding
    for (std::size_t at = 0; at < tree.nodes.size(); at++) {
      const Node& node = tree.nodes[at];
      if (node.left >= 0) continue;
      const double cells = cells_for(node, level);
      if (cells < kMinCells) continue;
      const double target = std::max(2.0, cells + owed);
      const Grid below = grid_for(tree, static_cast<int>(at), target);
      if (below.bins < 2) continue;
      if (target >= fewest_ && target <= kMaxBins) owed = std::clamp(cells + owed - below.bins, -cells, cells);
      wanted.push_back({static_cast<int>(at), target});
    }
    if (wanted.empty()) return;
    refine(tree, wanted, level);
  }
}

void Partition::refine(Tree& tree, const List<Wanted>& wanted, double level) {
  List<Wanted> small;
  for (const Wanted& one : wanted)
    if (tree.nodes[one.node].size() > kShared)
      divide_shared(tree, one.node, one.cells);
    else
      small.push_back(one);
  // The largest come first, so that no thread begins a long one when the others are done.
  List<std::size_t> order(small.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return tree.nodes[small[i].node].size() > tree.nodes[small[j].node].size();
  });
  List<Tree> grown(small.size());
  parallel_for(small.size(), options_.threads, monitor_, Stage::Partition, [&](std::size_t place, int thread) {
    const std::size_t i = order[place];
    Tree& part = grown[i];
    append(part, tree.nodes[small[i].node]);
    std::copy_n(box(tree, small[i].node), 2 * width(), part.boxes.data());
    grow(part, small[i].cells, level, scratch_[thread]);
  });
  // The parts are joined in the order of their roots. Node 0 of a part is already there; the others are appended.
  std::size_t total = tree.nodes.size();
  for (const Tree& part : grown) total += part.nodes.size() - 1;
  if (total > tree.nodes.capacity()) {
    tree.nodes.reserve(total + total / 2);
    tree.boxes.reserve(tree.nodes.capacity() * 2 * width());
  }
  for (std::size_t i = 0; i < small.size(); i++) {
    Tree& part = grown[i];
    const int shift = narrow<int>(tree.nodes.size() + part.nodes.size()) - narrow<int>(part.nodes.size()) - 1;
    for (Node& node : part.nodes)
      if (node.left >= 0) node.left += shift;
    tree.nodes[small[i].node] = part.nodes[0];
    tree.nodes.insert(tree.nodes.end(), part.nodes.begin() + 1, part.nodes.end());
    tree.boxes.insert(tree.boxes.end(), part.boxes.begin() + 2 * dimension_, part.boxes.end());
  }
}

void Partition::grow(Tree& tree, double cells, double level, Scratch& scratch) {
  for (std::size_t at = 0; at < tree.nodes.size(); at++) {
    if (monitor_.cancelled()) return;
    if (tree.nodes[at].left >= 0) continue;
    if (at > 0) cells = cells_for(tree.nodes[at], level);
    if (cells >= kMinCells) divide(tree, static_cast<int>(at), std::max(2.0, cells), scratch);
  }
}

// Chooses the nodes that become cells. The node with the largest expected error is always divided next, as long as the
// bound on the size allows. Halves never score higher than the whole, so the queue is a row of buckets that is walked
// once.
List<char> Partition::cut(Tree& tree) {
  const PartTimer timer(Part::Cut);
  const auto cost = [&](int i) { return std::min(options_.features, tree.nodes[i].size()); };
  constexpr int kNone = -1, kBuckets = 1 << 14;
  constexpr double kBucketsPerBit = 16;
  const double top = tree.nodes[0].score;
  List<int> first(kBuckets, kNone), next(tree.nodes.size(), kNone);  // next: the node after it in its bucket
  List<char> chosen(tree.nodes.size(), 0);
  int bucket = 0;
  const auto enter = [&](int i) {
    if (next.size() < tree.nodes.size()) {
      next.resize(tree.nodes.size() + tree.nodes.size() / 2, kNone);
      chosen.resize(next.size(), 0);
    }
    if (tree.nodes[i].score == kNever) {
      chosen[i] = 1;
      return;
    }
    const double place = (top - tree.nodes[i].score) * kBucketsPerBit;
    // The bucket must not lie before the present one, as rounding of the masses could suggest.
    int& head = first[place < kBuckets - 1 ? std::max(static_cast<int>(place), bucket) : kBuckets - 1];
    next[i] = head;
    head = i;
  };
  std::size_t used = cost(0), taken = 0;
  enter(0);
  // Whether there is room for the halves of a node. Once there is little room, nearly all nodes that are left are
  // asked, and few are divided. So all threads ask ahead for the nodes that come next. A node for which there was no
  // room has none later.
  enum Answer : char { kUnknown, kNoRoom, kRoom };
  constexpr std::size_t kMostAhead = 1 << 14, kAskedPerTask = 32;
  std::size_t ahead = 4 * kAskedPerTask;
  List<char> answers;
  const auto fits = [&](int i) {
    const std::size_t room = options_.size - used;
    if (answers.empty()) answers.resize(tree.nodes.size(), kUnknown);
    if (usize(i) >= answers.size() || answers[i] == kRoom) return halves_fit(tree, i, room);
    if (answers[i] == kUnknown) {
      List<int> asked{i};
      for (int b = bucket; b < kBuckets && asked.size() < ahead; b++)
        for (int j = first[b]; j != kNone && asked.size() < ahead; j = next[j])
          if (tree.nodes[j].left < 0 && usize(j) < answers.size() && answers[j] == kUnknown) asked.push_back(j);
      parallel_for((asked.size() + kAskedPerTask - 1) / kAskedPerTask, options_.threads, monitor_, Stage::Partition,
                   [&](std::size_t task, int) {
                     const std::size_t end = std::min(asked.size(), (task + 1) * kAskedPerTask);
                     for (std::size_t j = task * kAskedPerTask; j < end; j++)
                       answers[asked[j]] = halves_fit(tree, asked[j], room) ? kRoom : kNoRoom;
                   });
      ahead = std::min(2 * ahead, kMostAhead);
    }
    return answers[i] == kRoom;
  };
  for (; bucket < kBuckets; bucket++)
    while (first[bucket] != kNone) {
      const int i = first[bucket];
      first[bucket] = next[i];
      if (++taken % 256 == 0) monitor_.check();
      bool open = used < options_.size;
      // Near the bound most halves cost too much, so this looks before points move.
      if (open && tree.nodes[i].left < 0 && options_.size - used < options_.features) open = fits(i);
      if (open && tree.nodes[i].left < 0)
        open = tree.nodes[i].size() > kShared ? divide_shared(tree, i, 2) : divide(tree, i, 2, scratch_[0]);
      if (open) {
        const int left = tree.nodes[i].left;
        const std::size_t now = used - cost(i) + cost(left) + cost(left + 1);
        open = now <= options_.size;
        if (open) {
          used = now;
          enter(left);
          enter(left + 1);
        }
      }
      if (!open) chosen[i] = 1;
    }
  return chosen;
}

}  // namespace fewpoints
