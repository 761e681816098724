#include "streaming/stream_compressor.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "compression/choose_order.hpp"
#include "compression/residual.hpp"
#include "compression/working_memory.hpp"
#include "free_support/free_solver.hpp"
#include "parallel/region.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// How many times the size is kept between. The last step keeps the fewest rows, so its error is the largest by far, and
// few rows to choose from would make it larger. With order 'auto' the steps between keep fewer moments than the last
// one, and make up for it by more rows.
constexpr std::size_t kBetween = 4, kBetweenAutomatic = 8;
// A block has so many rows, or so many times those that are kept of it, and in many columns no more numbers than this.
constexpr std::size_t kBlockRows = 262144, kLeastShrinking = 12, kBlockNumbers = std::size_t{1} << 23;
constexpr std::size_t kLeaves = 8;
// The most moments of a cell between, with order 'auto'. Those of the last step would take a hundred times as long.
constexpr std::int64_t kMaxStepFeatures = 84;

// The order of the steps between, with order 'auto'.
int step_order(int dimension, std::size_t size) {
  const int last = automatic_order(dimension, size);
  if (dimension == 1) return last;
  int order = dimension == 2 ? 8 : 0;
  while (dimension > 2 && moment_count(dimension, order + 1) <= kMaxStepFeatures) order++;
  return std::min(order, last);
}

auto numbers_from(std::int64_t first) {
  return [first](std::uint32_t i) { return first + i; };
}
auto numbers_in(const List<std::int64_t>& rows) {
  return [&rows](std::uint32_t i) { return rows[i]; };
}

bool is_contiguous(const PointsView& points) {
  return !points.numbers.is_float32 && points.numbers.stride == 1 && points.row_stride == points.dimension;
}

}  // namespace

StreamCompressor::StreamCompressor(const CompressOptions& options, int dimension, std::size_t block_rows)
    : options_(options),
      dimension_(dimension),
      requested_(options.automatic ? PolynomialSpace::total(dimension, step_order(dimension, options.size))
                                   : options.space),
      step_(options.automatic || !options.best ? requested_ : enlarged_space(requested_, options.size)),
      between_(product(options.size, options.automatic ? kBetweenAutomatic : kBetween)),
      block_rows_(block_rows > 0 ? block_rows
                                 : std::max(product(between_, kLeastShrinking),
                                            std::min(kBlockRows, kBlockNumbers / usize(dimension)))),
      moments_(requested_) {}

namespace {

// Numbers of 8 bytes: two blocks with their row numbers, and the pool with the leaf that comes to it.
double bytes_held(int dimension, std::size_t block, std::size_t kept) {
  constexpr double kNumber = sizeof(double);
  return kNumber * (dimension + 2.0) * (2.0 * static_cast<double>(block) + (kLeaves + 2.0) * static_cast<double>(kept));
}

}  // namespace

double StreamCompressor::held_bytes() const { return bytes_held(dimension_, block_rows_, between_); }

double StreamCompressor::held_bytes_so_far() const {
  return bytes_held(dimension_, filling_.first > 0 ? block_rows_ : filling_.capacity,
                    std::min(between_, static_cast<std::size_t>(filling_.first)));
}

// A step copies its points, moves them about, and keeps some.
double StreamCompressor::bytes() const {
  constexpr double kNumber = sizeof(double), kCopies = 3;
  const auto rows = static_cast<double>(std::max(block_rows_, (kLeaves + 1) * between_));
  return held_bytes() + kCopies * kNumber * (dimension_ + 2.0) * rows +
         working_bytes_of_compress(block_rows_, step_options());
}

CompressOptions StreamCompressor::step_options() const {
  CompressOptions options = options_;
  options.space = step_;
  options.automatic = options.best = false;
  options.support = CompressOptions::Support::Rows;  // what is held is rows, until the last step
  options.size = between_;
  return options;
}

// ---- blocks

void StreamCompressor::check(const PointsView& points, const NumbersView& weights) {
  const auto m = static_cast<std::ptrdiff_t>(points.dimension);
  if (is_contiguous(points)) {
    const auto* const data = static_cast<const double*>(points.numbers.data);
    if (!std::isfinite(std::bit_cast<double>(simd().largest_bits(data, product(points.count, points.dimension)))))
      for (std::size_t i = 0;; i++) check_finite(data + i, 1, "points", static_cast<int>(i % usize(m)), i / usize(m));
  } else {
    for (std::size_t i = 0; i < points.count; i++)
      for (std::ptrdiff_t a = 0; a < m; a++) {
        const double x = points.numbers[static_cast<std::ptrdiff_t>(i) * points.row_stride + a * points.numbers.stride];
        if (!std::isfinite(x)) check_finite(&x, 1, "points", static_cast<int>(a), i);
      }
  }
  if (weights.data == nullptr) return;
  for (std::size_t i = 0; i < points.count; i++) {
    const double w = weights[static_cast<std::ptrdiff_t>(i) * weights.stride];
    if (w >= 0 && std::isfinite(w)) continue;
    Array<double> copy;
    copy_weights(weights, points.count, copy);  // throws
  }
}

