#include "training/layer.hpp"

#include <algorithm>
#include <numeric>

#include "base/list.hpp"

namespace fewpoints {
namespace {

std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

template <class T>
Array<T> zeros(std::size_t count) {
  Array<T> a(count);
  std::fill_n(a.data(), count + Array<T>::kPadding, T{});
  return a;
}

template <class T>
void scatter(const Layout& l, const Parameters& from, T* to) {
  for (int j = 0; j < l.width; j++) {
    for (int a = 0; a < l.inputs; a++)
      to[usize(a) * l.stride + usize(j)] = static_cast<T>(from.hidden[usize(j) * usize(l.inputs) + usize(a)]);
    to[usize(l.inputs) * l.stride + usize(j)] = static_cast<T>(from.bias[j]);
    for (int o = 0; o < l.outputs; o++)
      to[(usize(l.inputs) + 1 + usize(o)) * l.stride + usize(j)] =
          static_cast<T>(from.output[usize(j) * usize(l.outputs) + usize(o)]);
  }
  for (int o = 0; o < l.outputs; o++) to[l.output_bias() + usize(o)] = static_cast<T>(from.output_bias[o]);
}

template <class T>
Parameters gather(const Layout& l, const T* from) {
  const auto width = static_cast<std::size_t>(l.width);
  Parameters to{List<double>(width * usize(l.inputs)), List<double>(width), List<double>(width * usize(l.outputs)),
                List<double>(l.outputs)};
  for (std::size_t j = 0; j < width; j++) {
    for (int a = 0; a < l.inputs; a++) to.hidden[j * usize(l.inputs) + usize(a)] = from[usize(a) * l.stride + j];
    to.bias[j] = from[usize(l.inputs) * l.stride + j];
    for (int o = 0; o < l.outputs; o++)
      to.output[j * usize(l.outputs) + usize(o)] = from[(usize(l.inputs) + 1 + usize(o)) * l.stride + j];
  }
  for (int o = 0; o < l.outputs; o++) to.output_bias[o] = from[l.output_bias() + usize(o)];
  return to;
}

}  // namespace

template <>
const NetworkKernels<float>& network_kernels<float>() {
  return *simd().network32;
}
template <>
const NetworkKernels<double>& network_kernels<double>() {
  return *simd().network64;
}

Layout::Layout(const Network& network)
    : inputs(network.inputs),
      width(network.width),
      outputs(network.outputs),
      stride(up(static_cast<std::size_t>(network.width), kNeuronTile)) {}

std::size_t Layout::length() const { return rows() * stride + up(static_cast<std::size_t>(outputs), kNeuronTile); }

// ---- Layer

template <class T>
Layer<T>::Layer(const Network& network)
    : layout(network),
      activation_(network.activation),
      values_(zeros<T>(layout.length())),
      copies_(zeros<T>(layout.stride)),
      outgoing_(zeros<T>(layout.stride * usize(layout.outputs))) {
  scatter(layout, network.parameters, values_.data());
  for (int j = 0; j < layout.width; j++)
    copies_[j] = network.multiplicity.empty() ? T{1} : static_cast<T>(network.multiplicity[j]);
  for (int o = 0; o < layout.outputs; o++) renew_outgoing(o, 0, layout.stride);
}

template <class T>
Parameters Layer<T>::parameters() const {
  return gather(layout, values_.data());
}

template <class T>
NetworkView<T> Layer<T>::view() const {
  return {activation_, layout.inputs, layout.outputs, layout.stride, values_.data(), outgoing_.data()};
}

template <class T>
void Layer<T>::renew_outgoing(int output, std::size_t begin, std::size_t end) {
  const T* const from = values_.data() + (usize(layout.inputs) + 1 + usize(output)) * layout.stride;
  T* const to = outgoing_.data() + usize(output) * layout.stride;
  for (std::size_t j = begin; j < end; j++) to[j] = copies_[j] * from[j];
}

// ---- OptimizerMemory

template <class T>
OptimizerMemory<T>::OptimizerMemory(const Layout& layout, const OptimizerState& state, const TrainOptions& options)
    : layout_(layout) {
  const auto start = [&](bool has, const Parameters& from, Array<T>& to) {
    if (!has) return;
    to = zeros<T>(layout.length());
    if (!from.bias.empty()) scatter(layout, from, to.data());
  };
  const RuleMemory memory = memory_of(options.rule);
  start(memory.has_first, state.first, first_);
  start(memory.has_second, state.second, second_);
  if (options.rule == Rule::Rprop && state.second.bias.empty())
    std::fill_n(second_.data(), layout.length(), static_cast<T>(options.learning_rate));
}

template <class T>
OptimizerState OptimizerMemory<T>::state(std::uint64_t step) const {
  OptimizerState state;
  state.step = step;
  if (first_.size() > 0) state.first = gather(layout_, first_.data());
  if (second_.size() > 0) state.second = gather(layout_, second_.data());
  return state;
}

// ---- Columns

template <class T>
Columns<T>::Columns(std::size_t count, const List<Array<double>>& x, const List<Array<double>>& y,
                    const Array<double>& weights)
    : count_(count) {
  const auto padded = [&](const Array<double>& from, double factor) {
    const std::size_t length = up(count, kSampleTile);
    Array<T> to(length);
    for (std::size_t i = 0; i < count; i++) to[i] = static_cast<T>(from[i] * factor);
    std::fill(to.data() + count, to.data() + length, T{});
    return to;
  };
  const auto take = [&](const List<Array<double>>& from, List<const T*>& to) {
    for (const Array<double>& column : from) {
      columns_.push_back(padded(column, 1));
      to.push_back(columns_.back().data());
    }
  };
  take(x, x_);
  take(y, y_);
  if (weights.size() == 0) return;
  const double total = std::accumulate(weights.data(), weights.data() + count, 0.0);
  share_ = padded(weights, static_cast<double>(count) / total);
}

template class Layer<float>;
template class Layer<double>;
template class OptimizerMemory<float>;
template class OptimizerMemory<double>;
template class Columns<float>;
template class Columns<double>;

}  // namespace fewpoints
