#include "compression/row_order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"

namespace fewpoints {
namespace {

// The points of a bucket, and one bit per row of it, should fit the second-level cache. The places of all buckets
// should, too.
constexpr std::size_t kPointsPerBucket = 4096, kRowsPerBucket = 1 << 20, kMostBuckets = 1024;

}  // namespace

RowOrder::RowOrder(const CellResults::Columns& kept, const PointSet& set, int threads, Monitor& monitor)
    : dimension_(kept.x.size()) {
  const PartTimer timer(Part::RowOrder);
  const std::size_t count = kept.rows.size(), chunks = chunk_count(count);
  const auto in_chunks = [&](const auto& body) {
    parallel_for(chunks, threads, monitor, Stage::Recombine,
                 [&](std::size_t c, int) { body(c, c * kChunk, std::min(count, (c + 1) * kChunk)); });
  };
  List<std::uint32_t> last(chunks + 1, std::uint32_t{0});
  in_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    last[c] = *std::max_element(kept.rows.data() + begin, kept.rows.data() + end);
  });
  const std::size_t largest = *std::max_element(last.begin(), last.end());
  const std::size_t wanted =
      std::clamp<std::size_t>(std::max(count / kPointsPerBucket, largest / kRowsPerBucket), 1, kMostBuckets);
  while ((largest >> shift_) >= wanted) shift_++;
  const std::size_t buckets = (largest >> shift_) + 1;

  List<std::uint32_t> places(chunks * buckets, std::uint32_t{0});
  in_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    std::uint32_t* const counts = places.data() + c * buckets;
    for (std::size_t i = begin; i < end; i++) counts[usize(kept.rows[i]) >> shift_]++;
  });
  starts_.resize(buckets + 1);
  std::uint32_t sum = 0;
  for (std::size_t b = 0; b < buckets; b++) {
    starts_[b] = sum;
    for (std::size_t c = 0; c < chunks; c++) {
      const std::uint32_t here = places[c * buckets + b];
      places[c * buckets + b] = sum;
      sum += here;
    }
  }
  starts_[buckets] = sum;

  rows_.reset(count);
  weights_.reset(count);
  points_.reset(product(count, dimension_));
  bool scaled = false;
  for (int a = 0; a < set.dimension(); a++) scaled = scaled || set.exponent(a) != 0;
  in_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    std::uint32_t* const place = places.data() + c * buckets;
    for (std::size_t i = begin; i < end; i++) {
      const std::uint32_t row = kept.rows[i];
      const std::size_t to = place[usize(row) >> shift_]++;
      rows_[to] = row;
      weights_[to] = set.weight_exponent() == 0 ? kept.w[i] : std::ldexp(kept.w[i], set.weight_exponent());
      double* const point = points_.data() + to * dimension_;
      for (std::size_t a = 0; a < dimension_; a++)
        point[a] = scaled ? set.as_given(kept.x[a][i], row, static_cast<int>(a)) : kept.x[a][i];
    }
  });
}

// Uses one bit per row of a bucket, and the number of bits set before each word.
void RowOrder::write(const RowOrderTarget& to, int threads, Monitor& monitor) const {
  const PartTimer timer(Part::RowOrder);
  if (starts_.empty()) return;
  struct Scratch {
    List<std::uint64_t> bits;
    List<std::uint32_t> before;
  };
  List<Scratch> scratches(std::max(threads, 1));
  parallel_for(starts_.size() - 1, threads, monitor, Stage::Recombine, [&](std::size_t b, int thread) {
    auto& [bits, before] = scratches[thread];
    const std::size_t begin = starts_[b], end = starts_[b + 1], words = (std::size_t{1} << shift_) / 64 + 1;
    if (begin == end) return;
    bits.assign(words, std::uint64_t{0});
    before.resize(words);
    const auto place_in = [&](std::uint32_t row) { return row - (b << shift_); };
    for (std::size_t i = begin; i < end; i++) {
      const std::size_t r = place_in(rows_[i]);
      bits[r / 64] |= std::uint64_t{1} << (r % 64);
    }
    std::uint32_t sum = 0;
    for (std::size_t word = 0; word < words; word++) {
      before[word] = sum;
      sum += static_cast<std::uint32_t>(std::popcount(bits[word]));
    }
    for (std::size_t i = begin; i < end; i++) {
      const std::size_t r = place_in(rows_[i]);
      const std::uint64_t below = bits[r / 64] & ((std::uint64_t{1} << (r % 64)) - 1);
      const std::size_t place = begin + before[r / 64] + static_cast<std::uint32_t>(std::popcount(below));
      to.indices[place] = rows_[i];
      to.weights[place] = weights_[i];
      std::copy_n(points_.data() + i * dimension_, dimension_, to.points + place * dimension_);
    }
  });
}

}  // namespace fewpoints
