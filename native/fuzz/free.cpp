// compress() with free support, with a least weight, in the hull, and with equal weights: at most `size` points in the
// box of the set, with positive and finite weights. The moments must be kept to the reported residual, which is that of
// free points, or below the bound at which rows are refused.
#include <algorithm>

#include "base/tolerances.hpp"
#include "compression.hpp"
#include "reference.hpp"

namespace {

using namespace fuzz;
using fewpoints::Code;
using Support = fewpoints::CompressOptions::Support;

void check_points(const Set& set, const fewpoints::Compressed& c) {
  const auto m = static_cast<std::size_t>(set.dimension);
  const std::size_t count = c.weights.size();
  for (std::size_t a = 0; a < m; a++) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < set.count; i++)
      if (set.weight(i) > 0) {
        low = std::min(low, set.at(i, a));
        high = std::max(high, set.at(i, a));
      }
    // In the unit of a column of huge numbers, tiny ones are 0.
    const double tiny = 1e-300 * std::max(std::fabs(low), std::fabs(high));
    for (std::size_t i = 0; i < count; i++) {
      const double x = c.points[i * m + a];
      demand(x >= low - tiny && x <= high + tiny, "a point outside of the box", x);
    }
  }
}

void check_weights(const fewpoints::CompressOptions& options, const fewpoints::Compressed& c) {
  double sum = 0, least = HUGE_VAL;
  for (const double w : c.weights) {
    demand(w > 0 && std::isfinite(w), "weights are positive and finite", w);
    sum += w;
    least = std::min(least, w);
  }
  if (c.cells == 1 && std::isfinite(sum))
    demand(least * static_cast<double>(c.weights.size()) >= options.minimum_weight * sum * (1 - 1e-9),
           "a weight is below the least", least, options.minimum_weight);
}

void check_moments(const Set& set, const fewpoints::Compressed& c) {
  const auto m = static_cast<std::size_t>(set.dimension);
  const std::vector<Exponents> indices = monomials(std::vector<int>(m, 0), {c.order});
  const std::vector<double> centre = means(set);
  const Sums before = sums_of(
      set.x.data(), set.count, [&](std::size_t i) { return set.weight(i); }, centre, indices);
  const Sums after = sums_of(
      c.points.data(), c.weights.size(), [&](std::size_t i) { return c.weights[i]; }, centre, indices);
  demand_at_most(c.residual, c.free_cells > 0 ? 50 * kEpsilon : fewpoints::kRefusedResidual, "residual");
  // The powers of numbers near 1e-300 vanish in the reference, whose exponents end at -4950. Next to a weight of 1e172,
  // one of 1e38 has no digits in the sums of either.
  if (vanishes(set.w) || vanishes(set.x)) return;
  if ((set.points_kind == Kind::Hard && c.order > 12) || set.weights_kind == Kind::Hard) return;
  demand_at_most(residual(before, after, indices), 8 * c.residual + 16 * kEpsilon,
                 "moments are further off than reported");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int most_order[] = {17, 8, 5, 3, 2, 2};
  Input in(data, size);
  read_instruction_set(in);
  const int m = 1 + in.below(6);
  fewpoints::CompressOptions options;
  options.space = fewpoints::PolynomialSpace::total(m, in.below(most_order[m - 1] + 1));
  options.support = in.one_in(4) ? Support::Rows : Support::Free;
  options.threads = read_threads(in);
  options.automatic = in.one_in(4);
  options.best = in.below(2) == 0;
  options.hull = in.one_in(4);
  options.equal_weights = options.support == Support::Free && !options.hull && in.one_in(4);
  if (!options.equal_weights && in.one_in(3)) options.minimum_weight = in.below(100) * 0.01;
  const std::size_t count = read_count(in);
  options.size = read_size(in, options, count);
  const Set set = read_set(in, count, m);

  const auto may = [&](Code code) {
    return (code == Code::Infeasible && (options.minimum_weight > 0 || options.equal_weights)) ||
           (code == Code::Size && options.support == Support::Free);
  };
  const auto result = compressed(set, options, may);
  if (!result) return 0;
  const std::size_t kept = result->weights.size();
  demand(kept >= 1 && kept <= options.size && result->points.size() == kept * static_cast<std::size_t>(m), "count",
         static_cast<double>(kept));
  if (options.equal_weights && result->free_cells > 0)
    demand(
        kept == options.size && std::ranges::count(result->weights, result->weights[0]) == std::ssize(result->weights),
        "equal weights", static_cast<double>(kept));
  check_points(set, *result);
  check_weights(options, *result);
  check_moments(set, *result);
  check_threads(set, options, may, *result);
  return 0;
}
