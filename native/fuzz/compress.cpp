// compress(): must keep at most `size` rows of the input, bit for bit and ascending, with positive and finite weights.
// The moments must be kept to the reported residual, which must be below the bound at which a result is refused.
#include "base/tolerances.hpp"
#include "compression.hpp"
#include "reference.hpp"

namespace {

using namespace fuzz;
using fewpoints::Code;

struct Space {
  std::vector<int> block, order;
};

Space read_space(Input& in) {
  static const int most_order[] = {12, 5, 3, 2, 2, 1};
  const int style = in.below(4), m = 1 + in.below(style == 3 ? 6 : 3);
  if (style == 1 && m > 1) {
    Space space{{0}, {in.below(4), in.below(3), in.below(2)}};
    for (int a = 1; a < m; a++) space.block.push_back(in.below(3));
    return space;
  }
  return {std::vector<int>(static_cast<std::size_t>(m), 0), {in.below(most_order[m - 1] + 1)}};
}

void check(const Set& set, const Space& space, const fewpoints::CompressOptions& options,
           const fewpoints::Compressed& c) {
  const auto m = static_cast<std::size_t>(set.dimension);
  const std::size_t count = c.indices.size();
  demand(count >= 1 && count <= options.size && count <= set.count, "count", static_cast<double>(count));
  demand(c.weights.size() == count && c.points.size() == count * m, "lengths");
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t row = c.indices[i];
    demand(row < set.count && (i == 0 || c.indices[i - 1] < row), "indices ascend");
    demand(set.weight(row) > 0, "a row of weight 0 was chosen");
    demand(std::memcmp(&c.points[i * m], &set.x[row * m], m * sizeof(double)) == 0, "rows are bit-equal");
    demand(c.weights[i] > 0 && std::isfinite(c.weights[i]), "weights are positive and finite", c.weights[i]);
  }
  const std::vector<Exponents> indices =
      options.automatic ? monomials(std::vector<int>(m, 0), {c.order}) : monomials(space.block, space.order);
  const std::vector<double> centre = means(set);
  const Sums before = sums_of(
      set.x.data(), set.count, [&](std::size_t i) { return set.weight(i); }, centre, indices);
  const Sums after = sums_of(
      c.points.data(), count, [&](std::size_t i) { return c.weights[i]; }, centre, indices);
  const double found = residual(before, after, indices);
  demand_at_most(c.residual, fewpoints::kRefusedResidual, "residual");
  if (vanishes(set.w) || vanishes(set.x)) return;
  demand_at_most(found, 8 * c.residual + 16 * kEpsilon, "moments are further off than reported");
  if (set.kind() != Kind::Plain) return;
  demand_at_most(found, 50 * kEpsilon, "moments of a plain set");
  demand_at_most(static_cast<double>(std::fabs(after.sum[0] - before.sum[0]) / before.sum[0]), 16 * kEpsilon,
                 "total weight of a plain set");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  const Space space = read_space(in);
  const auto m = static_cast<int>(space.block.size());
  fewpoints::CompressOptions options;
  options.space.block = space.block;
  options.space.order = space.order;
  options.threads = read_threads(in);
  options.automatic = in.one_in(4);
  options.best = in.below(2) == 0;
  options.standardise = !in.one_in(4);
  in.below(8);  // a byte without a meaning, so that the stored inputs keep theirs
  if (in.one_in(8))
    for (int a = 0; a < m; a++) options.scales.push_back(in.below(5) * 0.25);
  const std::size_t count = read_count(in);
  options.size = read_size(in, options, count);
  const Set set = read_set(in, count, m);

  const auto may = [](Code) { return false; };
  const auto result = compressed(set, options, may);
  if (!result) return 0;
  check(set, space, options, *result);
  check_threads(set, options, may, *result);
  return 0;
}
