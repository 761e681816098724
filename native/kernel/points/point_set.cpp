#include "points/point_set.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/list.hpp"
#include "base/status.hpp"
#include "parallel/parallel_for.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// Beyond these bounds a square or a product of a few values could overflow or vanish. A column with such values is
// rescaled by a power of two.
constexpr double kLargest = 0x1p300, kSmallest = 0x1p-300;

std::string shown(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "Infinity" : "-Infinity";
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}

int exponent_for(double largest) {
  if (largest == 0 || (largest <= kLargest && largest >= kSmallest)) return 0;
  return std::ilogb(largest);
}

// The matrix from this row on.
CopyFrom from_row(const CopyFrom& all, std::size_t row) {
  const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(row) * all.row_stride *
                               static_cast<std::ptrdiff_t>(all.is_float32 ? sizeof(float) : sizeof(double));
  return {static_cast<const char*>(all.data) + bytes, all.is_float32, all.row_stride, all.column_stride};
}

bool all_finite(std::uint64_t largest_bits) { return std::isfinite(std::bit_cast<double>(largest_bits)); }

// Calls body(chunk, begin, end) for chunks of `rows` rows, on all threads.
template <class Body>
void in_chunks(std::size_t count, std::size_t rows, int threads, const Body& body) {
  Monitor monitor;  // nobody stops a copy
  parallel_for((count + rows - 1) / rows, threads, monitor, Stage::Copy,
               [&](std::size_t c, int) { body(c, c * rows, std::min(count, (c + 1) * rows)); });
}

std::uint64_t largest_of(const Array<double>& x, std::size_t count, int threads) {
  List<std::uint64_t> largest(chunk_count(count));
  in_chunks(count, kChunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    largest[c] = simd().largest_bits(x.data() + begin, end - begin);
  });
  return *std::max_element(largest.begin(), largest.end());
}

[[noreturn]] void refuse_weight(std::size_t row, double w) {
  throw Error(Code::Weight, "weights[" + std::to_string(row) + "] is " + shown(w) + "; expected a finite number >= 0");
}

}  // namespace

WeightsSeen copy_weights(const NumbersView& view, std::size_t count, Array<double>& to, int threads) {
  to.reset(count);
  double* const all = to.data();
  struct Chunk {
    std::uint64_t largest = 0;
    bool bad = false, positive = false, zeros = false, ones = true;
  };
  List<Chunk> chunks(chunk_count(count));
  in_chunks(count, kChunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    Chunk chunk;
    double* const column = all + begin;
    const std::size_t rows = end - begin;
    simd().copy_columns(from_row({view.data, view.is_float32, view.stride, 0}, begin), rows, 1, &column,
                        &chunk.largest);
    for (std::size_t i = 0; i < rows; i++) {
      const double w = column[i];
      const bool positive = w > 0;
      chunk.bad |= !(w >= 0);
      chunk.positive |= positive;
      chunk.zeros |= !positive;
      chunk.ones &= !positive || w == 1;
    }
    chunk.bad |= !all_finite(chunk.largest);
    chunks[c] = chunk;
  });
  WeightsSeen seen;
  bool any = false;
  for (std::size_t c = 0; c < chunks.size(); c++) {
    const Chunk& chunk = chunks[c];
    if (chunk.bad)
      for (std::size_t i = c * kChunk;; i++)
        if (!(all[i] >= 0) || std::isinf(all[i])) refuse_weight(i, all[i]);
    any = any || chunk.positive;
    seen.zeros = seen.zeros || chunk.zeros;
    seen.ones = seen.ones && chunk.ones;
    seen.largest = std::max(seen.largest, std::bit_cast<double>(chunk.largest));
  }
  if (!any && count > 0) throw Error(Code::Weight, "all weights are 0; expected at least one positive weight");
  return seen;
}

void check_finite(const double* x, std::size_t count, const char* name, int column, std::size_t first_row) {
  if (all_finite(simd().largest_bits(x, count))) return;
  for (std::size_t i = 0; i < count; i++)
    if (!std::isfinite(x[i]))
      throw Error(Code::NotFinite, std::string(name) + ", row " + std::to_string(first_row + i) + ", column " +
                                       std::to_string(column) + " is " + shown(x[i]) + "; expected a finite number");
}

