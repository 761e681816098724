#include "halving.hpp"

#include <algorithm>
#include <numeric>

#include "elimination.hpp"
#include "memory.hpp"
#include "simd/kernels.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

// Four groups a feature: every round keeps about a quarter of the points, and the elimination, N^2 x groups, stays
// small.
constexpr std::size_t kGroupsPerFeature = 4;

}  // namespace

Vertex halve(const FeatureSource& source, const double* w, std::size_t count, int threads, Monitor& monitor) {
  const std::size_t N = source.width();
  Vertex result;
  result.indices.resize(count);
  std::iota(result.indices.begin(), result.indices.end(), 0u);
  if (w != nullptr)
    result.weights.assign(w, w + count);
  else
    result.weights.assign(count, 1.0);

  const std::size_t most_groups =
      std::min(std::max<std::size_t>(kGroupsPerFeature * N, 8), std::max<std::size_t>(count, 1));
  const std::size_t stride = (most_groups + 7) / 8 * 8;
  Array<double> columns(N * stride),
      workspace(simd().vertex_workspace(static_cast<int>(N), static_cast<int>(most_groups)));
  std::vector<double> ones(most_groups, 1.0), multipliers(most_groups);
  std::vector<Array<double>> scratch(std::max(threads, 1));
  constexpr std::size_t B = FeatureSource::kBlock;

  while (true) {
    const std::size_t n = result.indices.size();
    const bool last = n <= most_groups;
    const std::size_t groups = last ? n : most_groups;
    const auto first = [&](std::size_t g) { return g * n / groups; };
    // One group a column; the last round has one point a group, with its weight as the start.
    parallel_for(last ? (groups + B - 1) / B : groups, threads, monitor, Stage::Recombine,
                 [&](std::size_t item, int thread) {
                   Array<double>& mine = scratch[thread];
                   if (mine.size() == 0) mine.reset(N * B + source.scratch_size());
                   double* block = mine.data();
                   if (last) {
                     const std::size_t begin = item * B, end = std::min(groups, begin + B);
                     source.features(result.indices.data() + begin, end - begin, block, B, block + N * B);
                     for (std::size_t e = 0; e < N; e++)
                       for (std::size_t i = begin; i < end; i++) columns[e * stride + i] = block[e * B + i - begin];
                     return;
                   }
                   for (std::size_t e = 0; e < N; e++) columns[e * stride + item] = 0;
                   for (std::size_t begin = first(item); begin < first(item + 1); begin += B) {
                     const std::size_t size = std::min(B, first(item + 1) - begin);
                     source.features(result.indices.data() + begin, size, block, B, block + N * B);
                     const double* weight = result.weights.data() + begin;
                     for (std::size_t e = 0; e < N; e++) {
                       double s = 0;
                       for (std::size_t i = 0; i < size; i++) s += weight[i] * block[e * B + i];
                       columns[e * stride + item] += s;
                     }
                   }
                 });
    for (std::size_t e = 0; e < N; e++)
      for (std::size_t c = groups; c < stride; c++) columns[e * stride + c] = 0;
    const TableauResult vertex = simd().vertex(static_cast<int>(N), static_cast<int>(groups), stride, columns.data(),
                                               last ? result.weights.data() : ones.data(), kRankTolerance,
                                               multipliers.data(), workspace.data(), eliminate_wide, stop_of(monitor));
    monitor.check();
    result.rank = vertex.rank;
    result.solved = vertex.solved;
    std::size_t kept = 0;
    for (std::size_t g = 0; g < groups; g++) {
      if (!(multipliers[g] > 0)) continue;
      for (std::size_t i = first(g); i < first(g + 1); i++) {
        result.indices[kept] = result.indices[i];
        result.weights[kept++] = last ? multipliers[g] : result.weights[i] * multipliers[g];
      }
    }
    if (kept == n && !last) result.solved = false;
    result.indices.resize(kept);
    result.weights.resize(kept);
    if (last || !result.solved) return result;
  }
}

}  // namespace fewpoints
