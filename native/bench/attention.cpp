// Compiled for the processor that compiles it (native/CMakeLists.txt). A lane of a vector is a prompt.
#include "attention.hpp"

#include <cmath>

#include "base/array.hpp"
#include "simd/network/activation.hpp"

namespace fewpoints::bench {
namespace {

using namespace FEWPOINTS_SIMD;

constexpr std::size_t kLanes = Lanes<float>::count;

// Row-major numbers of each prompt, side by side: [block of lanes][number][lane]. Lanes without a prompt hold zeros.
class Blocks {
 public:
  Blocks(const List<double>& numbers, std::size_t prompts, std::size_t each)
      : each_(each), count_((prompts + kLanes - 1) / kLanes), values_(count_ * each * kLanes) {
    std::fill_n(values_.data(), values_.size(), 0.0f);
    for (std::size_t s = 0; s < prompts; s++)
      for (std::size_t i = 0; i < each; i++)
        values_.data()[((s / kLanes) * each + i) * kLanes + s % kLanes] = static_cast<float>(numbers[s * each + i]);
  }
  std::size_t count() const { return count_; }
  const float* operator[](std::size_t block) const { return values_.data() + block * each_ * kLanes; }

 private:
  std::size_t each_, count_;
  Array<float> values_;
};

// A head's view of a block of prompts. INPUTS and DIMENSION are 0 where they are known only at run time.
template <std::size_t INPUTS, std::size_t DIMENSION>
class Head {
 public:
  Head(const Heads& heads, std::size_t tokens)
      : inputs_(INPUTS > 0 ? INPUTS : heads.inputs),
        dimension_(DIMENSION > 0 ? DIMENSION : heads.dimension),
        tokens_(tokens),
        scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(heads.dimension)))) {}

  // parameters: those of the head, as many as Heads::width().
  void read(const double* parameters) {
    for (std::size_t i = 0; i < dimension() * (3 * inputs() + 1); i++)
      parameters_[i] = static_cast<float>(parameters[i]);
  }

  // The outputs without the multiplicity.
  FEWPOINTS_INLINE FloatVec attend(const float* x) {
    const float* last = x + (tokens_ - 1) * inputs() * kLanes;
    FloatVec scorer[size(INPUTS, kMostInputs)] = {};
    for (std::size_t i = 0; i < dimension(); i++) {
      FloatVec query = {};
      for (std::size_t a = 0; a < inputs(); a++) query = madd(splat(q(i)[a]), loadu(last + a * kLanes), query);
      query_[i] = query * splat(scale_);
      for (std::size_t a = 0; a < inputs(); a++) scorer[a] = madd(query_[i], splat(k(i)[a]), scorer[a]);
    }
    FloatVec highest = splat(-HUGE_VALF);
    for (std::size_t j = 0; j < tokens_; j++) {
      share_[j] = along(scorer, x, j);
      highest = maximum(highest, share_[j]);
    }
    FloatVec sum = {};
    for (std::size_t a = 0; a < inputs(); a++) mean_[a] = FloatVec{};
    for (std::size_t j = 0; j < tokens_; j++) {
      share_[j] = exponential<float>(share_[j] - highest);
      sum += share_[j];
      add_token(mean_, share_[j], x, j);
    }
    inverse_ = splat(1.0f) / sum;
    FloatVec out = {};
    for (std::size_t a = 0; a < inputs(); a++) mean_[a] *= inverse_;
    for (std::size_t i = 0; i < dimension(); i++) {
      FloatVec value = {};
      for (std::size_t a = 0; a < inputs(); a++) value = madd(splat(v(i)[a]), mean_[a], value);
      value_[i] = value;
      out = madd(splat(o(i)), value, out);
    }
    return out;
  }

  // Adds pull times the derivatives of what attend() returned for the same prompts to `sums`, in the order of the
  // parameters.
  FEWPOINTS_INLINE void pull_back(const float* x, FloatVec pull, FloatVec* sums) const {
    const std::size_t block = dimension() * inputs();
    FloatVec slope[size(INPUTS, kMostInputs)] = {}, scorer[size(INPUTS, kMostInputs)] = {};
    for (std::size_t i = 0; i < dimension(); i++) {
      sums[3 * block + i] += pull * value_[i];
      const FloatVec out = pull * splat(o(i));
      for (std::size_t a = 0; a < inputs(); a++) {
        sums[2 * block + i * inputs() + a] += out * mean_[a];
        slope[a] = madd(out, splat(v(i)[a]), slope[a]);
      }
    }
    FloatVec middle = {};
    for (std::size_t a = 0; a < inputs(); a++) middle = madd(slope[a], mean_[a], middle);
    for (std::size_t j = 0; j < tokens_; j++)
      add_token(scorer, share_[j] * inverse_ * (along(slope, x, j) - middle), x, j);
    const float* last = x + (tokens_ - 1) * inputs() * kLanes;
    for (std::size_t i = 0; i < dimension(); i++) {
      FloatVec query = {};
      for (std::size_t a = 0; a < inputs(); a++) {
        sums[block + i * inputs() + a] += query_[i] * scorer[a];
        query = madd(splat(k(i)[a]), scorer[a], query);
      }
      query *= splat(scale_);
      for (std::size_t a = 0; a < inputs(); a++) sums[i * inputs() + a] += query * loadu(last + a * kLanes);
    }
  }

 private:
  static constexpr std::size_t size(std::size_t known, std::size_t most) { return known > 0 ? known : most; }
  FEWPOINTS_INLINE std::size_t inputs() const { return INPUTS > 0 ? INPUTS : inputs_; }
  FEWPOINTS_INLINE std::size_t dimension() const { return DIMENSION > 0 ? DIMENSION : dimension_; }
  const float* q(std::size_t i) const { return parameters_ + i * inputs(); }
  const float* k(std::size_t i) const { return q(dimension() + i); }
  const float* v(std::size_t i) const { return q(2 * dimension() + i); }
  float o(std::size_t i) const { return parameters_[3 * dimension() * inputs() + i]; }

  // The inner product of `direction` and token j.
  FEWPOINTS_INLINE FloatVec along(const FloatVec* direction, const float* x, std::size_t j) const {
    FloatVec product = direction[0] * loadu(x + j * inputs() * kLanes);
    for (std::size_t a = 1; a < inputs(); a++)
      product = madd(direction[a], loadu(x + (j * inputs() + a) * kLanes), product);
    return product;
  }
  // sums += factor times token j.
  FEWPOINTS_INLINE void add_token(FloatVec* sums, FloatVec factor, const float* x, std::size_t j) const {
    for (std::size_t a = 0; a < inputs(); a++) sums[a] = madd(factor, loadu(x + (j * inputs() + a) * kLanes), sums[a]);
  }

  std::size_t inputs_, dimension_, tokens_;
  float scale_;
  float parameters_[size(DIMENSION, kMostHeadDimension) * (3 * size(INPUTS, kMostInputs) + 1)];
  // Of the last call of attend(): q x_last / sqrt(dimension), exponentials of the scores, 1 / their sum, the mean token
  // and its value.
  FloatVec query_[size(DIMENSION, kMostHeadDimension)], share_[kMostTokens], inverse_, mean_[size(INPUTS, kMostInputs)],
      value_[size(DIMENSION, kMostHeadDimension)];
};

