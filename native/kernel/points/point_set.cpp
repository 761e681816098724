#include "points/point_set.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <exception>
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

namespace {

// Which rows are copied: all of them, or those at rows, of which starts[c] lie before chunk c.
struct Choice {
  const std::uint32_t* rows = nullptr;
  const std::size_t* starts = nullptr;
};

// A number that is not finite: the first one of the first column that has any.
struct NotFinite {
  int column = std::numeric_limits<int>::max();
  std::size_t row = 0;
  double value = 0;

  void look(const double* const* columns, const List<std::uint64_t>& largest, std::size_t first_row,
            std::size_t count) {
    for (int a = 0; a < static_cast<int>(largest.size()) && a < column; a++) {
      if (all_finite(largest[a])) continue;
      const double* const found =
          std::find_if(columns[a], columns[a] + count, [](double x) { return !std::isfinite(x); });
      *this = {a, first_row + static_cast<std::size_t>(found - columns[a]), *found};
    }
  }
};

[[noreturn]] void refuse(const char* name, const NotFinite& bad) {
  throw Error(Code::NotFinite, std::string(name) + ", row " + std::to_string(bad.row) + ", column " +
                                   std::to_string(bad.column) + " is " + shown(bad.value) +
                                   "; expected a finite number");
}

// Wide rows are copied fewer at a time, so that there are enough chunks for all threads.
std::size_t rows_per_chunk(int dimension) {
  constexpr std::size_t kNumbers = std::size_t{1} << 18, kFewest = 64;
  return std::clamp(kNumbers / usize(std::max(dimension, 1)), kFewest, kChunk);
}

// Copies the chosen rows, `kept` of them, and checks all. Returns the bits of the largest magnitudes of the chosen
// rows.
List<std::uint64_t> copy_rows(const PointsView& points, const Choice& choice, std::size_t kept, const char* name,
                              List<Array<double>>& columns, int threads) {
  const int m = points.dimension;
  const std::size_t n = points.count, rows = rows_per_chunk(m), chunks = (n + rows - 1) / rows;
  const CopyFrom all{points.numbers.data, points.numbers.is_float32, points.row_stride, points.numbers.stride};
  columns.resize(m);
  for (auto& column : columns) column.reset(kept);
  struct Chunk {
    List<std::uint64_t> largest;
    NotFinite bad;
  };
  List<Chunk> seen(chunks);
  // The copy is checked, not the caller's array, which may change at any time.
  in_chunks(n, rows, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    Chunk& chunk = seen[c];
    chunk.largest.assign(m, std::uint64_t{0});
    List<double*> to(m);
    const std::size_t first = choice.rows == nullptr ? begin : choice.starts[c];
    if (choice.rows == nullptr || choice.starts[c + 1] - first == end - begin) {
      for (int a = 0; a < m; a++) to[a] = columns[a].data() + first;
      simd().copy_columns(from_row(all, begin), end - begin, m, to.data(), chunk.largest.data());
      chunk.bad.look(to.data(), chunk.largest, begin, end - begin);
      return;
    }
    // A few rows at a time are copied and checked. Those that were chosen stay.
    constexpr std::size_t kBlock = 256;
    Array<double> block(product(kBlock, m));
    for (int a = 0; a < m; a++) to[a] = block.data() + usize(a) * kBlock;
    List<std::uint64_t> largest(m);
    const std::uint32_t* row = choice.rows + first;
    const std::uint32_t* const end_of_chunk = choice.rows + choice.starts[c + 1];
    for (std::size_t from = begin, at = first; from < end; from += kBlock) {
      const std::size_t count = std::min(kBlock, end - from);
      simd().copy_columns(from_row(all, from), count, m, to.data(), largest.data());
      chunk.bad.look(to.data(), largest, from, count);
      const auto chosen = static_cast<std::size_t>(std::lower_bound(row, end_of_chunk, from + count) - row);
      for (int a = 0; a < m; a++) {
        double* const column = columns[a].data() + at;
        for (std::size_t i = 0; i < chosen; i++) column[i] = to[a][row[i] - from];
        chunk.largest[a] = std::max(chunk.largest[a], simd().largest_bits(column, chosen));
      }
      row += chosen;
      at += chosen;
    }
  });
  List<std::uint64_t> largest(m, std::uint64_t{0});
  NotFinite bad;
  for (const Chunk& chunk : seen) {
    for (int a = 0; a < m; a++) largest[a] = std::max(largest[a], chunk.largest[a]);
    if (chunk.bad.column < bad.column) bad = chunk.bad;
  }
  if (bad.column < m) refuse(name, bad);
  return largest;
}

}  // namespace

void check_finite(const double* x, std::size_t count, const char* name, int column, std::size_t first_row) {
  if (all_finite(simd().largest_bits(x, count))) return;
  for (std::size_t i = 0; i < count; i++)
    if (!std::isfinite(x[i])) refuse(name, {column, first_row + i, x[i]});
}

List<std::uint64_t> copy_finite(const PointsView& points, const char* name, List<Array<double>>& columns, int threads) {
  return copy_rows(points, {}, points.count, name, columns, threads);
}

void copy_unchecked(const PointsView& points, std::size_t first, std::size_t count, double* const* to,
                    List<std::uint64_t>& largest) {
  const CopyFrom all{points.numbers.data, points.numbers.is_float32, points.row_stride, points.numbers.stride};
  List<std::uint64_t> here(largest.size());
  simd().copy_columns(from_row(all, first), count, points.dimension, to, here.data());
  for (std::size_t a = 0; a < largest.size(); a++) largest[a] = std::max(largest[a], here[a]);
}

