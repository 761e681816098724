// moments(): every sum must be within one rounding of the exact one, in the documented order, in both bases.
#include "polynomial/moments.hpp"

#include "property.hpp"
#include "reference.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  static const int most_order[] = {16, 6, 4, 3};
  const int threads = read_threads(in), m = 1 + in.below(4), order = in.below(most_order[m - 1] + 1);
  const bool is_legendre = in.one_in(3);
  const std::size_t count = read_count(in);
  const Set set = read_set(in, count, m);
  fewpoints::Monitor monitor;
  const auto run = [&](int team) {
    return attempt(
        [&] {
          return moments(fewpoints::PointSet(set.points(), set.weights()), order,
                         is_legendre ? fewpoints::Basis::Legendre : fewpoints::Basis::Monomial, team, monitor);
        },
        reasons(set));
  };
  const auto result = run(threads);
  if (!result) return 0;
  demand(set.kind() != Kind::Broken, "numbers that are not finite, or wrong weights, were taken");
  const auto columns = static_cast<std::size_t>(m);
  const std::vector<Exponents> indices = monomials(std::vector<int>(columns, 0), {order});
  const Sums sums = sums_of(
      set.x.data(), count, [&](std::size_t i) { return set.weight(i); }, std::vector<double>(columns, 0.0), indices,
      is_legendre);
  demand(result->size() == indices.size(), "length");
  // Legendre polynomials are evaluated in the caller's units, where their terms can leave the range of doubles.
  double most = 1, least = 1;
  for (const auto* list : {&set.x, &set.w})
    for (const double v : *list)
      if (v != 0) {
        most = std::max(most, std::fabs(v));
        least = std::min(least, std::fabs(v));
      }
  const double span = 0x1p900;
  const bool in_range = std::pow(most, order + 1) < span && std::pow(least, order + 1) > 1 / span;
  if ((is_legendre && !in_range) || vanishes(set.w) || vanishes(set.x)) return 0;
  for (std::size_t e = 0; e < indices.size(); e++) {
    const double got = (*result)[e];
    const Real exact = sums.sum[e], size_of_terms = sums.magnitude[e];
    if (size_of_terms > std::numeric_limits<double>::max()) continue;
    const Real bound = kEpsilon * std::fabs(exact) + 0x1p-56L * size_of_terms + 4 * 0x1p-1074L;
    demand(std::fabs(static_cast<Real>(got) - exact) <= bound, "moment", got, static_cast<double>(exact));
  }
  if (threads > 1) demand(same_bits(*run(1), *result), "one thread gives other bits than two");
  return 0;
}
