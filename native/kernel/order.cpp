#include "order.hpp"

#include <algorithm>
#include <cmath>

namespace fewpoints {
namespace {

// Cells at least, when there is room: one cell alone would be best for analytic functions, but a function that is steep
// in a place, or has a kink there, is then off everywhere. In more columns cells are hardly smaller than the whole.
std::size_t least_cells(int dimension) { return dimension == 2 ? 4 : 2; }

// Nanoseconds a point: copy, partition and moments, and the recombination times the square of the features.
constexpr double kPartition = 18, kRecombine = 0.014;
// Enlarging may make a call take so many times as long.
constexpr double kMostTime = 2.5;
// Where the fast path of a cell ends. A single column needs no more than a few digits' worth.
constexpr std::size_t kMostFeatures = 256, kMostFeaturesOfOne = 16;
// Legendre products on a box stay well conditioned up to about this order on any density; a single column further.
constexpr int kMostOrder = 16, kMostOrderOfOne = 40;

int most_order(int dimension) { return dimension == 1 ? kMostOrderOfOne : kMostOrder; }

}  // namespace

int automatic_order(int dimension, std::size_t size) {
  const auto most = static_cast<std::int64_t>(std::min(size / least_cells(dimension), kMostFeatures));
  int order = 0;
  while (order < most_order(dimension) && moment_count(dimension, order + 1) <= most) order++;
  return order;
}

PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size) {
  const auto N = static_cast<std::size_t>(space.count());
  if (!space.is_total() || size <= N || N >= kMostFeatures) return space;
  const double square = static_cast<double>(N * N);
  const double affordable = std::sqrt(((kMostTime - 1) * kPartition + kMostTime * kRecombine * square) / kRecombine);
  const std::size_t limit_of_space = space.dimension() == 1 ? kMostFeaturesOfOne : kMostFeatures;
  const std::size_t most = std::max(N, std::min(static_cast<std::size_t>(affordable), limit_of_space));
  // Twice the features are worth more than cells, however few these are.
  const std::size_t wanted =
      std::clamp(std::max(size / least_cells(space.dimension()), std::min(size, 2 * N)), N, most);
  // Equal cells that use up the size.
  const std::size_t cells = std::min((size + wanted - 1) / wanted, size / N);
  const std::size_t features = std::min(size / cells, most);
  PolynomialSpace out = space;
  const int limit = std::max(space.order[0], most_order(space.dimension()));
  while (out.order[0] < limit &&
         moment_count(space.dimension(), out.order[0] + 1) <= static_cast<std::int64_t>(features))
    out.order[0]++;
  if (out.order[0] < limit) out.extra = static_cast<int>(static_cast<std::int64_t>(features) - out.count());
  return out;
}

}  // namespace fewpoints