// Calls work(head) with a Head for these heads.
template <class Work>
auto with_head(const Heads& heads, std::size_t tokens, const Work& work) {
  if (heads.inputs == 1 && heads.dimension == 2) {
    Head<1, 2> head(heads, tokens);
    return work(head);
  }
  Head<0, 0> head(heads, tokens);
  return work(head);
}

double sum_of_lanes(FloatVec x) {
  double sum = 0;
  for (std::size_t i = 0; i < kLanes; i++) sum += static_cast<double>(x[i]);
  return sum;
}

}  // namespace

List<double> attention_values(const Heads& heads, const Prompts& prompts) {
  const Blocks blocks(prompts.tokens, prompts.count, prompts.length * prompts.inputs);
  List<FloatVec> sums(blocks.count(), FloatVec{});
  with_head(heads, prompts.length, [&](auto& head) {
    for (std::size_t h = 0; h < heads.count; h++) {
      head.read(heads.parameters.data() + h * heads.width());
      const FloatVec multiplicity = splat(static_cast<float>(heads.multiplicity[h]));
      for (std::size_t b = 0; b < blocks.count(); b++) sums[b] = madd(multiplicity, head.attend(blocks[b]), sums[b]);
    }
  });
  List<double> values(prompts.count);
  for (std::size_t s = 0; s < prompts.count; s++) values[s] = static_cast<double>(sums[s / kLanes][s % kLanes]);
  return values;
}

List<double> attention_gradient(const Heads& heads, const Prompts& prompts, const List<double>& pulls) {
  const Blocks blocks(prompts.tokens, prompts.count, prompts.length * prompts.inputs);
  const Blocks pull(pulls, prompts.count, 1);
  const std::size_t width = heads.width();
  List<double> gradient(heads.count * width);
  List<FloatVec> sums(width, FloatVec{});
  with_head(heads, prompts.length, [&](auto& head) {
    for (std::size_t h = 0; h < heads.count; h++) {
      head.read(heads.parameters.data() + h * width);
      for (std::size_t i = 0; i < width; i++) sums[i] = FloatVec{};
      for (std::size_t b = 0; b < blocks.count(); b++) {
        head.attend(blocks[b]);
        head.pull_back(blocks[b], loadu(pull[b]), sums.data());
      }
      for (std::size_t i = 0; i < width; i++) gradient[h * width + i] = sum_of_lanes(sums[i]);
    }
  });
  return gradient;
}

}  // namespace fewpoints::bench
