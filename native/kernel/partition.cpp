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
// Nodes above this are divided by all threads together, those below one node a thread: two copies of 16384 points with
// four numbers each fill a second-level cache of a megabyte.
constexpr std::size_t kShared = 1 << 16;
constexpr std::size_t kInCache = 1 << 14;
// The first grid should leave at least so many cells to each of its bins: their expected errors then say how many cells
// each should have.
constexpr double kCellsInFirstBins = 8;  // and well above the number below which a node is halved
// Below this many cells along each of up to three sides a node is halved instead: that follows its box more closely,
// and no rounding has to be paid for. Measured on normal, Student-t and mixed sets, m = 2..4.
constexpr int kHalvedAxes = 3;
// So many bins along every side a grid must have to be laid over the bulk of a box instead of all of it: with fewer,
// the points outside would share cells with the bulk.
constexpr double kBinsToClip = 3;
// A node that should have fewer cells than this is left to the cut, which divides in the order of the errors.
constexpr double kLeast = 1.5;
// Rounds of dividing and of looking where errors are large. Each divides every node that should have several cells
// into up to 256; a hundred decades of heavy tail need a handful.
constexpr int kRounds = 32;

// Monotone, exact at powers of two, at most 0.09 too low between: a score need not be better, and this is ten times
// faster.
double about_log2(double x) { return static_cast<double>(std::bit_cast<std::int64_t>(x)) * 0x1p-52 - 1023; }
// Its inverse.
double about_exp2(double x) {
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
  // A second cell costs at least one point more than one cell does.
  if (options_.size <= std::min(options_.features, n) || n == 1) {
    number_rows();
    cells_.push_back({0, n});
    return;
  }
  // A large set gets its row numbers when its points first move.
  if (n <= kShared || options_.division == Division::Balanced) number_rows();
  double axes = 0;
  for (const double unit : options_.units) axes += unit > 0 ? 1 : 0;
  cells_per_bit_ = axes / (axes + options_.order + 1);
  enough_to_clip_ = std::pow(kBinsToClip, axes);
  fewest_ = std::exp2(std::min<double>(axes, kHalvedAxes));

  if (options_.division == Division::Balanced) {
    balance();
    return;
  }
  Tree tree = root();
  refine(tree);
  number_rows();
  const std::vector<char> chosen = cut(tree);
  std::vector<int> open{0};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    const Node& node = tree.nodes[at];
    if (chosen[at]) {
      cells_.push_back({node.begin, node.end});
    } else {
      open.push_back(node.left + 1);
      open.push_back(node.left);
    }
  }
  scratch_.clear();
}

void Partition::number_rows() {
  if (rows_.size() > 0) return;
  const std::size_t n = set_.size();
  rows_.reset(n);
  if (set_.rows() != nullptr)
    std::memcpy(rows_.data(), set_.rows(), n * sizeof(std::uint32_t));
  else
    for (std::size_t i = 0; i < n; i++) rows_[i] = static_cast<std::uint32_t>(i);
  set_.mutable_rows() = std::vector<std::uint32_t>();
}

std::size_t Partition::largest() const {
  std::size_t most = 0;
  for (const CellRange& cell : cells_) most = std::max(most, cell.size());
  return most;
}

// ---- nodes and their boxes

