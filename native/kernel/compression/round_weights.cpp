#include "compression/round_weights.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "parallel/parallel_for.hpp"

namespace fewpoints {

void round_weights(CellResults::Columns& kept, const PointSet& set, int threads, Monitor& monitor) {
  const int e = set.weight_exponent();
  if (e == 0) return;
  const std::size_t count = kept.w.size();
  std::atomic<bool> too_large{false}, vanished{false};
  parallel_for(chunk_count(count), threads, monitor, Stage::Recombine, [&](std::size_t c, int) {
    for (std::size_t i = c * kChunk; i < std::min(count, (c + 1) * kChunk); i++) {
      const double given = std::ldexp(kept.w[i], e);
      if (std::isinf(given)) too_large.store(true, std::memory_order_relaxed);
      if (given == 0) vanished.store(true, std::memory_order_relaxed);
      kept.w[i] = std::ldexp(given, -e);
    }
  });
  if (too_large)
    throw Error(Code::Weight,
                "the weight of a point of the result would be beyond the largest double; divide the weights");
  if (!vanished) return;
  const bool has_rows = !kept.rows.empty();
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; i++) {
    if (kept.w[i] == 0) continue;
    kept.w[left] = kept.w[i];
    if (has_rows) kept.rows[left] = kept.rows[i];
    for (auto& x : kept.x) x[left] = x[i];
    left++;
  }
  kept.rows.shrink(left);
  kept.w.shrink(left);
}

}  // namespace fewpoints
