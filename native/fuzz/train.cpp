// Trainer and predict(), on small networks of any shape. Compares values and one step of gradient descent with plain
// sums. The bits must be the same in one call as in two, and for any number of threads.
#include <iterator>

#include "property.hpp"
#include "reference.hpp"
#include "training/predict.hpp"
#include "training/trainer.hpp"

namespace {

using namespace fuzz;
using fewpoints::Activation;
using fewpoints::Code;

// The list type of the kernel.
using List = decltype(fewpoints::Parameters::hidden);

List read_list(Input& in, std::size_t count) {
  std::vector<double> x;
  read_column(in, count, x);
  return x;
}

std::vector<double> all(const fewpoints::Parameters& p) {
  std::vector<double> list;
  for (const auto* part : {&p.hidden, &p.bias, &p.output, &p.output_bias})
    list.insert(list.end(), part->begin(), part->end());
  return list;
}

Real activate(Activation kind, Real z) {
  switch (kind) {
    case Activation::Relu: return z > 0 ? z : 0;
    case Activation::Tanh: return std::tanh(z);
    case Activation::Sigmoid: return 1 / (1 + std::exp(-z));
    case Activation::Gelu: return z * std::erfc(-z / std::sqrt(2.0L)) / 2;
    default: return std::sin(z);
  }
}

Real slope(Activation kind, Real z) {
  switch (kind) {
    case Activation::Relu: return z > 0 ? 1 : 0;
    case Activation::Tanh: return 1 - std::tanh(z) * std::tanh(z);
    case Activation::Sigmoid: return activate(kind, z) * activate(kind, -z);
    case Activation::Gelu:
      return std::erfc(-z / std::sqrt(2.0L)) / 2 + z * std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846L);
    default: return std::cos(z);
  }
}

constexpr const char* kActivations[] = {FEWPOINTS_ACTIVATIONS(FEWPOINTS_WORD)};
constexpr const char* kRules[] = {FEWPOINTS_RULES(FEWPOINTS_WORD)};

std::unique_ptr<fewpoints::Trainer> trained(const fewpoints::Network& network, const fewpoints::Rows& rows,
                                            const fewpoints::TrainOptions& options, std::size_t epochs,
                                            fewpoints::Monitor& monitor, const fewpoints::OptimizerState& state = {}) {
  auto trainer = fewpoints::Trainer::make(network, rows, std::nullopt, state, options);
  trainer->run(epochs, monitor);
  trainer->evaluate(monitor);
  return trainer;
}

// A sum and the sum of the magnitudes of its terms.
struct Sum {
  Real value = 0, size = 0;
  void add(Real v, Real s) {
    value += v;
    size += s;
  }
  void add(Real v) { add(v, std::fabs(v)); }
};

// The reference for a batch: the values of the network, and the gradient of the loss 'mse' over all rows.
struct Reference {
  std::vector<Sum> values, gradient;
  bool moderate = true;  // the arguments of the activation are at most 100 and not next to a kink
};

Reference reference(const fewpoints::Network& n, const Set& x, const std::vector<double>& y, bool per_copy) {
  const auto inputs = static_cast<std::size_t>(n.inputs), width = static_cast<std::size_t>(n.width),
             outputs = static_cast<std::size_t>(n.outputs);
  Reference out;
  out.values.resize(x.count * outputs);
  out.gradient.resize(width * (inputs + 1 + outputs) + outputs);
  const std::size_t bias_at = width * inputs, output_at = bias_at + width, last = output_at + width * outputs;
  Real mass = 0;
  for (std::size_t i = 0; i < x.count; i++) mass += x.weight(i);
  std::vector<Real> z(width);
  for (std::size_t i = 0; i < x.count; i++) {
    for (std::size_t j = 0; j < width; j++) {
      Sum s;
      s.add(n.parameters.bias[j]);
      for (std::size_t a = 0; a < inputs; a++)
        s.add(static_cast<Real>(n.parameters.hidden[j * inputs + a]) * x.at(i, a));
      z[j] = s.value;
      out.moderate = out.moderate && s.size < 100;
      if (n.activation == Activation::Relu) out.moderate = out.moderate && std::fabs(s.value) >= 1e-4L * s.size;
    }
    std::vector<Sum> error(outputs);
    for (std::size_t o = 0; o < outputs; o++) {
      Sum& f = out.values[i * outputs + o];
      f.add(n.parameters.output_bias[o]);
      for (std::size_t j = 0; j < width; j++) {
        const Real factor =
            (n.multiplicity.empty() ? 1 : n.multiplicity[j]) * static_cast<Real>(n.parameters.output[j * outputs + o]);
        f.add(factor * activate(n.activation, z[j]), std::fabs(factor) * (1 + std::fabs(z[j])));
      }
      const Real share = x.weight(i) / mass * 2 / static_cast<Real>(outputs);
      error[o] = {share * (f.value - y[i * outputs + o]), share * (f.size + std::fabs(y[i * outputs + o]))};
      out.gradient[last + o].add(error[o].value, error[o].size);
    }
    for (std::size_t j = 0; j < width; j++) {
      const Real copies = per_copy || n.multiplicity.empty() ? 1 : n.multiplicity[j];
      Sum back;
      for (std::size_t o = 0; o < outputs; o++) {
        const Real v = n.parameters.output[j * outputs + o];
        back.add(copies * v * error[o].value, copies * std::fabs(v) * error[o].size);
        out.gradient[output_at + j * outputs + o].add(copies * error[o].value * activate(n.activation, z[j]),
                                                      copies * error[o].size * (1 + std::fabs(z[j])));
      }
      const Real s = slope(n.activation, z[j]), size = 2 * (1 + std::fabs(z[j]));
      out.gradient[bias_at + j].add(back.value * s, back.size * size);
      for (std::size_t a = 0; a < inputs; a++)
        out.gradient[j * inputs + a].add(back.value * s * x.at(i, a), back.size * size * std::fabs(x.at(i, a)));
    }
  }
  return out;
}

