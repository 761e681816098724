#include "compression/working_memory.hpp"

#include <algorithm>
#include <cmath>

#include "compression/choose_order.hpp"
#include "compression/ladder.hpp"
#include "free_support/free_solver.hpp"
#include "parallel/parallel_for.hpp"
#include "polynomial/feature_blocks.hpp"
#include "recombination/basic_solution.hpp"

namespace fewpoints {
namespace {

constexpr double kNumber = sizeof(double);
// With no more features than this, a cell uses a workspace that is never large. With more, it uses the general path.
constexpr std::size_t kFewFeatures = 256;
// The bytes per feature of a list of products, with its left and right factors and runs; and of the sums of one chunk.
// Measured.
constexpr double kBytesOfFeature = 300, kBytesOfSum = 48;

double recombination(std::size_t points, std::size_t features, double singles_per_feature) {
  const ColumnCounts columns = column_counts(points, features, singles_per_feature);
  const auto kept = static_cast<double>(std::min(points, features));
  return kNumber * static_cast<double>(features) * (static_cast<double>(columns.singles + columns.groups) + kept);
}

double cells_with_rows(std::size_t points, const CompressOptions& options) {
  if (options.automatic) return 0;  // few features
  const bool reduced = options.size < points;
  const PolynomialSpace space = options.best && reduced ? enlarged_space(options.space, options.size) : options.space;
  const auto features = static_cast<std::size_t>(space.count());
  const double sums = working_bytes_of_sums(points, features);
  if (features <= kFewFeatures) return sums;
  if (points <= features && !reduces_to_rank(points, features)) return sums;
  const std::size_t cells = std::max<std::size_t>(1, options.size / features);
  const auto threads = static_cast<std::size_t>(std::max(options.threads, 1));
  const std::size_t at_once = cells < 2 * threads ? 1 : threads;
  return sums + static_cast<double>(at_once) *
                    recombination(points, features, product_singles_per_feature(space.highest_power()));
}

// Of free points: four numbers for each point of a cell of one column (free_support/gauss.cpp). Rules take little.
double gauss_rules(std::size_t points, const CompressOptions& options) {
  if (options.support != CompressOptions::Support::Free || options.space.dimension() != 1 ||
      options.free_size() >= points)
    return 0;
  const int order = options.automatic ? automatic_free_order(1, options.free_size()) : options.space.order[0];
  const auto per_cell = static_cast<double>(std::max(free_points_per_cell(1, order), 1));
  const double cells = std::max(1.0, static_cast<double>(options.free_size()) / per_cell);
  const double at_once = std::min(1.0, static_cast<double>(std::max(options.threads, 1)) / cells);
  return 4 * kNumber * static_cast<double>(points) * at_once;
}

// Of free points of equal weight: a share and the local coordinates of each point, the square of the derivatives, and a
// block of these (free_support/equal_weights.cpp).
double equal_weights(std::size_t points, const CompressOptions& options) {
  if (!options.equal_weights) return 0;
  constexpr double kRowsAtOnce = 256;
  const auto m = static_cast<double>(options.space.dimension());
  const auto moments = static_cast<double>(options.automatic ? automatic_rule(options.space.dimension()).moments
                                                             : usize(options.space.count()));
  return kNumber * ((m + 7) * static_cast<double>(points) + moments * (3 * moments + kRowsAtOnce * m) +
                    3 * m * static_cast<double>(options.size));
}

}  // namespace

double working_bytes_of_compress(std::size_t points, const CompressOptions& options) {
  return cells_with_rows(points, options) + gauss_rules(points, options) + equal_weights(points, options);
}

double working_bytes_of_recombine(std::size_t points, std::size_t features) {
  return recombination(points, features, kSinglesPerFeature);
}

double working_bytes_of_match(std::size_t points, std::size_t features, int threads) {
  const auto n = static_cast<double>(features);
  const auto parts = std::min(FeatureBlocks::pieces_of(points), static_cast<std::size_t>(std::max(threads, 1)));
  return kNumber * n * n * (static_cast<double>(parts) + 6) + working_bytes_of_sums(points, features);
}

double working_bytes_of_sums(std::size_t points, std::size_t features) {
  return static_cast<double>(features) * (kBytesOfFeature + kBytesOfSum * static_cast<double>(chunk_count(points)));
}

}  // namespace fewpoints
