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
  in_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    std::uint32_t* const next = places.data() + c * buckets;
    constexpr std::size_t kBlock = 256;
    std::size_t to[kBlock];
    for (std::size_t from = begin; from < end; from += kBlock) {
      const std::size_t points = std::min(kBlock, end - from);
      const std::uint32_t* const row = kept.rows.data() + from;
      const double* const w = kept.w.data() + from;
      for (std::size_t i = 0; i < points; i++) {
        to[i] = next[usize(row[i]) >> shift_]++;
        rows_[to[i]] = row[i];
        weights_[to[i]] = set.weight_exponent() == 0 ? w[i] : std::ldexp(w[i], set.weight_exponent());
      }
      for (std::size_t a = 0; a < dimension_; a++) {
        const double* const x = kept.x[a].data() + from;
        double* const out = points_.data() + a;
        if (set.exponent(static_cast<int>(a)) == 0)
          for (std::size_t i = 0; i < points; i++) out[to[i] * dimension_] = x[i];
        else
          for (std::size_t i = 0; i < points; i++)
            out[to[i] * dimension_] = set.as_given(x[i], row[i], static_cast<int>(a));
      }
    }
  });
}

namespace {

template <std::size_t DIMENSION>
void copy_points(const double* from, std::size_t count, const std::uint32_t* places, double* to) {
  for (std::size_t i = 0; i < count; i++)
    for (std::size_t a = 0; a < DIMENSION; a++) to[places[i] * DIMENSION + a] = from[i * DIMENSION + a];
}

// Point i goes to places[i].
void copy_points(const double* from, std::size_t count, std::size_t dimension, const std::uint32_t* places,
                 double* to) {
  switch (dimension) {
    case 1: return copy_points<1>(from, count, places, to);
    case 2: return copy_points<2>(from, count, places, to);
    case 3: return copy_points<3>(from, count, places, to);
    case 4: return copy_points<4>(from, count, places, to);
    default: break;
  }
  for (std::size_t i = 0; i < count; i++) std::copy_n(from + i * dimension, dimension, to + places[i] * dimension);
}

}  // namespace

// Uses one bit per row of a bucket, and the number of bits set before each word.
void RowOrder::write(const RowOrderTarget& to, int threads, Monitor& monitor) const {
  const PartTimer timer(Part::RowOrder);
  if (starts_.empty()) return;
  struct Scratch {
    List<std::uint64_t> bits;
    List<std::uint32_t> before, places;
  };
  List<Scratch> scratches(std::max(threads, 1));
  const std::size_t words = (std::size_t{1} << shift_) / 64 + 1;
  parallel_for(starts_.size() - 1, threads, monitor, Stage::Recombine, [&](std::size_t b, int thread) {
    auto& [bits, before, places] = scratches[thread];
    const std::size_t begin = starts_[b], count = starts_[b + 1] - begin, first_row = b << shift_;
    if (count == 0) return;
    bits.assign(words, std::uint64_t{0});
    before.resize(words);
    places.resize(count);
    const std::uint32_t* const rows = rows_.data() + begin;
    for (std::size_t i = 0; i < count; i++) {
      const std::size_t r = rows[i] - first_row;
      bits[r / 64] |= std::uint64_t{1} << (r % 64);
    }
    std::uint32_t sum = 0;
    for (std::size_t word = 0; word < words; word++) {
      before[word] = sum;
      sum += static_cast<std::uint32_t>(std::popcount(bits[word]));
    }
    std::uint32_t* const indices = to.indices ? to.indices + begin : nullptr;
    double* const weights = to.weights + begin;
    for (std::size_t i = 0; i < count; i++) {
      const std::size_t r = rows[i] - first_row;
      const std::uint64_t below = bits[r / 64] & ((std::uint64_t{1} << (r % 64)) - 1);
      const std::uint32_t place = before[r / 64] + static_cast<std::uint32_t>(std::popcount(below));
      places[i] = place;
      if (indices) indices[place] = rows[i];
      weights[place] = weights_[begin + i];
    }
    copy_points(points_.data() + begin * dimension_, count, dimension_, places.data(), to.points + begin * dimension_);
  });
}

}  // namespace fewpoints
