#include "compression/choose_order.hpp"

#include <algorithm>
#include <iterator>

#include "free_support/free_solver.hpp"

namespace fewpoints {
namespace {

// The least number of cells, when there is room. One cell alone would be best for analytic functions, but a function
// that is steep or has a kink in one place is then wrong everywhere. In more columns, cells are hardly smaller than the
// whole.
constexpr std::size_t kMinCells = 2;
// The least number of cells when cells are enlarged. In the plane the time is better spent on more cells.
std::size_t min_enlarged_cells(int dimension) { return dimension == 2 ? 4 : 2; }

// Legendre products on a box stay well conditioned up to about order 16 on any density, and those of a single column up
// to order 24.
int max_order(int dimension) { return dimension == 1 ? 24 : 16; }
// The most features of order 'auto'. With more, a cell leaves the fast path.
constexpr std::size_t kMaxAutomatic = 256;
// Doubling the features helps more than more cells, however few cells there are. In one column it is 2N + 1: there an
// automatic order uses half of an odd size, rounded down.
std::size_t doubled(int dimension, std::size_t features) { return dimension == 1 ? 2 * features + 1 : 2 * features; }
// The most features of an enlarged cell. A single column needs no more than 16, or about twice the features that it has
// anyway, while products stay well conditioned: two cells of ten moments would be worse than one of sixteen.
std::size_t max_enlarged(int dimension, std::size_t features) {
  if (dimension == 1) return std::clamp<std::size_t>(doubled(dimension, features), 16, 25);
  return dimension == 2 ? 256 : 400;
}

// The time in nanoseconds per point, about: copy, partition and moments; elimination; tableaus that leave the
// second-level cache. Fitted to times as `npm run bench -- throughput` prints them. Only ratios count here, so the
// machine matters little.
double time_of(int dimension, double features) {
  const double square = features * features;
  return dimension <= 2 ? 18 + 0.0285 * square : 22 + 0.014 * square + 5e-5 * square * features;
}
// The most by which enlarging may multiply the time of a call.
constexpr double kMaxTime = 2.7;

std::size_t affordable(int dimension, std::size_t features) {
  const double limit = kMaxTime * time_of(dimension, static_cast<double>(features));
  std::size_t most = features;
  while (most < max_enlarged(dimension, features) && time_of(dimension, static_cast<double>(most + 1)) <= limit) most++;
  return most;
}

}  // namespace

AutomaticRule automatic_rule(int dimension) { return {max_order(dimension), kMaxAutomatic, kMinCells}; }

int automatic_order(int dimension, std::size_t size) {
  const AutomaticRule rule = automatic_rule(dimension);
  const auto most = static_cast<std::int64_t>(std::min(size / rule.cells, rule.moments));
  int order = 0;
  while (order < rule.order && moment_count(dimension, order + 1) <= most) order++;
  return order;
}

PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size) {
  const auto N = static_cast<std::size_t>(space.count());
  // Cells are cut along the columns of the first block, and only its order grows. Each monomial of the first block
  // comes with `others` monomials of the other blocks.
  const auto m = static_cast<int>(std::ranges::count(space.block, 0));
  const std::int64_t others = space.is_total() ? 1 : space.count() / moment_count(m, space.order[0]);
  if (m == 0 || size <= N || N >= max_enlarged(m, N)) return space;
  const std::size_t most = affordable(m, N);
  const std::size_t wanted = std::clamp(std::max(size / min_enlarged_cells(m), std::min(size, doubled(m, N))), N, most);
  // The cells are equal and use up the size.
  const std::size_t cells = std::min((size + wanted - 1) / wanted, size / N);
  const std::size_t features = std::min(size / cells, most);
  PolynomialSpace out = space;
  const int limit = std::max(space.order[0], max_order(m));
  while (out.order[0] < limit && moment_count(m, out.order[0] + 1) * others <= static_cast<std::int64_t>(features))
    out.order[0]++;
  if (out.order[0] < limit && space.is_total()) out.extra = narrow<int>(narrow<std::int64_t>(features) - out.count());
  return out;
}

namespace {

// The order to which that of free points is raised, by the number of columns. A higher one helps still, but a cell
// takes several times as long per point, and Newton's method fails more often: at order 14 in two columns, on 40 % of
// evenly filled cells.
constexpr int kRaised[] = {0, 15, 10, 6, 4, 4};
// One that is as high already is raised to the next even order, in three to five columns an even one by two.
int raised(int dimension, int asked) {
  const bool low = dimension < static_cast<int>(std::size(kRaised));
  if (low && asked < kRaised[dimension]) return kRaised[dimension];
  return low && dimension > 2 ? asked + 2 - asked % 2 : asked + asked % 2;
}
// With fewer cells, a function that is steep or has a kink in one place is wrong everywhere. In one column cells are
// long and orders high: as with rows, two do.
std::size_t min_free_cells(int dimension) { return dimension == 1 ? 2 : 4; }

}  // namespace

List<int> free_orders(const PolynomialSpace& space, std::size_t size, bool best) {
  const int m = space.dimension(), asked = space.order[0];
  const auto fits = [&](int order, std::size_t cells) {
    const int nodes = free_points_per_cell(m, order);
    return nodes > 0 && cells * usize(nodes) <= size;
  };
  int least = asked <= 1 ? 2 : asked;
  if (m == 1) least += 1 - least % 2;  // a Gauss rule has odd order
  if (!fits(least, 1)) return {};
  if (!best) return {least};
  int order = least;
  const int parity = m == 1 ? 1 : 0;
  for (int higher = least + 1; higher <= raised(m, asked); higher++)
    if (higher % 2 == parity && fits(higher, min_free_cells(m))) order = higher;
  return order > least ? List<int>{order, least} : List<int>{least};
}

int automatic_free_order(int dimension, std::size_t size) {
  const List<int> orders = free_orders(PolynomialSpace::total(dimension, 0), size, true);
  return orders.empty() ? automatic_order(dimension, size) : orders[0];
}

}  // namespace fewpoints
