// How Partition moves the points of one node to the bins of its grid, on one thread or on all.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"
#include "partition/partition.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// The grid covers the box of a node, or only its bulk when a long tail would put nearly all points of a large node into
// few bins. Points outside the bulk go into the bins at the edge.
Grid Partition::grid_for(const Tree& tree, int at, double cells) const {
  const Node& node = tree.nodes[at];
  const bool coarse = node.size() == set_.size() || cells > kMaxBins;  // its bins are divided again later
  if (cells > kMaxBins) cells = std::min<double>(kMaxBins, cells / (2 * fewest_));
  if (cells < fewest_) cells = std::min(cells, 2.0);
  const double* low = box(tree, at);
  List<double> bulk;
  if (coarse && node.size() > kInCache && cells >= enough_to_clip_) {
    constexpr std::size_t kSample = 255, kOutside = 4;  // outside: so many of the sample, on either side
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
  return make_grid(dimension_, low, low + width(), options_.units.data(), cells);
}

void Partition::Scratch::ensure(std::size_t count, std::size_t arrays_wanted) {
  if (capacity >= count) return;
  capacity = 0;
  const bool together = arrays_wanted <= kMovedTogether;
  arrays.resize(together ? arrays_wanted : 1);
  if (!together) destinations.reset(count);
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

// Appends the nodes below `at`, whose points are in the order of their bins: the bin of place p begins at starts[p].
// Empty halves make no node. Nodes whose points are all kept have no children.
void Partition::grow_nodes(Tree& tree, int at, const GridOrder& order, const std::size_t* starts,
                           List<int>& leaves) const {
  struct Open {
    int node, first, last, entry;  // bins [first, last), by place
  };
  constexpr int kDeepest = 2 * kMaxBins;
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
      const int left = narrow<int>(tree.nodes.size());
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

// Moves `count` points to the places of their bins (scratch.keys), through the scratch arrays.
void Partition::move(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch) {
  if (arrays_.size() > kMovedTogether) {
    move_one_by_one(begin, count, places, scratch);
    return;
  }
  const double* from[kMovedTogether];
  for (std::size_t a = 0; a < arrays_.size(); a++) from[a] = arrays_[a] + begin;
  scatter(scratch.keys.data(), count, static_cast<int>(arrays_.size()), from, scratch.pointers.data(),
          rows_.data() + begin, scratch.rows.data(), places);
  for (std::size_t a = 0; a < arrays_.size(); a++)
    std::memcpy(arrays_[a] + begin, scratch.pointers[a], count * sizeof(double));
  std::memcpy(rows_.data() + begin, scratch.rows.data(), count * sizeof(std::uint32_t));
}

// The same, one array after the other, for so many that their copies would not fit the cache.
void Partition::move_one_by_one(std::size_t begin, std::size_t count, std::uint32_t* places, Scratch& scratch) {
  std::uint32_t* const to = scratch.destinations.data();
  for (std::size_t i = 0; i < count; i++) {
    to[i] = places[scratch.keys[i]]++;
    scratch.rows[to[i]] = rows_[begin + i];
  }
  std::memcpy(rows_.data() + begin, scratch.rows.data(), count * sizeof(std::uint32_t));
  double* const spare = scratch.pointers[0];
  for (double* const array : arrays_) {
    for (std::size_t i = 0; i < count; i++) spare[to[i]] = array[begin + i];
    std::memcpy(array + begin, spare, count * sizeof(double));
  }
}

// Moves the points of a node to the places of their bins (scratch.keys), and appends the nodes below it.
void Partition::place(Tree& tree, int at, const GridOrder& order, int bins, Scratch& scratch) {
  const std::size_t begin = tree.nodes[at].begin, count = tree.nodes[at].size();
  std::uint32_t counts[kMaxBins], places[kMaxBins];
  std::size_t starts[kMaxBins + 1];
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

// Divides a node on one thread. False: the node cannot be divided.
bool Partition::divide(Tree& tree, int at, double cells, Scratch& scratch) {
  const Grid grid = grid_for(tree, at, cells);
  if (grid.bins < 2) return false;
  const Node& node = tree.nodes[at];
  scratch.ensure(std::max(node.size(), std::min(kInCache, set_.size())), arrays_.size());
  simd().grid_keys(grid.axes, arrays_.data(), node.begin, node.end, scratch.keys.data());
  place(tree, at, scratch.order(grid), grid.bins, scratch);
  return true;
}

// Whether the halves of a node cost at most `room` more than the node does, where room < features. The points are
// looked at in blocks, because the first one nearly always shows that both halves are too large.
bool Partition::halves_fit(const Tree& tree, int at, std::size_t room) const {
  const Node& node = tree.nodes[at];
  if (node.size() > kShared) return true;
  const Grid grid = grid_for(tree, at, 2);
  if (grid.bins < 2) return true;
  const std::size_t features = options_.features;
  const bool both_fill = node.size() > features + room;  // then two halves of more than `room` points cost too much
  constexpr std::size_t kBlock = 64;
  std::uint8_t keys[kBlock];
  std::uint32_t counts[2] = {0, 0};
  for (std::size_t from = node.begin; from < node.end; from += kBlock) {
    const std::size_t to = std::min(node.end, from + kBlock);
    simd().grid_keys(grid.axes, arrays_.data(), from, to, keys);
    count_keys(keys, to - from, 2, counts);
    if (both_fill && std::min(counts[0], counts[1]) > room) return false;
  }
  std::size_t cost = 0;
  for (const std::size_t half : counts) cost += std::min(half, features);
  return cost <= room + std::min(node.size(), features);
}

// Does the work of divide() on all threads. One array after the other moves into a spare one. When the node is the
// whole set, the spare array takes its place: that needs memory for one more array only, and no second copy.
bool Partition::divide_shared(Tree& tree, int at, double cells) {
  const PartTimer timer(Part::TopSplits);
  const Grid grid = grid_for(tree, at, cells);
  if (grid.bins < 2) return false;
  const std::size_t begin = tree.nodes[at].begin, count = tree.nodes[at].size(), chunks = chunk_count(count);
  const auto bins = static_cast<std::size_t>(grid.bins);
  const GridOrder order(grid);
  Array<std::uint8_t> keys(count);
  List<std::uint32_t> counts(chunks * bins, 0);
  const auto in_chunks = [&](const auto& body) {
    parallel_for(chunks, options_.threads, monitor_, Stage::Partition,
                 [&](std::size_t c, int) { body(c, c * kChunk, std::min(count, (c + 1) * kChunk)); });
  };
  in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
    simd().grid_keys(grid.axes, arrays_.data(), begin + from, begin + to, keys.data() + from);
    count_keys(keys.data() + from, to - from, grid.bins, &counts[c * bins]);
  });
  // Every chunk knows where its points go, whichever thread moves it.
  List<std::size_t> starts(bins + 1);
  List<std::uint32_t> next(bins, std::uint32_t{0});  // by bin: first how many points it has, then its next place
  for (std::size_t c = 0; c < chunks; c++)
    for (std::size_t bin = 0; bin < bins; bin++) next[bin] += counts[c * bins + bin];
  std::uint32_t sum = 0;
  for (std::size_t p = 0; p < bins; p++) {
    starts[p] = begin + sum;
    sum += std::exchange(next[order.bin_at[p]], sum);
  }
  starts[bins] = begin + count;
  for (std::size_t c = 0; c < chunks; c++)
    for (std::size_t bin = 0; bin < bins; bin++) next[bin] += std::exchange(counts[c * bins + bin], next[bin]);
  const auto places_of = [&](std::size_t c, std::uint32_t* places) {
    std::copy_n(&counts[c * bins], bins, places);
    return places;
  };

  const bool whole = count == set_.size();
  {
    Array<double> spare(count);
    for (std::size_t a = 0; a < arrays_.size(); a++) {
      in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
        std::uint32_t places[kMaxBins];
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
  // Row numbers that were not written yet are those of the set, or count up.
  const std::uint32_t* rows = rows_.size() > 0 ? rows_.data() + begin : set_.rows();
  Array<std::uint32_t> spare_rows(count);
  in_chunks([&](std::size_t c, std::size_t from, std::size_t to) {
    std::uint32_t places[kMaxBins];
    scatter(keys.data() + from, to - from, rows != nullptr ? rows + from : nullptr, static_cast<std::uint32_t>(from),
            spare_rows.data(), places_of(c, places));
  });
  if (whole) {
    rows_.swap(spare_rows);
    set_.mutable_rows() = Array<std::uint32_t>();
  } else {
    in_chunks([&](std::size_t, std::size_t from, std::size_t to) {
      std::memcpy(rows_.data() + begin + from, spare_rows.data() + from, (to - from) * sizeof(std::uint32_t));
    });
  }

  const std::size_t first = tree.nodes.size();
  List<int> leaves;
  grow_nodes(tree, at, order, starts.data(), leaves);
  parallel_for(leaves.size(), options_.threads, monitor_, Stage::Partition,
               [&](std::size_t i, int) { measure(tree, leaves[i]); });
  join(tree, at, first);
  return true;
}

}  // namespace fewpoints
