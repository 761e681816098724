// The values of a network, tile by tile of samples.
#pragma once
#include <algorithm>
#include <cstddef>

#include "base/list.hpp"
#include "parallel/thread_team.hpp"
#include "training/layer.hpp"

namespace fewpoints {

// A rough number of multiply-adds that take a thread longer than a team takes to synchronise.
constexpr double kWorkPerWorker = 2e5;
// The number of threads that this much work is worth, at most `threads`.
inline int team_size(double work, int threads) {
  return static_cast<int>(std::clamp(work / kWorkPerWorker, 1.0, static_cast<double>(threads)));
}

// The number of neurons per chunk. Their contributions to a tile are added in T, the sums of chunks in double. So 10^6
// neurons lose no more digits than 10^3, and few rows of a wide network still keep many threads busy. With many columns
// a chunk has fewer neurons, so that its work stays about the same.
template <class T>
std::size_t chunk_size(const Layer<T>& layer) {
  const auto columns = usize(layer.layout.inputs) + usize(layer.layout.outputs);
  return std::max<std::size_t>(1024 / (columns / 32 + 1), 32);
}
template <class T>
std::size_t chunks_of(const Layer<T>& layer) {
  return (static_cast<std::size_t>(layer.layout.width) + chunk_size(layer) - 1) / chunk_size(layer);
}

// Sets f to the contribution of one chunk to the values of the tile that begins at sample `offset`: outputs x
// kSampleTile numbers.
template <class T>
void chunk_values(const Layer<T>& layer, const T* const* x, std::size_t offset, std::size_t chunk, T* f) {
  const std::size_t begin = chunk * chunk_size(layer);
  const std::size_t end = std::min(begin + chunk_size(layer), static_cast<std::size_t>(layer.layout.width));
  network_kernels<T>().forward(layer.view(), x, offset, begin, end, f);
}

// Computes the values of all tiles. Calls use(tile, f, worker) on any worker of the team; f[o * kSampleTile + i] is
// output o of sample i of the tile.
template <class T, class Use>
void all_values(const Layer<T>& layer, const Columns<T>& data, ThreadTeam& team, const Use& use) {
  const std::size_t numbers = kSampleTile * usize(layer.layout.outputs);
  List<List<T>> parts(team.size(), List<T>(numbers));
  List<List<double>> sums(team.size(), List<double>(numbers));
  team.run([&](ThreadTeam::Worker& worker) {
    T* const part = parts[worker.index()].data();
    double* const f = sums[worker.index()].data();
    worker.phase(data.tiles(), [&](std::size_t tile) {
      for (std::size_t i = 0; i < numbers; i++) f[i] = static_cast<double>(layer.output_bias()[i / kSampleTile]);
      for (std::size_t chunk = 0; chunk < chunks_of(layer); chunk++) {
        chunk_values(layer, data.x().data(), tile * kSampleTile, chunk, part);
        for (std::size_t i = 0; i < numbers; i++) f[i] += static_cast<double>(part[i]);
      }
      use(tile, f, worker.index());
    });
  });
}

}  // namespace fewpoints