void check_step(const fewpoints::Network& network, const fewpoints::Rows& rows, const Set& x,
                const std::vector<double>& y, bool single, bool per_copy, fewpoints::Monitor& monitor) {
  const Reference exact = reference(network, x, y, per_copy);
  if (!exact.moderate) return;
  for (const double v : all(network.parameters))
    if (std::fabs(v) > 1e6 || (v != 0 && std::fabs(v) < 1e-6)) return;
  for (const double v : y)
    if (std::fabs(v) > 1e6) return;
  const Real unit = single ? 2e-5L : 2e-13L;
  const auto values = predict(network, rows.x, x.count, single, 1, monitor);
  demand(values.size() == exact.values.size(), "length");
  for (std::size_t i = 0; i < values.size(); i++)
    demand(std::fabs(values[i] - exact.values[i].value) <= unit * exact.values[i].size + 1e-30L,
           "a value of the network", values[i], static_cast<double>(exact.values[i].value));
  fewpoints::TrainOptions options;
  options.rule = fewpoints::Rule::Sgd;
  options.learning_rate = 1;
  options.per_copy = per_copy;
  options.single = single;
  const std::vector<double> before = all(network.parameters),
                            after = all(trained(network, rows, options, 1, monitor)->parameters());
  for (std::size_t i = 0; i < before.size(); i++) {
    const Real size = exact.gradient[i].size + std::fabs(before[i]);
    demand(std::fabs(before[i] - after[i] - exact.gradient[i].value) <= unit * size + 1e-30L, "gradient",
           before[i] - after[i], static_cast<double>(exact.gradient[i].value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  read_instruction_set(in);
  fewpoints::Network network;
  network.inputs = 1 + in.below(in.one_in(8) ? 40 : 4);
  network.outputs = 1 + in.below(in.one_in(8) ? 20 : 3);
  network.width = 1 + in.below(in.one_in(8) ? 200 : 20);
  network.activation = static_cast<Activation>(in.below(static_cast<int>(std::size(kActivations))));
  const auto inputs = static_cast<std::size_t>(network.inputs), width = static_cast<std::size_t>(network.width),
             outputs = static_cast<std::size_t>(network.outputs);
  fewpoints::TrainOptions options;
  options.loss = in.one_in(3) ? fewpoints::Loss::CrossEntropy : fewpoints::Loss::Mse;
  options.rule = static_cast<fewpoints::Rule>(in.below(static_cast<int>(std::size(kRules))));
  options.schedule = in.below(2) == 0 ? fewpoints::Schedule::Constant : fewpoints::Schedule::Cosine;
  options.sampling = in.below(2) == 0 ? fewpoints::Sampling::Shuffle : fewpoints::Sampling::Replacement;
  options.learning_rate = in.byte() / 256.0;
  options.momentum = in.byte() / 256.0;
  options.weight_decay = in.one_in(4) ? 0.1 : 0;
  options.epochs = static_cast<std::size_t>(in.below(4));
  options.batch = static_cast<std::size_t>(in.below(30));
  options.batches = static_cast<std::size_t>(in.below(4));
  options.per_copy = in.below(2) == 0;
  options.single = in.below(2) == 0;
  options.threads = read_threads(in);
  const std::size_t count = 1 + static_cast<std::size_t>(in.byte()) % 70;
  options.seed = in.byte();
  network.parameters = {read_list(in, width * inputs), read_list(in, width), read_list(in, width * outputs),
                        read_list(in, outputs)};
  if (in.below(2) == 0)
    for (std::size_t j = 0; j < width; j++) network.multiplicity.push_back(1 + in.byte() / 8.0);
  const Set x = read_set(in, count, network.inputs);
  std::vector<double> y;
  read_points(in, count, network.outputs, y);
  const bool finite_y = all_finite(y);
  if (!all_finite(all(network.parameters))) return 0;  // the caller of the kernel checks this

  fewpoints::Monitor monitor;
  const auto rows =
      attempt([&] { return fewpoints::Rows(x.points(), view_of(y, count, outputs), x.weights(), "x", "y"); },
              [&](Code code) { return reasons(x)(code) || (code == Code::NotFinite && !finite_y); });
  if (!rows) return 0;
  demand(x.kind() != Kind::Broken && finite_y, "numbers that are not finite were taken");
  const std::size_t epochs = options.epochs;
  const auto one = trained(network, *rows, options, epochs, monitor);
  const auto same = [&](const fewpoints::Trainer& other) {
    return same_bits(all(one->parameters()), all(other.parameters())) && one->state().step == other.state().step;
  };
  if (epochs > 1) {
    const auto first = trained(network, *rows, options, 1, monitor);
    fewpoints::Network half = network;
    half.parameters = first->parameters();
    options.begin = 1;
    demand(same(*trained(half, *rows, options, epochs - 1, monitor, first->state())),
           "two trainers give other bits than one");
    options.begin = 0;
    first->run(epochs - 1, monitor);
    demand(same(*first), "two calls give other bits than one");
  }
  if (options.threads > 1) {
    options.threads = 1;
    demand(same(*trained(network, *rows, options, epochs, monitor)), "one thread gives other bits than two");
  }
  check_step(network, *rows, x, y, options.single, options.per_copy, monitor);
  return 0;
}
