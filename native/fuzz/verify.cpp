// verify(): the residual by degree, of two sets that are unrelated or almost the same.
#include "compression/verify.hpp"

#include "property.hpp"
#include "reference.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  static const int most_order[] = {12, 5, 3};
  const int threads = read_threads(in), m = 1 + in.below(3), order = in.below(most_order[m - 1] + 1);
  const std::size_t count = read_count(in);
  const Set set = read_set(in, count, m);
  Set other = set;
  const int what = in.below(4);
  if (what == 0) {
    other = read_set(in, read_count(in), m);
  } else if (other.w.empty()) {
    other.w.assign(count, 1.0);
  }
  if (what == 1) other.w[in.byte() % other.count] *= 1 + std::ldexp(1.0, -in.below(56));
  if (what == 2) other.x[in.byte() % other.x.size()] *= 1 + std::ldexp(1.0, -in.below(56));
  if (!all_finite(other.x)) other.points_kind = Kind::Broken;
  if (!are_weights(other.w)) other.weights_kind = Kind::Broken;

  fewpoints::Monitor monitor;
  const auto columns = static_cast<std::size_t>(m);
  const auto result = attempt(
      [&] {
        return verify(fewpoints::PointSet(set.points(), set.weights()),
                      fewpoints::PointSet(other.points(), other.weights(), "compressed"),
                      fewpoints::PolynomialSpace::total(m, order), threads, monitor);
      },
      [&](fewpoints::Code code) { return reasons(set)(code) || reasons(other)(code); });
  if (!result) return 0;
  demand(worse(set.kind(), other.kind()) != Kind::Broken, "numbers that are not finite were taken");
  const std::vector<Exponents> indices = monomials(std::vector<int>(columns, 0), {order});
  const std::vector<double> centre = means(set);
  const Sums before = sums_of(
      set.x.data(), count, [&](std::size_t i) { return set.weight(i); }, centre, indices);
  const Sums after = sums_of(
      other.x.data(), other.count, [&](std::size_t i) { return other.weight(i); }, centre, indices);
  std::vector<double> per_order;
  residual(before, after, indices, &per_order);
  demand(result->per_order.size() == per_order.size(), "length");
  if (vanishes(set.w) || vanishes(set.x) || vanishes(other.w) || vanishes(other.x)) return 0;
  double worst = 0;
  for (std::size_t d = 0; d < per_order.size(); d++) {
    const double got = result->per_order[d], exact = per_order[d];
    worst = std::max(worst, got);
    if (got == exact || (got > 0x1p900 && exact > 0x1p900)) continue;  // both infinite, or nearly
    demand_at_most(exact, 8 * got + 8 * kEpsilon, "moments are further off than reported");
    demand_at_most(got, 8 * exact + 8 * kEpsilon, "moments are nearer than reported");
  }
  demand(result->residual == worst, "residual is the largest of per_order");
  return 0;
}
