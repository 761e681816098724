// The kernels of two-layer networks, and the enumerations and constants that they share with training. T is float or
// double.
#pragma once
#include <stddef.h>

namespace fewpoints {

// Each enumeration is one list: X(name, word, ...). The words are those of the TypeScript API.
#define FEWPOINTS_NAME(name, ...) name,
#define FEWPOINTS_WORD(name, word, ...) word,

#define FEWPOINTS_ACTIVATIONS(X) X(Relu, "relu") X(Tanh, "tanh") X(Sigmoid, "sigmoid") X(Gelu, "gelu") X(Sin, "sin")
enum class Activation { FEWPOINTS_ACTIVATIONS(FEWPOINTS_NAME) };

// X(name, word, {has first, has second}): whether the rule remembers these numbers per parameter.
// first: the momentum, the mean gradient, or Rprop's last gradient.
// second: the mean or the sum of squared gradients, or Rprop's step size.
#define FEWPOINTS_RULES(X)               \
  X(Sgd, "sgd", {false, false})          \
  X(Momentum, "momentum", {true, false}) \
  X(Nesterov, "nesterov", {true, false}) \
  X(Adam, "adam", {true, true})          \
  X(AdamW, "adamw", {true, true})        \
  X(RmsProp, "rmsprop", {true, true})    \
  X(Rprop, "rprop", {true, true})        \
  X(Adagrad, "adagrad", {false, true})
enum class Rule { FEWPOINTS_RULES(FEWPOINTS_NAME) };

struct RuleMemory {
  bool has_first, has_second;
};
constexpr RuleMemory memory_of(Rule rule) {
#define FEWPOINTS_MEMORY(name, word, ...) __VA_ARGS__,
  constexpr RuleMemory memories[] = {FEWPOINTS_RULES(FEWPOINTS_MEMORY)};
#undef FEWPOINTS_MEMORY
  return memories[static_cast<int>(rule)];
}

// An update rule and its numbers, with PyTorch's meaning and defaults. A rule reads its own.
struct RuleNumbers {
  Rule rule = Rule::Adam;
  double learning_rate = 1e-3, momentum = 0, beta1 = 0.9, beta2 = 0.999, alpha = 0.99, epsilon = 1e-8, weight_decay = 0;
  double learning_rate_decay = 0, shrink = 0.5, grow = 1.2, min_step = 1e-6, max_step = 50;
};

// The numbers of one update: those of the rule, and three that depend on the step.
struct UpdateStep : RuleNumbers {
  double rate = 0;             // of this step: Adam's is divided by 1 - beta1^t, Adagrad's has its decay
  double root_correction = 0;  // Adam: sqrt(1 - beta2^t)
  double decay_factor = 1;     // AdamW: multiplies the parameters first
};

constexpr size_t kSampleTile = 64;  // number of samples whose values are computed together
constexpr size_t kNeuronTile = 32;  // rows of neurons are padded with zeros to a multiple of this

// One row of `stride` numbers per kind of parameter: `inputs` rows of weights, the biases, `outputs` rows of weights.
template <class T>
struct NetworkView {
  Activation activation;
  int inputs, outputs;
  size_t stride;
  const T* rows;
  const T* outgoing;  // `outputs` rows: multiplicity times weight
};

template <class T>
struct NetworkKernels {
  // Sets f[o * kSampleTile + i] to the sum over neurons in [begin, end) of outgoing_o s(z_i), for the samples
  // offset + i, i < kSampleTile. x: one column per input.
  void (*forward)(const NetworkView<T>& network, const T* const* x, size_t offset, size_t begin, size_t end, T* f);
  // Sets sums[row * stride + neuron] to the gradient of sum_o error_o f_o by the parameters of one copy of each neuron
  // in [first, last), summed over the samples in [begin, end). first and last are multiples of kNeuronTile. Up to 512
  // samples are added in T, their sums in double.
  void (*backward)(const NetworkView<T>& network, const T* const* x, const T* const* error, size_t begin, size_t end,
                   size_t first, size_t last, double* sums, double* workspace);
  size_t (*backward_workspace)(int inputs, int outputs);  // in doubles
  // One step for `count` parameters, a multiple of kNeuronTile. Their gradient is the sum over `slots` arrays,
  // slot_stride apart, times factor[i] unless factor is nullptr.
  void (*update)(const UpdateStep& step, size_t count, const double* sums, size_t slots, size_t slot_stride,
                 const T* factor, T* parameters, T* first, T* second);
};

}  // namespace fewpoints
