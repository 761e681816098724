// Equal points of a set become one.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "points/point_set.hpp"

namespace fewpoints {
namespace {

// How many rows are looked at first: one in kStep, at most kSample. Of more, many would repeat whichever they are.
constexpr std::size_t kSample = 4096, kStep = 16;
// Merging a point takes about as long as all the rest takes for it, so it has to leave few.
constexpr double kMinMultiplicity = 4;
// Slots of the table are fetched so many rows ahead.
constexpr std::size_t kAhead = 16;

// Equal numbers have equal bits, once -0 has become 0.
std::uint64_t hash_of(const List<const double*>& columns, std::size_t row) {
  std::uint64_t h = 0x9e3779b97f4a7c15;
  for (const double* const x : columns) {
    h = (h ^ std::bit_cast<std::uint64_t>(x[row] + 0.0)) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  }
  return h;
}

bool are_equal(const List<const double*>& columns, std::size_t a, std::size_t b) {
  return std::all_of(columns.begin(), columns.end(), [=](const double* x) { return x[a] == x[b]; });
}

}  // namespace

bool PointSet::has_many_equal() const {
  const std::size_t count = std::min(size_ / kStep + 2, kSample);
  List<const double*> columns;
  for (const auto& column : columns_) columns.push_back(column.data());
  List<std::uint64_t> hashes;
  // At pseudo-random places (splitmix64), because equal rows may lie at regular distances.
  for (std::size_t i = 0; i < count; i++) {
    std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    hashes.push_back(hash_of(columns, static_cast<std::size_t>(z % size_)));
  }
  std::sort(hashes.begin(), hashes.end());
  // A pair in the sample stands for many. A point that comes often counts as often as it is seen, not squared: merging
  // it alone leaves most points.
  double repeats = 0;  // the sample may take a row twice; that adds 1 to the mean below, for the row itself
  for (std::size_t i = 1; i < count; i++) repeats += hashes[i] == hashes[i - 1] ? 1 : 0;
  const double n = static_cast<double>(size_), s = static_cast<double>(count);
  return repeats * 2 / (s * (s - 1)) * n >= kMinMultiplicity;
}

void PointSet::merge_equal() {
  List<const double*> columns;
  for (const auto& column : columns_) columns.push_back(column.data());
  // Open addressing: a slot holds the number of a distinct point plus 1.
  const std::size_t slots = std::bit_ceil(2 * size_ + 2);
  List<std::uint32_t> table(slots, 0u), first;  // first: the first row of each distinct point
  List<DoubleDouble> weight;
  std::uint64_t hashes[kAhead];  // of the next rows
  const auto fetch = [&](std::size_t row) {
    const std::uint64_t h = hashes[row % kAhead] = hash_of(columns, row);
    __builtin_prefetch(&table[static_cast<std::size_t>(h) & (slots - 1)]);
  };
  for (std::size_t i = 0; i < std::min(kAhead, size_); i++) fetch(i);
  for (std::size_t i = 0; i < size_; i++) {
    std::size_t slot = static_cast<std::size_t>(hashes[i % kAhead]) & (slots - 1);
    if (i + kAhead < size_) fetch(i + kAhead);
    while (table[slot] != 0 && !are_equal(columns, first[table[slot] - 1], i)) slot = (slot + 1) & (slots - 1);
    const DoubleDouble w(weights_.empty() ? 1.0 : weights_[i]);
    if (table[slot] == 0) {
      first.push_back(static_cast<std::uint32_t>(i));
      weight.push_back(w);
      table[slot] = static_cast<std::uint32_t>(first.size());
    } else {
      DoubleDouble& sum = weight[table[slot] - 1];
      sum = sum + w;
    }
  }
  const std::size_t count = first.size();
  if (count == size_) return;
  Array<std::uint32_t> rows(count);
  Array<double> weights(count);
  for (std::size_t j = 0; j < count; j++) {
    const std::size_t i = first[j];
    for (auto& column : columns_) column[j] = column[i];  // j <= i: nothing that is still needed is lost
    weights[j] = static_cast<double>(weight[j]);
    rows[j] = rows_.empty() ? first[j] : rows_[i];
  }
  for (auto& column : columns_) column.shrink(count);
  rows_.swap(rows);
  weights_.swap(weights);
  size_ = count;
}

}  // namespace fewpoints
