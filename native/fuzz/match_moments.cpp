// match_moments(): the weights must be finite and not negative, must have the target moments to the promised precision,
// and must be no further from the given weights than other weights that are known to have these moments.
#include "matching/match_moments.hpp"

#include "property.hpp"
#include "reference.hpp"

namespace {

using namespace fuzz;
using fewpoints::Code;
constexpr double kMet = 0x1p-40;

// sum (w - c)^2 / c
Real distance(const Set& set, const std::vector<double>& w) {
  Real d = 0;
  for (std::size_t i = 0; i < set.count; i++)
    if (set.weight(i) > 0) {
      const Real difference = static_cast<Real>(w[i]) - set.weight(i);
      d += difference * difference / set.weight(i);
    }
  return d;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  static const int most_order[] = {8, 4, 2};
  const int threads = read_threads(in), m = 1 + in.below(3), order = in.below(most_order[m - 1] + 1);
  const bool is_legendre = in.one_in(3);
  const std::size_t count = 1 + static_cast<std::size_t>(in.byte()) % 60;
  const Set set = read_set(in, count, m);
  const auto columns = static_cast<std::size_t>(m);
  const std::vector<Exponents> indices = monomials(std::vector<int>(columns, 0), {order});

  // The target: moments of other weights on the same points, or any numbers.
  std::vector<double> known, target(indices.size());
  const int what = in.below(5);
  if (what == 0) {
    read_column(in, target.size(), target);
  } else {
    Random random(in.byte());
    for (std::size_t i = 0; i < count; i++) {
      const double factor = what == 1   ? 0.5 + random.uniform()
                            : what == 2 ? random.uniform() * 4 - 1
                                        : in.byte() / 64.0;
      known.push_back(factor <= 0 || set.weight(i) == 0 ? 0 : factor * set.weight(i));
    }
    if (set.kind() != Kind::Broken) {
      const Sums sums = sums_of(
          set.x.data(), count, [&](std::size_t i) { return known[i]; }, std::vector<double>(columns, 0.0), indices,
          is_legendre);
      for (std::size_t e = 0; e < target.size(); e++) target[e] = static_cast<double>(sums.sum[e]);
    }
  }
  const bool finite_target = all_finite(target);

  fewpoints::Monitor monitor;
  const bool plain = set.kind() == Kind::Plain && what == 1 && order <= 3;
  const auto run = [&](int team) {
    return attempt(
        [&] {
          const fewpoints::PointSet points(set.points(), set.weights());
          return match_moments(points, count, target, order,
                               is_legendre ? fewpoints::Basis::Legendre : fewpoints::Basis::Monomial, team, monitor);
        },
        [&](Code code) {
          if (code == Code::NotFinite && !finite_target) return true;
          return reasons(set)(code) || (code == Code::Infeasible && !plain);
        });
  };
  const auto result = run(threads);
  if (!result) return 0;
  demand(set.kind() != Kind::Broken && finite_target, "numbers that are not finite were taken");
  demand(result->weights.size() == count, "length");
  for (std::size_t i = 0; i < count; i++) {
    demand(result->weights[i] >= 0 && std::isfinite(result->weights[i]), "weights are finite and not negative",
           result->weights[i]);
    demand(set.weight(i) > 0 || result->weights[i] == 0, "a point of weight 0 got weight");
  }
  const std::vector<double> origin(columns, 0.0);
  const Sums found = sums_of(
      set.x.data(), count, [&](std::size_t i) { return result->weights[i]; }, origin, indices, is_legendre);
  const Sums given = sums_of(
      set.x.data(), count, [&](std::size_t i) { return set.weight(i); }, origin, indices, is_legendre);
  for (std::size_t e = 0; e < indices.size(); e++) {
    const Real difference = std::fabs(found.sum[e] - target[e]);
    // Where terms leave the range of doubles, so does the magnitude that errors are compared with.
    if (found.magnitude[e] + given.magnitude[e] > 0x1p900L) continue;
    const Real lost = 0x1p-1000L;
    demand(difference <= 2 * kMet * (found.magnitude[e] + given.magnitude[e]) + lost, "a moment is not met",
           static_cast<double>(found.sum[e]), target[e]);
    if (found.magnitude[e] > 0x1p-900L)
      demand(difference <= (4 * result->residual + 16 * kEpsilon) * found.magnitude[e],
             "moments are further off than reported", static_cast<double>(difference / found.magnitude[e]),
             result->residual);
  }
  if (plain) {
    const auto mine = static_cast<double>(distance(set, result->weights)),
               best = static_cast<double>(distance(set, known));
    demand_at_most(mine, best * (1 + 1e-6) + 1e-9, "other weights are nearer");
  }
  if (threads > 1) {
    const auto one = run(1);
    demand(one && same_bits(one->weights, result->weights), "one thread gives other bits than two");
  }
  return 0;
}
