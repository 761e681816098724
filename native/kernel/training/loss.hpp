// Values of a network for tiles of samples, and the losses made of them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "parallel/thread_team.hpp"
#include "training/layer.hpp"
#include "training/train.hpp"

namespace fewpoints {

// How many threads are worth it, at most `threads`, for so many rows at a time.
int team_size(const Network& network, std::size_t rows, int threads);

// Neurons whose contributions are added up in T before they are added in double: so that 10^6 neurons lose no more
// digits than 10^3, and few rows of a wide network still keep many threads busy.
// Of a tile of samples, so that a chunk of many columns is not much more work than one of few.
template <class T>
std::size_t chunk_size(const Layer<T>& layer) {
  const auto columns = usize(layer.layout.inputs) + usize(layer.layout.outputs);
  return std::max<std::size_t>(1024 / (columns / 32 + 1), 32);
}
template <class T>
std::size_t chunks_of(const Layer<T>& layer) {
  return (static_cast<std::size_t>(layer.layout.width) + chunk_size(layer) - 1) / chunk_size(layer);
}
// The share of one chunk in the values of a tile: outputs x kSampleTile.
template <class T>
void chunk_values(const Layer<T>& layer, const T* const* x, std::size_t offset, std::size_t chunk, T* f);

// The losses of the first `size` samples of a tile with values f and labels y, and their derivatives by f; all but
// `loss` outputs x kSampleTile. 'mse' is the mean over the outputs, 'cross-entropy' that of softmax(f) with the
// probabilities y.
void loss_of_tile(Loss kind, int outputs, std::size_t size, const double* f, const double* y, double* error,
                  double* loss);

// The weighted mean of the loss.
template <class T>
double mean_loss(const Layer<T>& layer, const Columns<T>& data, Loss loss, ThreadTeam& team);

}  // namespace fewpoints