Partition::Tree Partition::root() {
  const std::size_t n = set_.size(), chunks = chunk_count(n), entries = 2 * width() + 1;
  std::vector<double> parts(chunks * entries);
  parallel_for(chunks, options_.threads, monitor_, Stage::Partition, [&](std::size_t c, int) {
    double* part = &parts[c * entries];
    const std::size_t begin = c * kChunk, end = std::min(n, begin + kChunk);
    for (std::size_t a = 0; a < width(); a++) {
      part[a] = part[width() + a] = arrays_[a][begin];
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

// The logarithm of mass x diameter^(k+1): a product would overflow.
void Partition::rate(Tree& tree, int at) const {
  Node& node = tree.nodes[at];
  node.score = kNever;
  if (node.size() <= options_.features) return;  // all its points are kept: no error
  const double* low = box(tree, at);
  double square = 0;
  for (int a = 0; a < dimension_; a++) {
    const double side = (low[width() + a] - low[a]) * options_.units[a];
    square += side * side;
  }
  if (square > 0) node.score = about_log2(node.mass) + 0.5 * (options_.order + 1) * about_log2(square);
}

// Box and mass of a leaf, from its points.
void Partition::measure(Tree& tree, int leaf) const {
  Node& node = tree.nodes[leaf];
  double* low = &tree.boxes[static_cast<std::size_t>(leaf) * 2 * width()];
  for (std::size_t a = 0; a < width(); a++) {
    low[a] = low[width() + a] = arrays_[a][node.begin];
    simd().bounds(arrays_[a], node.begin, node.end, &low[a], &low[width() + a]);
  }
  node.mass = weighted_ ? simd().sum(arrays_.back(), node.begin, node.end) : static_cast<double>(node.size());
  rate(tree, leaf);
}

// Boxes and masses of the nodes from `first` on that have children, and of `at`, whose descendants these are.
void Partition::join(Tree& tree, int at, std::size_t first) const {
  const auto from_children = [&](int i) {
    Node& node = tree.nodes[i];
    if (node.left < 0) return;
    node.mass = tree.nodes[node.left].mass + tree.nodes[node.left + 1].mass;
    double* low = &tree.boxes[static_cast<std::size_t>(i) * 2 * width()];
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

// c cells in place of one have each 1/c of its mass and c^(-1/m) of its diameter: their errors are 2^level when c is
// this. Never more than there are points to fill them.
double Partition::cells_for(const Node& node, double level) const {
  if (node.score == kNever) return 0;
  const double most = static_cast<double>(node.size()) / static_cast<double>(options_.features);
  return std::min(most, about_exp2(cells_per_bit_ * (node.score - level)));
}

// The level at which all leaves together cost the size: bisection, because the cost is flat on both sides. Looks near
// `before` first.
double Partition::level_of(const Tree& tree, double before) const {
  constexpr double kNear = 4, kFar = 4096, kCloseEnough = 1.0 / 64;
  std::vector<const Node*> open;
  double kept = 0;  // points of leaves that are not reduced
  for (const Node& node : tree.nodes) {
    if (node.left >= 0) continue;
    if (node.score == kNever)
      kept += static_cast<double>(std::min(node.size(), options_.features));
    else
      open.push_back(&node);
  }
  const double per_cell = static_cast<double>(options_.features), size = static_cast<double>(options_.size);
  const auto too_low = [&](double level) {
    double cost = kept;
    for (const Node* node : open) cost += per_cell * cells_for(*node, level);
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

// Over the box of a node, or over its bulk alone when a long tail would put nearly all points of a large node into few
// bins; what lies outside goes into the bins at the edge.
Grid Partition::grid_for(const Tree& tree, int at, double cells) const {
  const Node& node = tree.nodes[at];
  if (cells < fewest_) cells = std::min(cells, 2.0);
  const double* low = box(tree, at);
  std::vector<double> bulk;
  const bool coarse = node.size() == set_.size() || cells > 4 * kMostBins;  // its bins will be divided again
  if (coarse && node.size() > kInCache && cells >= enough_to_clip_) {
    constexpr std::size_t kSample = 255, kOutside = 4;  // of the sample on either side of the bulk
    constexpr double kLongTail = 3, kMargin = 0.25;     // in widths of the bulk
    bulk.assign(low, low + 2 * width());
    double sample[kSample];
    for (std::size_t a = 0; a < width(); a++) {
      for (std::size_t i = 0; i < kSample; i++) sample[i] = arrays_[a][node.begin + i * node.size() / kSample];
      std::nth_element(sample, sample + kOutside, sample + kSample);
      std::nth_element(sample + kOutside + 1, sample + kSample - 1 - kOutside, sample + kSample);
      const double first = sample[kOutside], last = sample[kSample - 1 - kOutside], side = last - first;
      if (!(side > 0) || low[width() + a] - low[a] <= kLongTail * side) continue;
      bulk[a] = std::max(low[a], first - kMargin * side);
      bulk[width() + a] = std::min(low[width() + a], last + kMargin * side);
    }
    low = bulk.data();
  }
  return make_grid(dimension_, low, low + width(), options_.units.data(), cells, options_.division == Division::Halves);
}

// ---- division of one node

void Partition::Scratch::ensure(std::size_t count, std::size_t arrays_wanted) {
  if (capacity >= count) return;
  capacity = 0;
  arrays.resize(arrays_wanted);
  pointers.clear();
  for (auto& array : arrays) {
    array.reset(count);
    pointers.push_back(array.data());
  }
  rows.reset(count);
  keys.reset(count);
  capacity = count;
}

const GridOrder& Partition::Scratch::order(const Grid& grid) {
  for (const GridOrder& order : orders)
    if (order.fits(grid)) return order;
  constexpr std::size_t kRemembered = 32;
  if (orders.size() == kRemembered) orders.clear();
  orders.emplace_back(grid);
  return orders.back();
}

// The nodes below `at`, whose points are in order of their bins: starts[p] is where the bin of place p begins. Empty
// halves make no node, and nodes whose points are all kept have no children.
void Partition::grow_nodes(Tree& tree, int at, const GridOrder& order, const std::size_t* starts,
                           std::vector<int>& leaves) const {
  struct Open {
    int node, first, last, entry;  // bins [first, last) in the order of their places
  };
  constexpr int kDeepest = 2 * kMostBins;
  Open open[kDeepest];
  int depth = 0;
  open[depth++] = {at, 0, static_cast<int>(order.bin_at.size()), 0};
  leaves.clear();
  while (depth > 0) {
    Open now = open[--depth];
    for (;;) {
      const int half = order.left[now.entry];
      if (half == 0 || tree.nodes[now.node].size() <= options_.features) {
        leaves.push_back(now.node);
        break;
      }
      const int middle = now.first + half, right_entry = now.entry + 2 * half;
      const bool left_empty = starts[middle] == starts[now.first], right_empty = starts[middle] == starts[now.last];
      if (left_empty || right_empty) {
        if (left_empty)
          now = {now.node, middle, now.last, right_entry};
        else
          now = {now.node, now.first, middle, now.entry + 1};
        continue;
      }
      const int left = static_cast<int>(tree.nodes.size());
      tree.nodes[now.node].left = left;
      Node child;
      child.begin = starts[now.first];
      child.end = starts[middle];
      append(tree, child);
      child.begin = starts[middle];
      child.end = starts[now.last];
      append(tree, child);
      open[depth++] = {left + 1, middle, now.last, right_entry};
      now = {left, now.first, middle, now.entry + 1};
    }
  }
}

// Moves count points to the places of their bins, scratch.keys, through the scratch arrays.
void Partition::move(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch) {
  constexpr std::size_t kFewArrays = 16;
  const double* few[kFewArrays];
  std::vector<const double*> many(arrays_.size() > kFewArrays ? arrays_.size() : 0);
  const double** from = many.empty() ? few : many.data();
  for (std::size_t a = 0; a < arrays_.size(); a++) from[a] = arrays_[a] + begin;
  scatter(scratch.keys.data(), count, static_cast<int>(arrays_.size()), from, scratch.pointers.data(),
          rows_.data() + begin, scratch.rows.data(), places);
  for (std::size_t a = 0; a < arrays_.size(); a++)
    std::memcpy(arrays_[a] + begin, scratch.pointers[a], count * sizeof(double));
  std::memcpy(rows_.data() + begin, scratch.rows.data(), count * sizeof(std::uint32_t));
}

// Moves the points of a node to the places of their bins, scratch.keys, and appends the nodes below it.
void Partition::place(Tree& tree, int at, const GridOrder& order, int bins, Scratch& scratch) {
  const std::size_t begin = tree.nodes[at].begin, count = tree.nodes[at].size();
  std::uint32_t counts[kMostBins], places[kMostBins];
  std::size_t starts[kMostBins + 1];
  std::fill_n(counts, bins, 0u);
  count_keys(scratch.keys.data(), count, bins, counts);
  std::uint32_t sum = 0;
  for (int p = 0; p < bins; p++) {
    const int bin = order.bin_at[p];
    starts[p] = begin + sum;
    places[bin] = sum;
    sum += counts[bin];
  }
  starts[bins] = begin + count;

  move(begin, count, places, scratch);

  const std::size_t first = tree.nodes.size();
  grow_nodes(tree, at, order, starts, scratch.leaves);
  for (const int leaf : scratch.leaves) measure(tree, leaf);
  join(tree, at, first);
}

// On one thread. False: the node cannot be divided.
bool Partition::divide(Tree& tree, int at, double cells, Scratch& scratch) {
  const Grid grid = grid_for(tree, at, cells);
  if (grid.bins < 2) return false;
  const Node& node = tree.nodes[at];
  scratch.ensure(std::max(node.size(), std::min(kInCache, set_.size())), arrays_.size());
  simd().grid_keys(grid.axes, arrays_.data(), node.begin, node.end, scratch.keys.data());
  place(tree, at, scratch.order(grid), grid.bins, scratch);
  return true;
}

// By how much more the halves of a node would cost than the node does.
std::size_t Partition::cost_of_halving(const Tree& tree, int at) {
  const Node& node = tree.nodes[at];
  if (node.size() > kShared) return 0;
  const Grid grid = grid_for(tree, at, 2);
  if (grid.bins < 2) return 0;
  Scratch& scratch = scratch_[0];
  scratch.ensure(std::max(node.size(), std::min(kInCache, set_.size())), arrays_.size());
  simd().grid_keys(grid.axes, arrays_.data(), node.begin, node.end, scratch.keys.data());
  std::uint32_t counts[2] = {0, 0};
  count_keys(scratch.keys.data(), node.size(), 2, counts);
  std::size_t cost = 0;
  for (const std::size_t half : counts) cost += std::min(half, options_.features);
  return cost - std::min(node.size(), options_.features);
}

// As divide(), by all threads. One array after the other moves into a spare one, which takes its place when the node is
// the whole set: that needs no more memory than one array, and no second copy.
bool Partition::divide_shared(Tree& tree, int at, double cells) {
  const Grid grid = grid_for(tree, at, cells);
  if (grid.bins < 2) return false;
  const std::size_t begin = tree.nodes[at].begin, count = tree.nodes[at].size(), chunks = chunk_count(count);
  const auto bins = static_cast<std::size_t>(grid.bins);
  const GridOrder order(grid);
  Array<std::uint8_t> keys(count);
  std::vector<std::uint32_t> counts(chunks * bins, 0);
  const auto in_chunks = [&](const auto& body) {
    parallel_for(chunks, options_.threads, monitor_, Stage::Partition,
                 [&](std::size_t c, int) { body(c, c * kChunk, std::min(count, (c + 1) * kChunk)); });
  };
  in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
    simd().grid_keys(grid.axes, arrays_.data(), begin + from, begin + to, keys.data() + from);
    count_keys(keys.data() + from, to - from, grid.bins, &counts[c * bins]);
  });
  // Every chunk knows where its points go, whoever moves it.
  std::vector<std::size_t> starts(bins + 1);
  std::size_t sum = 0;
  for (std::size_t p = 0; p < bins; p++) {
    starts[p] = begin + sum;
    for (std::size_t c = 0; c < chunks; c++) {
      std::uint32_t& place = counts[c * bins + order.bin_at[p]];
      const std::uint32_t here = place;
      place = static_cast<std::uint32_t>(sum);
      sum += here;
    }
  }
  starts[bins] = begin + count;
  const auto places_of = [&](std::size_t c, std::uint32_t* places) {
    std::copy_n(&counts[c * bins], bins, places);
    return places;
  };

  const bool whole = count == set_.size();
  {
    Array<double> spare(count);
    for (std::size_t a = 0; a < arrays_.size(); a++) {
      in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
        std::uint32_t places[kMostBins];
        scatter(keys.data() + from, to - from, arrays_[a] + begin + from, spare.data(), places_of(c, places));
      });
      if (whole) {
        const bool is_column = a < width();
        spare.swap(is_column ? set_.mutable_column(static_cast<int>(a)) : set_.mutable_weights());
        arrays_[a] = (is_column ? set_.mutable_column(static_cast<int>(a)) : set_.mutable_weights()).data();
      } else {
        in_chunks([&](std::size_t, std::size_t from, std::size_t to) {
          std::memcpy(arrays_[a] + begin + from, spare.data() + from, (to - from) * sizeof(double));
        });
      }
    }
  }
  // Row numbers that were not written down yet are those of the set, or count up.
  const std::uint32_t* rows = rows_.size() > 0 ? rows_.data() + begin : set_.rows();
  Array<std::uint32_t> spare_rows(count);
  in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
    std::uint32_t places[kMostBins];
    scatter(keys.data() + from, to - from, rows != nullptr ? rows + from : nullptr, static_cast<std::uint32_t>(from),
            spare_rows.data(), places_of(c, places));
  });
  if (whole) {
    rows_.swap(spare_rows);
    set_.mutable_rows() = std::vector<std::uint32_t>();
  } else {
    std::memcpy(rows_.data() + begin, spare_rows.data(), count * sizeof(std::uint32_t));
  }

  const std::size_t first = tree.nodes.size();
  std::vector<int> leaves;
  grow_nodes(tree, at, order, starts.data(), leaves);
  parallel_for(leaves.size(), options_.threads, monitor_, Stage::Partition,
               [&](std::size_t i, int) { measure(tree, leaves[i]); });
  join(tree, at, first);
  return true;
}

// ---- the tree

// How many bins the first grid should have: each is then divided again into what it should have. Of the numbers that
// leave enough cells to each, the one that in a set of even density wastes the fewest of them by rounding.
double Partition::first_cells(const Tree& tree) const {
  const double cells = static_cast<double>(options_.size) / static_cast<double>(options_.features);
  const double most = std::min<double>(kMostBins, std::max(2.0, cells / std::max(kCellsInFirstBins, 1.3 * fewest_)));
  // Not so few that their points leave the cache.
  const double least = std::min(most, std::max(most / 4, static_cast<double>(set_.size()) / kInCache));
  double best = most, best_used = 0;
  for (double first = most; first >= least; first--) {
    const Grid outer = grid_for(tree, 0, first);
    if (outer.bins < 2) return 2;
    first = std::min<double>(first, outer.bins);
    std::vector<double> low(box(tree, 0), box(tree, 0) + width()),
        high(box(tree, 0) + width(), box(tree, 0) + 2 * width());
    for (int i = 0; i < outer.axes.count; i++)
      high[outer.axes.column[i]] = low[outer.axes.column[i]] + 1 / outer.axes.scale[i];
    const Grid inner = make_grid(dimension_, low.data(), high.data(), options_.units.data(), cells / outer.bins,
                                 options_.division == Division::Halves);
    const double used = static_cast<double>(outer.bins) * std::max(inner.bins, 1);
    if (used > best_used) {
      best_used = used;
      best = first;
    }
  }
  return best;
}

// Divides until no node should have several cells. Where errors are large is seen better after every round.
void Partition::refine(Tree& tree) {
  if (tree.nodes[0].score == kNever) return;
  double level = tree.nodes[0].score;  // that the whole set should be one cell: only the root is divided
  std::vector<Wanted> wanted{{0, first_cells(tree)}};
  for (int round = 0; round < kRounds && !wanted.empty(); round++) {
    refine(tree, wanted, level);
    level = level_of(tree, round == 0 ? tree.nodes[0].score : level);
    wanted.clear();
    double owed = 0;  // cells that rounding kept from the nodes before
    for (std::size_t at = 0; at < tree.nodes.size(); at++) {
      const Node& node = tree.nodes[at];
      if (node.left >= 0) continue;
      const double cells = cells_for(node, level);
      if (cells < kLeast) continue;
      const double target = std::max(2.0, cells + owed);
      const Grid below = grid_for(tree, static_cast<int>(at), target);
      if (below.bins < 2) continue;
      if (target >= fewest_) owed = std::clamp(cells + owed - below.bins, -cells, cells);
      wanted.push_back({static_cast<int>(at), target});
    }
  }
}

void Partition::refine(Tree& tree, const std::vector<Wanted>& wanted, double level) {
  std::vector<Wanted> small;
  for (const Wanted& one : wanted)
    if (tree.nodes[one.node].size() > kShared)
      divide_shared(tree, one.node, one.cells);
    else
      small.push_back(one);
  std::vector<Tree> grown(small.size());
  parallel_for(small.size(), options_.threads, monitor_, Stage::Partition, [&](std::size_t i, int thread) {
    Tree& part = grown[i];
    append(part, tree.nodes[small[i].node]);
    std::copy_n(box(tree, small[i].node), 2 * width(), part.boxes.data());
    grow(part, small[i].cells, level, scratch_[thread]);
  });
  // Put together in the order of their roots. Node 0 of a part is there already; the others move behind the end.
  for (std::size_t i = 0; i < small.size(); i++) {
    Tree& part = grown[i];
    const int shift = static_cast<int>(tree.nodes.size()) - 1;
    for (Node& node : part.nodes)
      if (node.left >= 0) node.left += shift;
    tree.nodes[small[i].node] = part.nodes[0];
    tree.nodes.insert(tree.nodes.end(), part.nodes.begin() + 1, part.nodes.end());
    tree.boxes.insert(tree.boxes.end(), part.boxes.begin() + 2 * dimension_, part.boxes.end());
    part = Tree();
  }
}

void Partition::grow(Tree& tree, double cells, double level, Scratch& scratch) {
  for (std::size_t at = 0; at < tree.nodes.size(); at++) {
    if (monitor_.cancelled()) return;
    if (tree.nodes[at].left >= 0) continue;
    if (at > 0) cells = cells_for(tree.nodes[at], level);
    if (cells >= kLeast) divide(tree, static_cast<int>(at), std::max(2.0, cells), scratch);
  }
}

// Which nodes become cells: always the one with the largest expected error is divided next, as long as the bound
// allows. Halves have no larger score than the whole, so the queue is a row of buckets that is walked once.
std::vector<char> Partition::cut(Tree& tree) {
  const auto cost = [&](int i) { return std::min(options_.features, tree.nodes[i].size()); };
  constexpr int kNone = -1, kBuckets = 1 << 14;
  constexpr double kBucketsPerBit = 16;
  const double top = tree.nodes[0].score;
  std::vector<int> first(kBuckets, kNone), next(tree.nodes.size(), kNone);  // next: the node behind it in its bucket
  std::vector<char> chosen(tree.nodes.size(), 0);
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
    // Not before the present one, which rounding of the masses could suggest.
    int& head = first[place < kBuckets - 1 ? std::max(static_cast<int>(place), bucket) : kBuckets - 1];
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
      bool open = used < options_.size;
      // Near the bound most halves cost too much: look before points move.
      if (open && tree.nodes[i].left < 0 && options_.size - used < options_.features)
        open = used + cost_of_halving(tree, i) <= options_.size;
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

// ---- cells of equally many points

// Level by level; a node is divided across the longest side of its box, where the numbers of cells of both halves are
// in proportion to their points.
void Partition::balance() {
  struct Part {
    std::size_t begin, end, cells;
  };
  std::vector<Part> parts{{0, set_.size(), std::max<std::size_t>(1, options_.size / options_.features)}};
  for (bool again = true; again;) {
    std::vector<Part> halves(2 * parts.size());
    parallel_for(parts.size(), options_.threads, monitor_, Stage::Partition, [&](std::size_t i, int thread) {
      const Part& part = parts[i];
      Part& left = halves[2 * i] = part;
      Part& right = halves[2 * i + 1] = {part.end, part.end, 0};
      if (part.cells < 2) return;
      left.cells = part.cells / 2;
      right.cells = part.cells - left.cells;
      left.end = right.begin =
          part.begin + halve(part.begin, part.end, static_cast<double>(left.cells) / static_cast<double>(part.cells),
                             scratch_[thread]);
    });
    again = false;
    parts.clear();
    for (const Part& half : halves) {
      if (half.cells == 0 || half.begin == half.end) continue;
      parts.push_back(half);
      again = again || half.cells > 1;
    }
  }
  for (const Part& part : parts) cells_.push_back({part.begin, part.end});
}

// Moves the first `share` of the points [begin, end) along the longest side of their box to the front, equal ones in
// order. Returns how many.
std::size_t Partition::halve(std::size_t begin, std::size_t end, double share, Scratch& scratch) {
  const std::size_t n = end - begin;
  const auto lefts = static_cast<std::size_t>(share * static_cast<double>(n));
  if (lefts == 0) return 0;
  std::size_t axis = 0;
  double longest = -1;
  for (std::size_t a = 0; a < width(); a++) {
    double low = arrays_[a][begin], high = low;
    simd().bounds(arrays_[a], begin, end, &low, &high);
    if ((high - low) * options_.units[a] > longest) {
      longest = (high - low) * options_.units[a];
      axis = a;
    }
  }
  scratch.ensure(std::max(n, std::min(kInCache, set_.size())), arrays_.size());
  const double* key = arrays_[axis] + begin;
  double* sorted = scratch.pointers[0];
  std::copy_n(key, n, sorted);
  std::nth_element(sorted, sorted + lefts, sorted + n);
  const double median = sorted[lefts];
  std::size_t ties = lefts;
  for (std::size_t i = 0; i < n; i++) ties -= key[i] < median;
  for (std::size_t i = 0; i < n; i++) {
    bool right = key[i] > median;
    if (key[i] == median) {
      right = ties == 0;
      ties -= ties > 0;
    }
    scratch.keys[i] = right;
  }
  std::uint32_t places[2] = {0, static_cast<std::uint32_t>(lefts)};
  move(begin, n, places, scratch);
  return lefts;
}

}  // namespace fewpoints