// The first block doubles as often as needed, so that a short stream takes little.
void StreamCompressor::make_room(std::size_t rows) {
  constexpr std::size_t kFirst = 4096;
  if (rows <= filling_.capacity) return;
  const std::size_t wanted = filling_.first > 0 ? block_rows_ : std::max({rows, kFirst, 2 * filling_.capacity});
  const std::size_t capacity = std::min(block_rows_, wanted);
  filling_.columns.resize(dimension_);
  for (Array<double>& column : filling_.columns) {
    Array<double> larger(capacity);
    std::copy_n(column.data(), filling_.count, larger.data());
    column.swap(larger);
  }
  filling_.capacity = capacity;
}

std::size_t StreamCompressor::take(const PointsView& points, const NumbersView& weights, std::size_t first) {
  StreamBlock& block = filling_;
  const std::size_t count = std::min(points.count - first, block_rows_ - block.count);
  make_room(block.count + count);
  List<double*> to(dimension_);
  for (int a = 0; a < dimension_; a++) to[a] = block.columns[a].data() + block.count;
  List<std::uint64_t> largest = block.largest;
  largest.resize(dimension_, std::uint64_t{0});
  copy_unchecked(points, first, count, to.data(), largest);
  bool good =
      std::ranges::all_of(largest, [](std::uint64_t bits) { return std::isfinite(std::bit_cast<double>(bits)); });
  if (weights.data != nullptr || !block.weights.empty()) {
    block.weights.resize(block.count, 1.0);
    for (std::size_t i = first; i < first + count; i++) {
      const double w = weights.data == nullptr ? 1 : weights[static_cast<std::ptrdiff_t>(i) * weights.stride];
      good = good && w >= 0 && std::isfinite(w);
      block.weights.push_back(w);
    }
  }
  if (!good) {
    if (block.weights.size() > 0) block.weights.resize(block.count);
    check(points, weights);
  }
  block.largest = largest;
  block.count += count;
  return count;
}

void StreamCompressor::hand_over() {
  const std::int64_t next = rows();
  waiting_ = std::exchange(filling_, StreamBlock());
  filling_.first = next;
}

// ---- steps

void StreamCompressor::reduce(Monitor& monitor) {
  StreamRows kept = leaf(std::exchange(waiting_, StreamBlock()), monitor);
  if (kept.size() > 0) pool_.push_back(std::move(kept));
  if (pool_.size() > kLeaves) merge_pool(monitor);
}

// In a step all cells keep the moments of step_, by their own residual. That of the whole is measured for the moments
// asked for, which takes less time.
StreamRows StreamCompressor::leaf(StreamBlock&& block, Monitor& monitor) {
  const bool has_weight =
      block.weights.empty() || std::ranges::any_of(block.weights, [](double weight) { return weight > 0; });
  if (block.count == 0 || !has_weight) return {};
  StreamRows all;  // when they are no more than what is kept between
  if (block.count <= between_) {
    all = {numbers_of(block), row_major(block), block.weights};
    leave_out_zero_weights(all, dimension_);
  }
  const std::int64_t first = block.first;
  PointSet set = set_of(std::move(block), options_.threads);
  const Residual original = residual_of(set, monitor);
  moments_.add(original.moments());
  if (all.size() > 0) return all;
  UnwrittenCompressed kept = reduced(std::move(set), original, monitor);
  return written(kept, numbers_from(first), monitor);
}

Residual StreamCompressor::residual_of(const PointSet& set, Monitor& monitor, const FramedMoments* whole) const {
  return Residual(set, requested_, usable_threads(options_.threads), monitor, whole);
}

UnwrittenCompressed StreamCompressor::reduced(PointSet&& set, const Residual& original, Monitor& monitor) const {
  return compress_unwritten(std::move(set), step_options(), {step_, step_}, original, monitor);
}

// What is in the pool becomes one set of at most `between_` rows.
void StreamCompressor::merge_pool(Monitor& monitor) {
  StreamRows all = together(pool_);
  if (all.size() > between_) {
    PointSet set = set_of(all, dimension_, options_.threads);
    const Residual original = residual_of(set, monitor);
    UnwrittenCompressed kept = reduced(std::move(set), original, monitor);
    all = written(kept, numbers_in(all.rows), monitor);
  }
  pool_.clear();
  pool_.push_back(std::move(all));
}

