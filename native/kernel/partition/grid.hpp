// A regular grid over the bounding box of a node. The points of a node go into their bins in one pass, which does the
// work of up to eight levels of a binary tree. The tree then follows from the numbers of points in the bins.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/list.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

constexpr int kMaxBins = 256;  // the number of a bin is a byte

struct Grid {
  GridAxes axes;  // only those with more than one bin
  int bins = 1;
};

// Makes bins as near to cubes as whole numbers allow: at most `cells` of them, and at most 256. low, high: the box.
// units: see PartitionOptions. One bin means that the box cannot be divided (it has no extent, or one so small that its
// inverse overflows), or that `cells` is below 2.
Grid make_grid(int dimension, const double* low, const double* high, const double* units, double cells);

// The order in which bins are laid out, and the binary tree over them. The longest side is always halved, so that every
// node of the tree is a run of bins.
struct GridOrder {
  explicit GridOrder(const Grid& grid);
  bool fits(const Grid& grid) const;
  List<int> counts;  // bins along every axis
  List<std::uint8_t> bin_at;
  // In pre-order: the number of bins on the left side, 0 for a single bin. The left child is the next node. The right
  // child follows the 2 left - 1 nodes of the left one.
  List<std::uint16_t> left;
};

// Adds to counts how often each bin occurs.
void count_keys(const std::uint8_t* keys, std::size_t count, int bins, std::uint32_t* counts);

// Does to[places[key]++] = from, in order. For rows, from may be nullptr: they are then first, first + 1, ...
void scatter(const std::uint8_t* keys, std::size_t count, const double* from, double* to, std::uint32_t* places);
void scatter(const std::uint8_t* keys, std::size_t count, const std::uint32_t* from, std::uint32_t first,
             std::uint32_t* to, std::uint32_t* places);
// Moves all arrays and the rows at once, for ranges that stay in the cache.
void scatter(const std::uint8_t* keys, std::size_t count, int arrays, const double* const* from, double* const* to,
             const std::uint32_t* from_rows, std::uint32_t* to_rows, std::uint32_t* places);

}  // namespace fewpoints
