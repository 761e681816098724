#include "order.hpp"

#include <algorithm>
#include <cmath>

namespace fewpoints {
namespace {

// Cells at least, when there is room: one cell alone would be best for analytic functions, but a function that is steep
// in a place, or has a kink there, is then off everywhere. In more columns cells are hardly smaller than the whole.
double least_cells(int dimension) { return dimension == 1 ? 2 : dimension == 2 ? 4 : 2; }

// Nanoseconds a point: partition and moments, and the recombination times the square of the features.
constexpr double kPartition = 25, kRecombine = 0.012;
// Enlarging may cost so many times the plain call.
constexpr double kMostTime = 2.5;
// Where the fast path of a cell ends (N x 4 N tableaus in the second-level cache).
constexpr double kMostFeatures = 256;
// The highest order of a column: doubles gain nothing beyond.
constexpr int kMostOrder = 40;

// The largest space of one block with at most `most` features: an order, and monomials of the next.
PolynomialSpace total_with(int dimension, int least_order, std::int64_t most) {
  PolynomialSpace space = PolynomialSpace::total(dimension, least_order);
  while (space.order[0] < kMostOrder && moment_count(dimension, space.order[0] + 1) <= most) space.order[0]++;
  if (space.order[0] < kMostOrder) space.extra = static_cast<int>(std::max<std::int64_t>(0, most - space.count()));
  return space;
}

// Features a cell so that equal cells use up the size.
std::int64_t filled(double features, std::size_t size) {
  const auto cells = std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(size) / features));
  return static_cast<std::int64_t>(size) / cells;
}

}  // namespace

PolynomialSpace automatic_space(int dimension, std::size_t size, std::size_t points) {
  const double n = static_cast<double>(std::min(size, points));
  const auto most = static_cast<std::int64_t>(std::clamp(n / least_cells(dimension), 1.0, kMostFeatures));
  PolynomialSpace space = total_with(dimension, 0, most);
  space.extra = 0;
  return space;
}

PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size, std::size_t points) {
  const auto N = static_cast<double>(space.count());
  const double n = static_cast<double>(std::min(size, points));
  if (!space.is_total() || n <= N) return space;
  const double affordable = std::sqrt(((kMostTime - 1) * kPartition + kMostTime * kRecombine * N * N) / kRecombine);
  // Twice the features are worth more than cells, however few these are.
  const double wanted = std::max(n / least_cells(space.dimension()), std::min(n, 2 * N));
  const double features = std::clamp(wanted, N, std::max(N, std::min(affordable, kMostFeatures)));
  return total_with(space.dimension(), space.order[0], std::max(space.count(), filled(features, static_cast<std::size_t>(n))));
}

}  // namespace fewpoints
