// Equal points of a set become one.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "points/point_set.hpp"

namespace fewpoints {
namespace {

// The number of rows that are looked at first.
constexpr std::size_t kSample = 4096;
// Merging takes about as long as it saves when points come once and a half on average.
constexpr double kMinMultiplicity = 1.5;

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
  const std::size_t count = std::min(size_, kSample);
  List<const double*> columns;
  for (const auto& column : columns_) columns.push_back(column.data());
  List<std::uint64_t> hashes;
  for (std::size_t i = 0; i < count; i++) hashes.push_back(hash_of(columns, i * size_ / count));
  std::sort(hashes.begin(), hashes.end());
  double pairs = 0;
  for (std::size_t i = 0, first = 0; i < count; i++) {
    if (hashes[i] != hashes[first]) first = i;
    pairs += static_cast<double>(i - first);
  }
  // The mean over the points of how many are equal to one, itself included.
  const double n = static_cast<double>(size_), s = static_cast<double>(count);
  return pairs * 2 / (s * (s - 1)) * (n - 1) + 1 >= kMinMultiplicity;
}

void PointSet::merge_equal() {
  List<const double*> columns;
  for (const auto& column : columns_) columns.push_back(column.data());
  // Open addressing: a slot holds the number of a distinct point plus 1.
  const std::size_t slots = std::bit_ceil(2 * size_ + 2);
  List<std::uint32_t> table(slots, 0u), first;  // first: the first row of each distinct point
  List<DoubleDouble> weight;
  for (std::size_t i = 0; i < size_; i++) {
    std::size_t slot = static_cast<std::size_t>(hash_of(columns, i)) & (slots - 1);
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
