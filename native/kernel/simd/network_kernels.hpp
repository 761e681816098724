// Two-layer networks in simd/: what forward, backward and update are given. T is float or double.
#pragma once
#include <stddef.h>

namespace fewpoints {

constexpr size_t kSampleTile = 64;  // samples whose values are computed together
constexpr size_t kNeuronTile = 32;  // rows of neurons are padded with zeros to a multiple of this

// One row of `stride` numbers for each kind of parameter: inputs rows of weights, the biases, outputs rows of weights.
template <class T>
struct NetworkView {
  int activation, inputs, outputs;
  size_t stride;
  const T* rows;
  const T* outgoing;  // outputs rows: multiplicity times weight
};

enum UpdateRule { kSgd, kMomentum, kNesterov, kAdam, kAdamW, kRmsProp, kRprop, kAdagrad };

struct UpdateStep {
  UpdateRule rule;
  double rate;  // of this step: Adam's divided by 1 - beta1^t, Adagrad's with its decay
  double momentum, beta1, beta2, alpha, epsilon, decay;
  double root_correction;  // Adam: sqrt(1 - beta2^t)
  double decay_factor;     // AdamW: what parameters are multiplied with first
  double shrink, grow, least_step, largest_step;
};

template <class T>
struct NetworkKernels {
  // f[o * kSampleTile + i] = sum over neurons in [begin, end) of outgoing_o s(z_i), for samples offset + i, i <
  // kSampleTile. x: one column an input.
  void (*forward)(const NetworkView<T>& network, const T* const* x, size_t offset, size_t begin, size_t end, T* f);
  // Sums over samples in [begin, end) of the gradient of sum_o error_o f_o by the parameters of one copy of each neuron
  // in [first, last), multiples of kNeuronTile: sums[row * stride + neuron] is set. Added up in T over at most 512
  // samples, in double beyond.
  void (*backward)(const NetworkView<T>& network, const T* const* x, const T* const* error, size_t begin, size_t end,
                   size_t first, size_t last, double* sums, double* workspace);
  size_t (*backward_workspace)(int inputs, int outputs);  // in doubles
  // One step for `count` parameters, a multiple of kNeuronTile. Their gradient is the sum over `slots` arrays,
  // slot_stride apart, times factor[i] unless that is nullptr.
  void (*update)(const UpdateStep& step, size_t count, const double* sums, size_t slots, size_t slot_stride,
                 const T* factor, T* parameters, T* first, T* second);
};

}  // namespace fewpoints