List<std::uint64_t> copy_finite(const PointsView& points, const char* name, List<Array<double>>& columns, int threads) {
  const int m = points.dimension;
  columns.resize(m);
  for (auto& column : columns) column.reset(points.count);
  // Wide rows are copied fewer at a time, so that there are enough chunks for all threads.
  constexpr std::size_t kNumbers = std::size_t{1} << 18, kFewest = 64;
  const std::size_t rows = std::clamp(kNumbers / usize(std::max(m, 1)), kFewest, kChunk);
  List<std::uint64_t> parts((points.count + rows - 1) / rows * usize(m));
  // The copy is checked, not the caller's array, which may change at any time.
  in_chunks(points.count, rows, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    List<double*> to(m);
    for (int a = 0; a < m; a++) to[a] = columns[a].data() + begin;
    simd().copy_columns(
        from_row({points.numbers.data, points.numbers.is_float32, points.row_stride, points.numbers.stride}, begin),
        end - begin, m, to.data(), parts.data() + c * usize(m));
  });
  List<std::uint64_t> largest(m, std::uint64_t{0});
  for (std::size_t p = 0; p < parts.size(); p++) largest[p % usize(m)] = std::max(largest[p % usize(m)], parts[p]);
  for (int a = 0; a < m; a++)
    if (!all_finite(largest[a])) check_finite(columns[a].data(), points.count, name, a);
  return largest;
}

// Rows are numbered in 32 bits, so narrow() refuses larger sets.
PointSet::PointSet(const PointsView& points, const NumbersView& weights, const char* name, int threads)
    : size_(narrow<std::uint32_t>(points.count)) {
  exponents_.assign(points.dimension, 0);
  List<std::uint64_t> largest = copy_finite(points, name, columns_, threads);
  if (weights.data != nullptr) take_weights(weights, threads);
  for (int a = 0; a < points.dimension; a++) {
    if (size_ < points.count) largest[a] = largest_of(columns_[a], size_, threads);  // rows were left out
    exponents_[a] = exponent_for(std::bit_cast<double>(largest[a]));
    if (exponents_[a] != 0) rescale(a, threads);
  }
}

void PointSet::take_weights(const NumbersView& weights, int threads) {
  WeightsSeen seen = copy_weights(weights, size_, weights_, threads);
  weight_exponent_ = exponent_for(seen.largest);
  if (weight_exponent_ != 0) {
    std::atomic<bool> ones{true};
    in_chunks(size_, kChunk, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i++) {
        weights_[i] = std::ldexp(weights_[i], -weight_exponent_);
        if (weights_[i] > 0 && weights_[i] != 1) ones.store(false, std::memory_order_relaxed);
      }
    });
    seen.ones = ones.load();
    seen.zeros = true;  // weights below 2^-1074 of the largest have vanished
  }
  if (seen.zeros) leave_out_zero_weights(threads);
  if (seen.ones) weights_ = Array<double>();
}

// Holds a column in units of 2^exponent.
void PointSet::rescale(int column, int threads) {
  const int e = exponents_[column];
  double* const x = columns_[column].data();
  List<List<std::pair<std::uint32_t, double>>> inexact(chunk_count(size_));
  in_chunks(size_, kChunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; i++) {
      const double held = std::ldexp(x[i], -e);
      if (std::ldexp(held, e) != x[i])
        inexact[c].push_back({rows_.empty() ? static_cast<std::uint32_t>(i) : rows_[i], x[i]});
      x[i] = held;
    }
  });
  for (const auto& chunk : inexact)
    for (const auto& [row, value] : chunk) inexact_originals_[{row, column}] = value;
}

double PointSet::as_given(double held, std::uint32_t row, int column) const {
  const int e = exponents_[column];
  if (e == 0) return held;
  if (!inexact_originals_.empty()) {
    const auto found = inexact_originals_.find({row, column});
    if (found != inexact_originals_.end()) return found->second;
  }
  return std::ldexp(held, e);
}

void PointSet::leave_out_zero_weights(int threads) {
  const std::size_t chunks = chunk_count(size_);
  List<std::size_t> starts(chunks + 1, std::size_t{0});
  in_chunks(size_, kChunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    std::size_t kept = 0;
    for (std::size_t i = begin; i < end; i++) kept += weights_[i] > 0;
    starts[c + 1] = kept;
  });
  for (std::size_t c = 0; c < chunks; c++) starts[c + 1] += starts[c];
  if (starts[chunks] == size_) return;
  rows_.reset(starts[chunks]);
  in_chunks(size_, kChunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    std::size_t to = starts[c];
    for (std::size_t i = begin; i < end; i++)
      if (weights_[i] > 0) rows_[to++] = static_cast<std::uint32_t>(i);
  });
  const auto keep = [&](Array<double>& all) {
    Array<double> kept(rows_.size());
    in_chunks(rows_.size(), kChunk, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i++) kept[i] = all[rows_[i]];
    });
    all.swap(kept);
  };
  for (auto& column : columns_) keep(column);
  keep(weights_);
  size_ = rows_.size();
}

int bring_into_range(Array<double>& weights) {
  constexpr int kFar = 200;
  double* const w = weights.data();
  const int exponent = std::ilogb(*std::max_element(w, w + weights.size()));
  if (std::abs(exponent) <= kFar) return 0;
  for (std::size_t i = 0; i < weights.size(); i++) w[i] = std::ldexp(w[i], -exponent);
  return exponent;
}

}  // namespace fewpoints
