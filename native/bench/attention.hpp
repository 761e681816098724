// The heads of one layer of causal attention, for bench/cases/fig7.mjs, in float32 and on one thread.
#pragma once
#include <cstddef>

#include "base/list.hpp"

namespace fewpoints::bench {

constexpr std::size_t kMostInputs = 8, kMostHeadDimension = 8, kMostTokens = 64;

// A head is q, k, v (each dimension x inputs, row-major) and o (dimension), one after the other. It counts
// `multiplicity` times.
struct Heads {
  std::size_t count, inputs, dimension;
  List<double> parameters, multiplicity;
  std::size_t width() const { return dimension * (3 * inputs + 1); }
};

// Each of `count` prompts is `length` tokens of `inputs` numbers. The last token asks.
struct Prompts {
  std::size_t count, length, inputs;
  List<double> tokens;
};

// The output at the last token of each prompt: the sum over the heads of multiplicity o.(sum_j p_j v x_j), p the
// softmax over the tokens j of (q x_last).(k x_j) / sqrt(dimension).
List<double> attention_values(const Heads& heads, const Prompts& prompts);

// The derivative of sum_s pulls[s] output[s] by the parameters of one copy of each head. It does not depend on the
// multiplicity.
List<double> attention_gradient(const Heads& heads, const Prompts& prompts, const List<double>& pulls);

}  // namespace fewpoints::bench
