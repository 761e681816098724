// Partition: cells of equally many points, what the cells of equal expected error are measured against.
#include <algorithm>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "partition/partition.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// Level by level; a node is divided across the longest side of its box, where the numbers of cells of both halves are
// in proportion to their points.
void Partition::balance() {
  struct Part {
    std::size_t begin, end, cells;
  };
  List<Part> parts{{0, set_.size(), std::max<std::size_t>(1, options_.size / options_.features)}};
  for (bool again = true; again;) {
    List<Part> halves(2 * parts.size());
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
    double low, high;
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
