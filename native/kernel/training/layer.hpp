// A network, the memory of its update rule, and rows, in the layout of the kernels: in T, one array per kind of
// parameter or per column, padded to whole vectors.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "simd/kernels.hpp"
#include "training/network.hpp"

namespace fewpoints {

template <class T>
const NetworkKernels<T>& network_kernels();

// The place of each parameter in one array: `inputs` rows of weights, the biases, `outputs` rows of weights, each
// `stride` long, then the output biases.
struct Layout {
  explicit Layout(const Network& network);
  int inputs, width, outputs;
  std::size_t stride;
  std::size_t rows() const { return usize(inputs) + 1 + usize(outputs); }
  std::size_t output_bias() const { return rows() * stride; }
  std::size_t length() const;  // a multiple of kNeuronTile
};

template <class T>
class Layer {
 public:
  explicit Layer(const Network& network);
  const Layout layout;
  Parameters parameters() const;
  NetworkView<T> view() const;
  T* values() { return values_.data(); }
  const T* output_bias() const { return values_.data() + layout.output_bias(); }
  const T* copies() const { return copies_.data(); }
  // Must be called after the outgoing weights of neurons [begin, end) to this output have changed.
  void renew_outgoing(int output, std::size_t begin, std::size_t end);

 private:
  Activation activation_;
  Array<T> values_, copies_, outgoing_;
};

template <class T>
class OptimizerMemory {
 public:
  OptimizerMemory(const Layout& layout, const OptimizerState& state, const TrainOptions& options);
  OptimizerState state(std::uint64_t step) const;
  // nullptr when the rule has none.
  T* first() { return first_.data(); }
  T* second() { return second_.data(); }

 private:
  const Layout layout_;
  Array<T> first_, second_;
};

// Rows, one array per column, padded with zeros to whole tiles of samples.
template <class T>
class Columns {
 public:
  // weights of size 0: all 1.
  Columns(std::size_t count, const List<Array<double>>& x, const List<Array<double>>& y, const Array<double>& weights);
  std::size_t count() const { return count_; }
  std::size_t tiles() const { return (count_ + kSampleTile - 1) / kSampleTile; }
  const List<const T*>& x() const { return x_; }
  const List<const T*>& y() const { return y_; }
  // weight / mean weight per row; nullptr: all 1.
  const T* share() const { return share_.data(); }

 private:
  std::size_t count_;
  List<Array<T>> columns_;
  List<const T*> x_, y_;
  Array<T> share_;
};

}  // namespace fewpoints
