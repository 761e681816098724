#include "partition/grid.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/list.hpp"

namespace fewpoints {

Grid make_grid(int dimension, const double* low, const double* high, const double* units, double cells) {
  struct Axis {
    int column, bins;
    double side;
  };
  // Every axis that is divided at least doubles the bins, and of axes that are not divided yet the longest comes first.
  // So no axis counts but the longest kMaxGridAxes.
  static_assert(1 << kMaxGridAxes >= kMaxBins);
  Axis longest[kMaxGridAxes + 1];
  int count = 0;
  for (int a = 0; a < dimension; a++) {
    const double side = (high[a] - low[a]) * units[a];
    // The inverse of the width must not overflow, and the side must not vanish.
    if (!(side > 0) || !std::isfinite(kMaxBins / (high[a] - low[a])) || !std::isfinite(side)) continue;
    int place = count;
    for (; place > 0 && side > longest[place - 1].side; place--) longest[place] = longest[place - 1];
    longest[place] = {a, 1, side};
    count = std::min(count + 1, kMaxGridAxes);
  }
  const std::span axes(longest, usize(count));
  Grid grid;
  grid.axes.count = 0;
  if (axes.empty()) return grid;
  const double max = std::min<double>(cells, kMaxBins);
  // The axis with the longest bins gets one more bin. When that makes too many bins, the axis with the next longest
  // does.
  const auto longer = [](const Axis& a, const Axis& b) { return a.side * b.bins > b.side * a.bins; };
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 1; i < axes.size(); i++)  // insertion sort: only one is out of order, and nothing is allocated
      for (std::size_t j = i; j > 0 && longer(axes[j], axes[j - 1]); j--) std::swap(axes[j], axes[j - 1]);
    for (Axis& axis : axes) {
      const int all = grid.bins / axis.bins * (axis.bins + 1);
      if (all > max) continue;
      axis.bins++;
      grid.bins = all;
      again = true;
      break;
    }
  }
  int stride = 1;
  for (const Axis& axis : axes) {
    if (axis.bins == 1) continue;
    const int i = grid.axes.count++;
    grid.axes.column[i] = axis.column;
    grid.axes.low[i] = low[axis.column];
    grid.axes.scale[i] = axis.bins / (high[axis.column] - low[axis.column]);
    grid.axes.bins[i] = axis.bins;
    grid.axes.stride[i] = stride;
    stride *= axis.bins;
  }
  return grid;
}

namespace {

struct IndexBox {
  int from[kMaxGridAxes], to[kMaxGridAxes];
};

void lay_out(const GridAxes& axes, const IndexBox& box, GridOrder& order) {
  int widest = 0, size = 1;
  for (int i = 0; i < axes.count; i++) {
    const int width = box.to[i] - box.from[i];
    size *= width;
    if (width > box.to[widest] - box.from[widest]) widest = i;
  }
  if (size == 1) {
    int bin = 0;
    for (int i = 0; i < axes.count; i++) bin += box.from[i] * axes.stride[i];
    order.left.push_back(0);
    order.bin_at.push_back(static_cast<std::uint8_t>(bin));
    return;
  }
  const int width = box.to[widest] - box.from[widest];
  IndexBox half = box;
  half.to[widest] = box.from[widest] + width / 2;
  order.left.push_back(static_cast<std::uint16_t>(size / width * (width / 2)));
  lay_out(axes, half, order);
  half = box;
  half.from[widest] = box.from[widest] + width / 2;
  lay_out(axes, half, order);
}

}  // namespace

GridOrder::GridOrder(const Grid& grid) : counts(grid.axes.bins, grid.axes.bins + grid.axes.count) {
  IndexBox box{};
  for (int i = 0; i < grid.axes.count; i++) box.to[i] = grid.axes.bins[i];
  lay_out(grid.axes, box, *this);
}

bool GridOrder::fits(const Grid& grid) const {
  return static_cast<int>(counts.size()) == grid.axes.count && std::equal(counts.begin(), counts.end(), grid.axes.bins);
}

void count_keys(const std::uint8_t* keys, std::size_t count, int bins, std::uint32_t* counts) {
  // There are four tables, because increments of one counter would wait for one another where equal keys follow each
  // other.
  std::size_t i = 0;
  if (count >= 8 * static_cast<std::size_t>(bins)) {
    std::uint32_t more[3][kMaxBins];
    for (auto& table : more) std::fill_n(table, bins, 0u);
    for (; i + 4 <= count; i += 4) {
      counts[keys[i]]++;
      more[0][keys[i + 1]]++;
      more[1][keys[i + 2]]++;
      more[2][keys[i + 3]]++;
    }
    for (int b = 0; b < bins; b++) counts[b] += more[0][b] + more[1][b] + more[2][b];
  }
  for (; i < count; i++) counts[keys[i]]++;
}

void scatter(const std::uint8_t* keys, std::size_t count, const double* from, double* to, std::uint32_t* places) {
  for (std::size_t i = 0; i < count; i++) to[places[keys[i]]++] = from[i];
}

void scatter(const std::uint8_t* keys, std::size_t count, const std::uint32_t* from, std::uint32_t first,
             std::uint32_t* to, std::uint32_t* places) {
  if (from == nullptr)
    for (std::size_t i = 0; i < count; i++) to[places[keys[i]]++] = first + static_cast<std::uint32_t>(i);
  else
    for (std::size_t i = 0; i < count; i++) to[places[keys[i]]++] = from[i];
}

namespace {

template <int ARRAYS>
void scatter_all(const std::uint8_t* keys, std::size_t count, const double* const* from, double* const* to,
                 const std::uint32_t* from_rows, std::uint32_t* to_rows, std::uint32_t* places) {
  const double* held_from[usize(ARRAYS)];
  double* held_to[usize(ARRAYS)];
  for (int a = 0; a < ARRAYS; a++) {
    held_from[a] = from[a];
    held_to[a] = to[a];
  }
  for (std::size_t i = 0; i < count; i++) {
    const std::uint32_t place = places[keys[i]]++;
    for (int a = 0; a < ARRAYS; a++) held_to[a][place] = held_from[a][i];
    to_rows[place] = from_rows[i];
  }
}

}  // namespace

void scatter(const std::uint8_t* keys, std::size_t count, int arrays, const double* const* from, double* const* to,
             const std::uint32_t* from_rows, std::uint32_t* to_rows, std::uint32_t* places) {
  switch (arrays) {
    case 1: return scatter_all<1>(keys, count, from, to, from_rows, to_rows, places);
    case 2: return scatter_all<2>(keys, count, from, to, from_rows, to_rows, places);
    case 3: return scatter_all<3>(keys, count, from, to, from_rows, to_rows, places);
    case 4: return scatter_all<4>(keys, count, from, to, from_rows, to_rows, places);
    case 5: return scatter_all<5>(keys, count, from, to, from_rows, to_rows, places);
    default: break;
  }
  for (std::size_t i = 0; i < count; i++) {
    const std::uint32_t place = places[keys[i]]++;
    for (int a = 0; a < arrays; a++) to[a][place] = from[a][i];
    to_rows[place] = from_rows[i];
  }
}

}  // namespace fewpoints
