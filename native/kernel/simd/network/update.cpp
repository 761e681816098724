// The update rules. Formulas and parameters are those of the documentation of torch.optim.
#include "simd/network/network_parts.hpp"
#include "simd/vector/lanes.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// The numbers of a step, rounded to T once per call.
template <class T>
struct Step {
  using V = VecOf<T>;
  explicit Step(const UpdateStep& s)
      : rate(of(s.rate)),
        momentum(of(s.momentum)),
        keep1(of(s.beta1)),
        new1(of(1 - s.beta1)),
        keep2(of(s.beta2)),
        new2(of(1 - s.beta2)),
        alpha(of(s.alpha)),
        rest(of(1 - s.alpha)),
        epsilon(of(s.epsilon)),
        decay(of(s.weight_decay)),
        root_correction(of(s.root_correction)),
        decay_factor(of(s.decay_factor)),
        shrink(of(s.shrink)),
        grow(of(s.grow)),
        min_step(of(s.min_step)),
        max_step(of(s.max_step)) {}
  static V of(double x) { return splat(static_cast<T>(x)); }
  V rate, momentum, keep1, new1, keep2, new2, alpha, rest, epsilon, decay, root_correction, decay_factor, shrink, grow,
      min_step, max_step;
};

// Updates one vector of parameters p with gradient g, and the numbers that the rule remembers of them.
template <class T, Rule rule>
FEWPOINTS_INLINE void one(const Step<T>& s, VecOf<T> g, VecOf<T>& p, VecOf<T>& first, VecOf<T>& second) {
  using V = VecOf<T>;
  if constexpr (rule != Rule::AdamW && rule != Rule::Rprop) g = madd(s.decay, p, g);
  if constexpr (rule == Rule::Sgd) p = nmadd(s.rate, g, p);
  if constexpr (rule == Rule::Momentum || rule == Rule::Nesterov) {
    first = madd(s.momentum, first, g);
    p = nmadd(s.rate, rule == Rule::Nesterov ? madd(s.momentum, first, g) : first, p);
  }
  if constexpr (rule == Rule::Adam || rule == Rule::AdamW) {
    if constexpr (rule == Rule::AdamW) p *= s.decay_factor;
    first = madd(s.new1, g - first, first);
    second = madd(s.keep2, second, s.new2 * (g * g));
    p = nmadd(s.rate, first / (square_root(second) / s.root_correction + s.epsilon), p);
  }
  if constexpr (rule == Rule::RmsProp) {
    second = madd(s.alpha, second, s.rest * (g * g));
    first = madd(s.momentum, first, g / (square_root(second) + s.epsilon));
    p = nmadd(s.rate, first, p);
  }
  if constexpr (rule == Rule::Rprop) {  // first: the last gradient, second: the step sizes
    const V sign = g * first;
    const V factor = sign > V{} ? s.grow : (sign < V{} ? s.shrink : splat(static_cast<T>(1)));
    second = minimum(maximum(second * factor, s.min_step), s.max_step);
    g = sign < V{} ? V{} : g;
    p = p - (g > V{} ? second : (g < V{} ? -second : V{}));
    first = g;
  }
  if constexpr (rule == Rule::Adagrad) {
    second = madd(g, g, second);
    p = nmadd(s.rate, g / (square_root(second) + s.epsilon), p);
  }
}

template <class T, Rule rule>
void all(const UpdateStep& step, size_t count, const double* sums, size_t slots, size_t slot_stride, const T* factor,
         T* p, T* first, T* second) {
  constexpr size_t L = Lanes<T>::count;
  constexpr bool has_first = memory_of(rule).has_first, has_second = memory_of(rule).has_second;
  const Step<T> s(step);
  for (size_t i = 0; i < count; i += kNeuronTile) {
    double sum[kNeuronTile];
    T g[kNeuronTile];
    for (size_t l = 0; l < kNeuronTile; l++) sum[l] = sums[i + l];
    for (size_t slot = 1; slot < slots; slot++)
      for (size_t l = 0; l < kNeuronTile; l++) sum[l] += sums[slot * slot_stride + i + l];
    for (size_t l = 0; l < kNeuronTile; l++) g[l] = static_cast<T>(sum[l]);
    if (factor != nullptr)
      for (size_t l = 0; l < kNeuronTile; l++) g[l] *= factor[i + l];
    for (size_t l = 0; l < kNeuronTile; l += L) {
      VecOf<T> parameters = loadu(p + i + l), one_first = {}, one_second = {};
      if constexpr (has_first) one_first = loadu(first + i + l);
      if constexpr (has_second) one_second = loadu(second + i + l);
      one<T, rule>(s, loadu(g + l), parameters, one_first, one_second);
      storeu(p + i + l, parameters);
      if constexpr (has_first) storeu(first + i + l, one_first);
      if constexpr (has_second) storeu(second + i + l, one_second);
    }
  }
}

}  // namespace

template <class T>
void update(const UpdateStep& step, size_t count, const double* sums, size_t slots, size_t slot_stride, const T* factor,
            T* parameters, T* first, T* second) {
#define FEWPOINTS_CASE(name, ...) \
  case Rule::name: return all<T, Rule::name>(step, count, sums, slots, slot_stride, factor, parameters, first, second);
  switch (step.rule) { FEWPOINTS_RULES(FEWPOINTS_CASE) }
#undef FEWPOINTS_CASE
}

template void update(const UpdateStep&, size_t, const double*, size_t, size_t, const float*, float*, float*, float*);
template void update(const UpdateStep&, size_t, const double*, size_t, size_t, const double*, double*, double*,
                     double*);

}  // namespace fewpoints::FEWPOINTS_SIMD