// Rows are numbered in 32 bits, so narrow() refuses larger sets.
PointSet::PointSet(const PointsView& points, const NumbersView& weights, const char* name, int threads)
    : size_(narrow<std::uint32_t>(points.count)) {
  exponents_.assign(points.dimension, 0);
  // Weights come first, because rows without weight get no place. The error of points comes before that of weights.
  List<std::size_t> starts;
  std::exception_ptr refused;
  if (weights.data != nullptr) try {
      starts = take_weights(weights, rows_per_chunk(points.dimension), threads);
    } catch (const Error&) {
      refused = std::current_exception();
    }
  const List<std::uint64_t> largest = copy_rows(points, {rows_.data(), starts.data()}, size_, name, columns_, threads);
  if (refused) std::rethrow_exception(refused);
  use_units(largest, threads);
}

PointSet::PointSet(List<Array<double>>&& columns, std::size_t count, const NumbersView& weights,
                   List<std::uint64_t> largest, int threads)
    : size_(narrow<std::uint32_t>(count)), columns_(std::move(columns)) {
  exponents_.assign(columns_.size(), 0);
  if (weights.data != nullptr) take_weights(weights, kChunk, threads);
  for (std::size_t a = 0; a < columns_.size(); a++) {
    Array<double>& x = columns_[a];
    x.shrink(count);
    if (rows_.empty()) continue;
    for (std::size_t i = 0; i < size_; i++) x[i] = x[rows_[i]];
    x.shrink(size_);
    largest[a] = simd().largest_bits(x.data(), size_);
  }
  use_units(largest, threads);
}

// largest: the bits of the largest magnitude of each column.
void PointSet::use_units(const List<std::uint64_t>& largest, int threads) {
  for (int a = 0; a < dimension(); a++) {
    exponents_[a] = exponent_for(std::bit_cast<double>(largest[a]));
    if (exponents_[a] != 0) rescale(a, threads);
  }
}

// Returns how many rows are left before each chunk of this many rows, and nothing when all are left.
List<std::size_t> PointSet::take_weights(const NumbersView& weights, std::size_t chunk, int threads) {
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
  List<std::size_t> starts;
  if (seen.zeros) starts = leave_out_zero_weights(chunk, threads);
  if (seen.ones) weights_ = Array<double>();
  return starts;
}

List<std::size_t> PointSet::leave_out_zero_weights(std::size_t chunk, int threads) {
  const std::size_t chunks = (size_ + chunk - 1) / chunk;
  List<std::size_t> starts(chunks + 1, std::size_t{0});
  in_chunks(size_, chunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    std::size_t kept = 0;
    for (std::size_t i = begin; i < end; i++) kept += weights_[i] > 0;
    starts[c + 1] = kept;
  });
  for (std::size_t c = 0; c < chunks; c++) starts[c + 1] += starts[c];
  if (starts[chunks] == size_) return {};
  size_ = starts[chunks];
  rows_.reset(size_);
  Array<double> kept(size_);
  in_chunks(weights_.size(), chunk, threads, [&](std::size_t c, std::size_t begin, std::size_t end) {
    // Which weights are 0 cannot be predicted. So every row is written, and stays when the next one is written after
    // it.
    constexpr std::size_t kBlock = 256;
    std::uint32_t block[kBlock + 1];
    for (std::size_t from = begin, at = starts[c]; from < end; from += kBlock) {
      std::size_t found = 0;
      for (std::size_t i = from; i < std::min(end, from + kBlock); i++) {
        block[found] = static_cast<std::uint32_t>(i);
        found += weights_[i] > 0;
      }
      for (std::size_t i = 0; i < found; i++) {
        rows_[at + i] = block[i];
        kept[at + i] = weights_[block[i]];
      }
      at += found;
    }
  });
  weights_.swap(kept);
  return starts;
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

void PointSet::sort_by_rows() {
  if (rows_.empty()) return;
  constexpr std::uint32_t kNone = UINT32_MAX;
  const std::uint32_t last = *std::max_element(rows_.data(), rows_.data() + size_);
  Array<std::uint32_t> place_of(usize(last) + 1);
  std::fill_n(place_of.data(), place_of.size(), kNone);
  for (std::size_t i = 0; i < size_; i++) place_of[rows_[i]] = static_cast<std::uint32_t>(i);
  Array<std::uint32_t> from(size_), rows(size_);
  std::size_t to = 0;
  for (std::uint32_t row = 0; to < size_; row++) {
    if (place_of[row] == kNone) continue;
    from[to] = place_of[row];
    rows[to++] = row;
  }
  rows_.swap(rows);
  Array<double> sorted(size_);
  const auto sort = [&](Array<double>& values) {
    for (std::size_t i = 0; i < size_; i++) sorted[i] = values[from[i]];
    values.swap(sorted);
  };
  for (auto& column : columns_) sort(column);
  if (!weights_.empty()) sort(weights_);
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

int bring_into_range(Array<double>& weights) {
  constexpr int kFar = 200;
  double* const w = weights.data();
  const int exponent = std::ilogb(*std::max_element(w, w + weights.size()));
  if (std::abs(exponent) <= kFar) return 0;
  for (std::size_t i = 0; i < weights.size(); i++) w[i] = std::ldexp(w[i], -exponent);
  return exponent;
}

}  // namespace fewpoints
