#include "training/step.hpp"

#include <algorithm>

#include "training/loss.hpp"
#include "training/values.hpp"

namespace fewpoints {
namespace {

// The gradient is summed over groups of samples: at most kMaxGroups of them, each of kGroup samples or more.
constexpr std::size_t kGroup = 4096, kMaxGroups = 64;
// Neurons times samples per chunk of the gradient, times columns / 32 where there are many. A chunk takes tens of
// microseconds.
constexpr std::size_t kGradientChunk = 1 << 16;
// Parameters per chunk of the update.
constexpr std::size_t kUpdateChunk = 4096;

std::size_t parts(std::size_t n, std::size_t of) { return (n + of - 1) / of; }
std::size_t group_size(std::size_t count) {
  return std::max(kGroup, parts(parts(count, kMaxGroups), kSampleTile) * kSampleTile);
}

}  // namespace

template <class T>
TrainingStep<T>::TrainingStep(Layer<T>& layer, OptimizerMemory<T>& memory, const Columns<T>& data, bool weighted,
                              std::size_t largest, const TrainOptions& options)
    : layer_(layer),
      memory_(memory),
      data_(data),
      layout_(layer.layout),
      loss_(options.loss),
      weighted_(weighted && data.share() != nullptr),
      per_copy_(options.per_copy),
      forward_chunks_(chunks_of(layer)) {
  const std::size_t tiles = parts(largest, kSampleTile);
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  if (options.batch == 0) {
    x_ = data.x();
  } else {
    for (int a = 0; a < layout_.inputs; a++) {
      gathered_.emplace_back(tiles * kSampleTile);
      x_.push_back(gathered_.back().data());
    }
  }
  for (std::size_t o = 0; o < outputs; o++) {
    error_.emplace_back(tiles * kSampleTile);
    error_at_.push_back(error_.back().data());
  }
  part_.reset(product(tiles, forward_chunks_, outputs, kSampleTile));
  bias_part_.reset(product(tiles, outputs));
  sums_.reset(product(std::min(parts(largest, kGroup), kMaxGroups), layout_.length()));
  const std::size_t scratch = std::max(network_kernels<T>().backward_workspace(layout_.inputs, layout_.outputs),
                                       (3 * outputs + 1) * kSampleTile);
  for (int i = 0; i < options.threads; i++) scratch_.emplace_back(scratch);
}

template <class T>
void TrainingStep<T>::take(ThreadTeam::Worker& worker, const std::uint32_t* rows, std::size_t count,
                           const UpdateStep& update) {
  const std::size_t tiles = parts(count, kSampleTile), groups = parts(count, group_size(count));
  if (rows != nullptr) worker.phase(tiles, [&](std::size_t tile) { gather(rows, count, tile); });
  worker.phase(tiles * forward_chunks_, [&](std::size_t i) {
    chunk_values(layer_, x_.data(), i / forward_chunks_ * kSampleTile, i % forward_chunks_,
                 part_.data() + i * usize(layout_.outputs) * kSampleTile);
  });
  worker.phase(tiles, [&](std::size_t tile) { find_errors(rows, count, tile, worker.index()); });

  const std::size_t all = layout_.stride / kNeuronTile;
  const std::size_t tile_work = kNeuronTile * std::min(count, group_size(count)) * (layout_.rows() / 32 + 1);
  const std::size_t chunks = parts(all, parts(kGradientChunk, tile_work));
  worker.phase(groups * chunks,
               [&](std::size_t i) { add_gradient(count, i / chunks, i % chunks, chunks, worker.index()); });
  worker.phase(layout_.rows() * parts(layout_.stride, kUpdateChunk) + 1,
               [&](std::size_t i) { update_row(count, i, update); });
}

template <class T>
void TrainingStep<T>::gather(const std::uint32_t* rows, std::size_t count, std::size_t tile) {
  const std::size_t first = tile * kSampleTile, size = std::min(kSampleTile, count - first);
  for (int a = 0; a < layout_.inputs; a++) {
    const T* const from = data_.x()[a];
    T* const to = gathered_[a].data() + first;
    for (std::size_t i = 0; i < size; i++) to[i] = from[rows[first + i]];
    std::fill(to + size, to + kSampleTile, T{});
  }
}

// Computes the derivatives of the batch's loss by the values. Their sums are the gradient of the output biases.
template <class T>
void TrainingStep<T>::find_errors(const std::uint32_t* rows, std::size_t count, std::size_t tile, int worker) {
  const int outputs = layout_.outputs;
  const std::size_t first = tile * kSampleTile, size = std::min(kSampleTile, count - first);
  double* const f = scratch_[worker].data();
  double *const y = f + usize(outputs) * kSampleTile, *const error = y + usize(outputs) * kSampleTile;
  double* const share = error + usize(outputs) * kSampleTile;
  const auto row = [&](std::size_t i) { return rows == nullptr ? first + i : rows[first + i]; };
  for (int o = 0; o < outputs; o++) {
    double* const to = f + usize(o) * kSampleTile;
    std::fill_n(to, kSampleTile, static_cast<double>(layer_.output_bias()[o]));
    for (std::size_t c = 0; c < forward_chunks_; c++) {
      const T* const part = part_.data() + ((tile * forward_chunks_ + c) * usize(outputs) + usize(o)) * kSampleTile;
      for (std::size_t i = 0; i < kSampleTile; i++) to[i] += static_cast<double>(part[i]);
    }
    for (std::size_t i = 0; i < size; i++) y[usize(o) * kSampleTile + i] = static_cast<double>(data_.y()[o][row(i)]);
  }
  loss_of_tile(loss_, outputs, size, f, y, error, share);
  for (std::size_t i = 0; i < size; i++)
    share[i] = (weighted_ ? static_cast<double>(data_.share()[row(i)]) : 1.0) / static_cast<double>(count);
  for (int o = 0; o < outputs; o++) {
    double sum = 0;
    for (std::size_t i = 0; i < size; i++) {
      const double e = share[i] * error[usize(o) * kSampleTile + i];
      error_[o][first + i] = static_cast<T>(e);
      sum += e;
    }
    bias_part_[tile * usize(outputs) + usize(o)] = sum;
  }
}

template <class T>
void TrainingStep<T>::add_gradient(std::size_t count, std::size_t group, std::size_t chunk, std::size_t chunks,
                                   int worker) {
  const std::size_t size = group_size(count), all = layout_.stride / kNeuronTile;
  network_kernels<T>().backward(layer_.view(), x_.data(), error_at_.data(), group * size,
                                std::min(count, (group + 1) * size), chunk * all / chunks * kNeuronTile,
                                (chunk + 1) * all / chunks * kNeuronTile, sums_.data() + group * layout_.length(),
                                scratch_[worker].data());
}

// A chunk is a part of one row of parameters. The last chunk is the output biases.
template <class T>
void TrainingStep<T>::update_row(std::size_t count, std::size_t chunk, const UpdateStep& update) {
  const std::size_t in_row = parts(layout_.stride, kUpdateChunk), row = chunk / in_row;
  const std::size_t groups = parts(count, group_size(count));
  const auto change = [&](std::size_t at, std::size_t length, std::size_t slots, const T* factor) {
    T* const first = memory_.first();
    T* const second = memory_.second();
    network_kernels<T>().update(update, length, sums_.data() + at, slots, layout_.length(), factor,
                                layer_.values() + at, first ? first + at : nullptr, second ? second + at : nullptr);
  };
  if (row == layout_.rows()) {
    const std::size_t at = layout_.output_bias();
    double* const sums = sums_.data() + at;
    std::fill(sums, sums_.data() + layout_.length(), 0.0);
    for (std::size_t tile = 0; tile < parts(count, kSampleTile); tile++)
      for (int o = 0; o < layout_.outputs; o++) sums[o] += bias_part_[tile * usize(layout_.outputs) + usize(o)];
    change(at, layout_.length() - at, 1, nullptr);
    return;
  }
  const std::size_t begin = chunk % in_row * kUpdateChunk, end = std::min(begin + kUpdateChunk, layout_.stride);
  change(row * layout_.stride + begin, end - begin, groups, per_copy_ ? nullptr : layer_.copies() + begin);
  const std::size_t first_output = static_cast<std::size_t>(layout_.inputs) + 1;
  if (row >= first_output) layer_.renew_outgoing(static_cast<int>(row - first_output), begin, end);
}

template class TrainingStep<float>;
template class TrainingStep<double>;

}  // namespace fewpoints
