// Losses of a network on rows.
#pragma once
#include <cstddef>

#include "parallel/thread_team.hpp"
#include "training/layer.hpp"

namespace fewpoints {

// Sets `loss` to the losses of the first `size` samples of a tile with values f and labels y, and `error` to their
// derivatives by f. All arrays but `loss` are outputs x kSampleTile. Mse is the mean over the outputs. CrossEntropy
// compares softmax(f) with the probabilities y.
void loss_of_tile(Loss kind, int outputs, std::size_t size, const double* f, const double* y, double* error,
                  double* loss);

// The weighted mean of the loss. Throws Cancelled, std::bad_alloc.
template <class T>
double mean_loss(const Layer<T>& layer, const Columns<T>& data, Loss loss, ThreadTeam& team);

}  // namespace fewpoints