StreamCompressed StreamCompressor::finish(bool summary, Monitor& monitor) {
  const auto result_of = [&](UnwrittenCompressed&& from, const auto& number) {
    StreamCompressed result;
    const bool free = options_.support == CompressOptions::Support::Free;
    result.kept = free ? written_free(from, monitor) : written(from, number, monitor);
    static_cast<CompressReport&>(result) = from;
    return result;
  };
  hand_over();
  if (pool_.empty() && waiting_.count > 0 && !summary) {  // one block: as compress() does it
    const std::int64_t first = waiting_.first;
    PointSet set = set_of(std::move(waiting_), options_.threads);
    return result_of(compress_unwritten(std::move(set), options_, monitor), numbers_from(first));
  }
  reduce(monitor);
  if (pool_.empty()) throw Error(Code::Weight, "all weights are 0; expected at least one positive weight");
  merge_pool(monitor);
  const StreamRows& all = pool_[0];
  PointSet set = set_of(all, dimension_, options_.threads);
  const Residual whole = residual_of(set, monitor, &moments_.all());
  if (summary) {
    // All rows stay, and the residual says how far the steps have come from the moments of the stream.
    const int threads = usable_threads(options_.threads);
    StreamCompressed result;
    result.kept = all;
    if (result.kept.weights.empty()) result.kept.weights.assign(all.size(), 1.0);
    result.order = requested_.highest_degree();
    result.threads = threads;
    result.residual = whole.of(set, threads, monitor).residual;
    return result;
  }
  Spaces spaces = spaces_of(options_, dimension_, set.size());
  spaces.requested = requested_;
  if (options_.support == CompressOptions::Support::Rows)
    return result_of(compress_unwritten(std::move(set), options_, spaces, whole, monitor), numbers_in(all.rows));
  // Cells with free points keep no more than the rows held do.
  CompressOptions options = options_;
  options.best = false;
  spaces = {free_space(), step_};
  StreamCompressed result =
      result_of(compress_unwritten(std::move(set), options, spaces, whole, monitor), numbers_in(all.rows));
  result.order = requested_.highest_degree();
  return result;
}

// The highest order for which there are free points, from that asked for to that of the steps. Two of its cells with
// rows have room in the size.
PolynomialSpace StreamCompressor::free_space() const {
  for (int order = step_.order[0]; order > requested_.order[0]; order--)
    if (free_points_per_cell(dimension_, order) > 0) return PolynomialSpace::total(dimension_, order);
  return requested_;
}

// ---- state

List<std::int64_t> StreamCompressor::held_rows() const {
  List<std::int64_t> rows;
  for (const StreamRows& set : pool_) rows.insert(rows.end(), set.rows.begin(), set.rows.end());
  std::ranges::sort(rows);
  for (const StreamBlock* block : {&waiting_, &filling_}) {
    const List<std::int64_t> numbers = numbers_of(*block);
    rows.insert(rows.end(), numbers.begin(), numbers.end());
  }
  return rows;
}

StreamState StreamCompressor::state() const {
  return {rows(), row_major(filling_), filling_.weights, pool_, moments_.all()};
}

namespace {

bool are_finite(const List<double>& numbers) {
  return std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); });
}

bool is_set(const StreamRows& set, std::size_t dimension, std::int64_t end) {
  return set.size() > 0 && set.points.size() == product(set.size(), dimension) && are_finite(set.points) &&
         (set.weights.empty() || set.weights.size() == set.size()) && are_finite(set.weights) &&
         std::ranges::all_of(set.weights, [](double w) { return w > 0; }) && set.rows.front() >= 0 &&
         set.rows.back() < end && std::ranges::is_sorted(set.rows);
}

bool are_moments(const FramedMoments& moments, std::size_t sums, std::size_t dimension) {
  constexpr int kMaxExponent = 4096;  // beyond those of all doubles
  return moments.high.size() == sums && moments.low.size() == sums && moments.reach.size() == dimension &&
         moments.frame.centre.size() == dimension && moments.frame.exponent.size() == dimension &&
         are_finite(moments.high) && are_finite(moments.low) && are_finite(moments.reach) &&
         are_finite(moments.frame.centre) && moments.high[0] > 0 &&
         std::ranges::all_of(moments.frame.exponent, [](int e) { return std::abs(e) <= kMaxExponent; });
}

}  // namespace

void StreamCompressor::restore(StreamState state) {
  const auto m = usize(dimension_);
  const std::size_t filled = state.points.size() / m;
  const std::int64_t first = state.rows - static_cast<std::int64_t>(filled);
  const bool has_none = state.moments.high.empty() && state.pool.empty();
  if (state.points.size() % m != 0 || (!state.weights.empty() && state.weights.size() != filled) ||
      filled > block_rows_ || first < 0 || state.pool.size() > kLeaves ||
      !std::ranges::all_of(state.pool, [&](const StreamRows& set) { return is_set(set, m, first); }) ||
      !(has_none || are_moments(state.moments, moments_.count(), m)))
    throw Error(Code::Option, "the state is not that of a compressor with these options");
  filling_ = {};
  filling_.first = first;
  if (filled > 0)
    take({{state.points.data(), false, 1}, dimension_, filled, dimension_},
         {state.weights.empty() ? nullptr : state.weights.data(), false, 1}, 0);
  pool_ = std::move(state.pool);
  moments_.restore(std::move(state.moments));
}

}  // namespace fewpoints
