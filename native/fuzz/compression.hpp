// What the fuzzers of compress() share.
#pragma once
#include <algorithm>

#include "compression/compress.hpp"
#include "property.hpp"

namespace fuzz {

// From one cell of the moments on, or for 'auto' from one point on; never more than there are points.
inline std::size_t read_size(Input& in, const fewpoints::CompressOptions& options, std::size_t count) {
  const auto features = static_cast<std::size_t>(options.space.count());
  const std::size_t more = in.byte();
  return std::min(count, options.automatic ? 1 + more / 2 : features + (more < 100 ? 0 : more - 100));
}

// The result for this set, or nothing when it was refused for one of the reasons that all sets have, or that `may`
// accepts. Demands that broken sets are refused.
template <class May>
std::optional<fewpoints::Compressed> compressed(const Set& set, const fewpoints::CompressOptions& options,
                                                const May& may) {
  using fewpoints::Code;
  bool heavy = false;
  for (const double w : set.w) heavy = heavy || w > 0x1p1000;
  fewpoints::Monitor monitor;
  const auto result =
      attempt([&] { return compress(fewpoints::PointSet(set.points(), set.weights()), options, monitor); },
              [&](Code code) {
                return reasons(set)(code) || (code == Code::Infeasible && set.kind() == Kind::Hard) ||
                       (code == Code::Weight && heavy) || may(code);
              });
  if (result) demand(set.kind() != Kind::Broken, "numbers that are not finite, or wrong weights, were taken");
  return result;
}

// One thread must give the bits of two.
template <class May>
void check_threads(const Set& set, fewpoints::CompressOptions options, const May& may,
                   const fewpoints::Compressed& result) {
  if (options.threads == 1) return;
  options.threads = 1;
  const auto one = compressed(set, options, may);
  demand(one && same_bits(one->weights, result.weights) && same_bits(one->indices, result.indices) &&
             same_bits(one->points, result.points),
         "one thread gives other bits than two");
}

}  // namespace fuzz
