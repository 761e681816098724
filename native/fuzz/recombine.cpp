// recombine(): must keep at most `rank` rows, ascending, with positive and finite weights. The column sums must be kept
// to the reported residual, which must be below the bound at which a result is refused.
#include "recombination/recombine.hpp"

#include "base/tolerances.hpp"
#include "property.hpp"
#include "reference.hpp"

namespace {

using namespace fuzz;
using fewpoints::Code;

Sums column_sums(const Set& set, const std::vector<std::uint32_t>& rows, const std::vector<double>& weights) {
  const auto width = static_cast<std::size_t>(set.dimension);
  Sums s{std::vector<Real>(width, 0), std::vector<Real>(width, 0)};
  for (std::size_t i = 0; i < rows.size(); i++)
    for (std::size_t e = 0; e < width; e++) {
      const Real t = static_cast<Real>(weights[i]) * set.at(rows[i], e);
      s.sum[e] += t;
      s.magnitude[e] += std::fabs(t);
    }
  return s;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  const int threads = read_threads(in), shape = in.byte();
  const int width = 1 + (shape < 200 ? shape % 8 : shape - 200);
  const bool borrowed = in.below(2) == 0, with_one = in.below(2) == 0;
  const std::size_t count = read_count(in);
  Set set = read_set(in, count, width);
  if (with_one)
    for (std::size_t i = 0; i < count; i++) set.x[i * static_cast<std::size_t>(width)] = 1;
  set.points_kind = all_finite(set.x) ? Kind::Hard : Kind::Broken;

  // Weights are bounded by their sum only where a column is 1.
  bool heavy = !with_one;
  for (const double w : set.w) heavy = heavy || w > 0x1p1000;
  fewpoints::Monitor monitor;
  const auto result = attempt(
      [&] { return recombine(fewpoints::FeatureMatrix(set.points(), set.weights(), borrowed), threads, monitor); },
      [&](Code code) { return reasons(set)(code) || code == Code::Infeasible || (code == Code::Weight && heavy); });
  if (!result) return 0;
  demand(set.kind() != Kind::Broken, "numbers that are not finite, or wrong weights, were taken");
  const std::size_t kept = result->indices.size();
  demand(result->rank >= 0 && result->rank <= width, "rank", result->rank);
  demand(kept <= static_cast<std::size_t>(width) && kept <= count && result->weights.size() == kept, "count",
         static_cast<double>(kept), result->rank);
  for (std::size_t i = 0; i < kept; i++) {
    demand(result->indices[i] < count && (i == 0 || result->indices[i - 1] < result->indices[i]), "indices ascend");
    demand(set.weight(result->indices[i]) > 0, "a row of weight 0 was chosen");
    demand(result->weights[i] > 0 && std::isfinite(result->weights[i]), "weights are positive and finite");
  }
  std::vector<std::uint32_t> all;
  std::vector<double> given;
  for (std::size_t i = 0; i < count; i++) {
    all.push_back(static_cast<std::uint32_t>(i));
    given.push_back(set.weight(i));
  }
  const double found = residual(column_sums(set, all, given), column_sums(set, result->indices, result->weights), {});
  demand_at_most(result->residual, fewpoints::kRefusedResidual, "residual");
  demand_at_most(found, 4 * result->residual + 16 * kEpsilon, "column sums are further off than reported");
  return 0;
}
