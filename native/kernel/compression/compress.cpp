#include "compression/compress.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/list.hpp"
#include "base/shown.hpp"
#include "base/tolerances.hpp"
#include "compression/choose_order.hpp"
#include "compression/fill_size.hpp"
#include "compression/free_points.hpp"
#include "compression/ladder.hpp"
#include "compression/round_weights.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"
#include "partition/partition.hpp"

namespace fewpoints {
namespace {

// Up to this residual of the whole set, no cell is solved again.
constexpr double kGoodResidual = 16 * kEpsilon;
// Up to this residual, weights are not refined against the moments of a larger whole, from which many steps have come
// away.
constexpr double kGoodResidualOfWhole = 2 * kEpsilon;

class Clock {
 public:
  double now() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - last_).count();
  }
  double lap() {
    const double ms = now();
    last_ = std::chrono::steady_clock::now();
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// The factors that turn columns into the units in which cells are cut.
List<double> cutting_units(const PointSet& set, const List<double>& deviations, const CompressOptions& options,
                           const PolynomialSpace& space) {
  List<double> units(set.dimension(), 1.0);
  int top = set.dimension() > 0 ? set.exponent(0) : 0;
  for (int a = 0; a < set.dimension(); a++) top = std::max(top, set.exponent(a));
  for (int a = 0; a < set.dimension(); a++) {
    if (options.standardise)
      units[a] = deviations[a] > 0 ? 1 / deviations[a] : 0;
    else
      units[a] = std::ldexp(1.0, set.exponent(a) - top);
    if (!options.scales.empty()) units[a] *= options.scales[a];
    if (space.block[a] != 0) units[a] = 0;
  }
  return units;
}

// Repairs the results of the cells, step by step, until the residual of the whole set is accepted. Returns the best
// columns seen. `result` says how good they are and which strategies they come from.
CellResults::Columns repaired(Ladder& ladder, const PointSet& set, const Residual& original, std::size_t size,
                              double minimum_weight, CompressReport& result, Monitor& monitor) {
  CellResults::Columns best;
  std::size_t light_cells = 0;
  const auto residual_of = [&](const CellResults::Columns& c) {
    return original.of(c.pointers.data(), c.w.data(), c.rows.size(), result.threads, monitor).residual;
  };
  const auto keep_if_better = [&](CellResults::Columns columns) {
    if (columns.rows.size() > size) return;  // repairs may find a higher rank in cells that were divided further
    const double residual = residual_of(columns);
    if (!best.rows.empty() && !(residual < result.residual)) return;
    best = std::move(columns);
    result.residual = residual;
    result.strategies = ladder.counts();
    result.cells_keeping_less = ladder.cells_keeping_less();
    result.light_cells = light_cells;
  };
  const auto rounded = [&] {
    if (minimum_weight > 0) light_cells = ladder.raise_weights(minimum_weight, result.threads, monitor);
    CellResults::Columns columns = ladder.columns(result.threads, monitor);
    round_weights(columns, set, result.threads, monitor);
    return columns;
  };
  // Refines all weights together, against the measure itself. No cell is solved again.
  const auto refine = [&](CellResults::Columns& columns) {
    if (!original.can_refine_weights(columns.rows.size())) return false;
    original.refine_weights(columns.pointers.data(), columns.w, columns.rows.size(), result.threads, monitor);
    round_weights(columns, set, result.threads, monitor);
    return true;
  };
  const auto accepted = [&] { return result.residual <= kGoodResidual; };

  const auto keep_refined = [&] {
    CellResults::Columns columns = rounded();
    refine(columns);
    keep_if_better(std::move(columns));
  };
  keep_if_better(rounded());
  if (!accepted() && ladder.solve_bad_again(result.threads, monitor)) keep_if_better(rounded());
  if (!accepted() && ladder.solve_again(result.threads, monitor)) keep_if_better(rounded());
  if (!accepted() && ladder.copy_small()) keep_if_better(rounded());
  const bool has_come_away = original.is_of_larger_whole() && result.residual > kGoodResidualOfWhole;
  if ((!accepted() || has_come_away) && refine(best)) {
    const double before = std::exchange(result.residual, residual_of(best));
    if (result.residual < before) result.strategies[kTogether] = 1;
  }
  if (!accepted() && ladder.solve_boxed(result.threads, monitor)) keep_refined();
  if (!accepted() && ladder.solve_requested(result.threads, monitor)) keep_refined();
  return best;
}

CompressOptions with_rows(CompressOptions options) {
  options.support = CompressOptions::Support::Rows;
  return options;
}

void fill(UnwrittenCompressed& result, FreeResult&& found) {
  result.free = std::move(found.points);
  result.cells = found.cells;
  result.free_cells = found.free_cells;
  result.row_cells = found.row_cells;
  result.cells_keeping_less = found.cells_keeping_less;
  result.residual = found.residual;
  result.partition_ms = found.partition_ms;
}

// Fills the result with free points. False: none were asked for, or the result says why there are none.
bool keep_free_points(PointSet& set, const CompressOptions& options, const PolynomialSpace& space,
                      const Residual& original, UnwrittenCompressed& result, Monitor& monitor) {
  if (options.support != CompressOptions::Support::Free) return false;
  const std::size_t size = options.free_size();
  const bool is_equal = set.weights() == nullptr && size >= set.size();
  if (options.equal_weights && !is_equal) {
    const Clock clock;
    fill(result, equal_points(set, cutting_units(set, original.deviations(), options, space), size, space, original,
                              result.threads, monitor));
    result.order = space.highest_degree();
    result.recombine_ms = clock.now() - result.partition_ms;
    return true;
  }
  if (options.size < set.size() && set.has_many_equal()) set.merge_equal();
  result.why_rows = WhyRows::Whole;
  if (size >= set.size()) return false;
  const Clock clock;
  const PartitionOptions cutting{cutting_units(set, original.deviations(), options, space), 0, 1, size, result.threads};
  const List<int> orders =
      options.means ? List<int>{kMeanOrder} : free_orders(space, size, options.best && !options.automatic);
  const FreeDemands demands{options.minimum_weight, options.hull};
  FreeResult found = free_points(set, cutting, orders, demands, space, original, monitor);
  result.why_rows = found.why_rows;
  if (found.why_rows != WhyRows::None) {
    set.sort_by_rows();  // rows are then those that the support Rows gives
    return false;
  }
  fill(result, std::move(found));
  result.order = space.highest_degree();
  result.recombine_ms = clock.now() - result.partition_ms;
  return true;
}

const char* text_of(WhyRows why) {
  switch (why) {
    case WhyRows::Order: return "there are no free points for this order, size and number of columns";
    case WhyRows::Cells: return "hardly a cell of this set has free points";
    case WhyRows::Size: return "free points and the rows of cells without them are too many";
    case WhyRows::Precision: return "free points lose the moments of this set when they are rounded to doubles";
    case WhyRows::Whole:
    case WhyRows::None: break;
  }
  return "the set is kept whole";
}

void keep_rows(PointSet& set, const CompressOptions& options, const Spaces& spaces, const Residual& original,
               UnwrittenCompressed& result, Monitor& monitor) {
  Clock clock;
  const PolynomialSpace& space = spaces.requested;
  result.order = space.highest_degree();
  if (options.size < set.size() && set.has_many_equal()) set.merge_equal();
  const PolynomialSpace& kept_space = options.size < set.size() ? spaces.kept : space;
  const std::int64_t features = kept_space.count();
  const PartitionOptions cutting{cutting_units(set, original.deviations(), options, space), kept_space.order[0],
                                 static_cast<std::size_t>(features), options.size, result.threads};
  Partition partition(set, cutting, monitor);
  result.partition_ms = clock.lap();

  // When more is allowed than one cell of the moments asked for, the size is used up. One such cell is brought to its
  // rank.
  const bool reduces = options.size < set.size(), fills = reduces && options.size > usize(space.count());
  const auto ladder_of_cells = [&] { return std::make_unique<Ladder>(partition, kept_space, space, reduces); };
  const auto solved = [&](bool fill) {
    std::unique_ptr<Ladder> ladder;
    if (fill) {
      ladder = solve_and_fill(partition, ladder_of_cells, result.threads, monitor);
    } else {
      ladder = ladder_of_cells();
      ladder->solve(partition.all_cells(), result.threads, monitor);
    }
    result.cells = partition.cells().size();
    return repaired(*ladder, set, original, std::max(options.size, usize(space.count())), options.minimum_weight,
                    result, monitor);
  };
  CellResults::Columns columns = solved(fills);
  if (fills && !(result.residual <= kGoodResidual)) {
    // The repairs had no room for what they needed. Without the further divisions they have.
    const CompressReport filled = result;
    partition.cut_again(options.size);
    CellResults::Columns other = solved(false);
    if (result.residual < filled.residual)
      columns = std::move(other);
    else
      static_cast<CompressReport&>(result) = filled;
  }
  if (!(result.residual <= kRefusedResidual))
    throw refusal("the moments up to degree " + std::to_string(space.highest_degree()), result.residual,
                  "a lower order, more cells (a larger size), or columns with lighter tails");
  if (options.support == CompressOptions::Support::Free && columns.rows.size() > std::min(options.size, set.size()))
    throw Error(Code::Size, std::string(text_of(result.why_rows)) + ", and the " + std::to_string(columns.rows.size()) +
                                " rows that keep its moments are more than 'size', " + std::to_string(options.size) +
                                "; a larger 'size' or a lower 'order' may do");
  if (result.light_cells > 0)
    throw Error(Code::Infeasible, "in " + std::to_string(result.light_cells) + " of " + std::to_string(result.cells) +
                                      " cells some weight stays below " + shown(options.minimum_weight) +
                                      " of their mean; a smaller 'minimumWeight' or a lower 'order' may do");
  result.rows = RowOrder(columns, set, result.threads, monitor);
  result.recombine_ms = clock.lap();
}

}  // namespace

Spaces spaces_of(const CompressOptions& options, int dimension, std::size_t points) {
  const std::size_t size = std::min(options.size, points);
  const bool free = options.support == CompressOptions::Support::Free;
  const bool has_rule = free && !options.equal_weights;
  const PolynomialSpace requested =
      options.automatic ? PolynomialSpace::total(dimension, has_rule ? automatic_free_order(dimension, size)
                                                                     : automatic_order(dimension, size))
                        : options.space;
  if (free && !requested.is_total())
    throw Error(Code::Option, "free support needs one order for all columns; give 'order' as a number");
  const bool enlarges = options.best && options.size < points;
  return {requested, enlarges ? enlarged_space(requested, options.size) : requested};
}

UnwrittenCompressed compress_unwritten(PointSet&& set, const CompressOptions& options, Monitor& monitor) {
  if (set.size() == 0) return {};
  const Clock total;
  UnwrittenCompressed result;
  result.threads = usable_threads(options.threads);
  const bool chooses_rows = options.automatic && options.support == CompressOptions::Support::Free;
  Spaces spaces = spaces_of(options, set.dimension(), set.size());
  std::optional<Residual> original(std::in_place, set, spaces.requested, result.threads, monitor);
  if (!keep_free_points(set, options, spaces.requested, *original, result, monitor)) {
    if (chooses_rows) {  // the order of rows may be another
      spaces = spaces_of(with_rows(options), set.dimension(), set.size());
      original.emplace(set, spaces.requested, result.threads, monitor);
    }
    keep_rows(set, options, spaces, *original, result, monitor);
  }
  result.total_ms = total.now();
  return result;
}

UnwrittenCompressed compress_unwritten(PointSet&& set, const CompressOptions& options, const Spaces& spaces,
                                       const Residual& original, Monitor& monitor) {
  const Clock total;
  UnwrittenCompressed result;
  result.threads = usable_threads(options.threads);
  if (!keep_free_points(set, options, spaces.requested, original, result, monitor))
    keep_rows(set, options, spaces, original, result, monitor);
  result.total_ms = total.now();
  return result;
}

void UnwrittenCompressed::write(const RowOrderTarget& to, int threads_now, Monitor& monitor) {
  Clock clock;
  if (free_cells > 0)
    free.write(to, threads_now, monitor);
  else
    rows.write(to, threads_now, monitor);
  const double ms = clock.lap();
  recombine_ms += ms;
  total_ms += ms;
}

Compressed compress(PointSet&& set, const CompressOptions& options, Monitor& monitor) {
  UnwrittenCompressed unwritten = compress_unwritten(std::move(set), options, monitor);
  const std::size_t count = unwritten.size();
  Compressed result;
  const bool indexed = options.support == CompressOptions::Support::Rows;
  if (indexed) result.indices.resize(count);
  result.weights.resize(count);
  result.points.resize(count * usize(unwritten.dimension()));
  unwritten.write({indexed ? result.indices.data() : nullptr, result.weights.data(), result.points.data()},
                  unwritten.threads, monitor);
  static_cast<CompressReport&>(result) = unwritten;
  return result;
}

}  // namespace fewpoints
