// Functions for benchmarks only, in an addon of their own. bench/native.mjs loads it; the package does not contain it.
#include <napi.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>

#include "../node/arguments.hpp"
#include "../node/errors.hpp"
#include "attention.hpp"
#include "base/array.hpp"
#include "base/list.hpp"
#include "build_info.hpp"
#include "dense.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"
#include "peak.hpp"
#include "polynomial/moments.hpp"
#include "recombination/basic_solution.hpp"

namespace fewpoints::bench {
namespace {

struct Times {
  double wall, cpu;  // milliseconds; cpu: of all threads
};

Times timed(const std::function<void()>& work) {
  const std::clock_t cpu = std::clock();
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), 1e3 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

// Bytes per second of a[i] = b[i] + 3 c[i] on arrays larger than all caches, on one thread.
double triad() {
  constexpr std::size_t kLength = std::size_t{1} << 24;
  List<double> a(kLength, 1.0), b(kLength, 2.0), c(kLength, 3.0);
  double fastest = HUGE_VAL;
  for (int trial = 0; trial < 5; trial++)
    fastest = std::min(fastest, timed([&] {
                                  for (std::size_t i = 0; i < kLength; i++) a[i] = b[i] + 3 * c[i];
                                }).cpu);
  return 3e3 * sizeof(double) * kLength / fastest;
}

// Multiply-adds of doubles per second on one thread, with the widest vectors of the processor.
double multiply_adds() {
  double fastest = HUGE_VAL, count = 0;
  for (int trial = 0; trial < 5; trial++)
    fastest = std::min(fastest, timed([&] { count = independent_multiply_adds(10000000); }).cpu);
  return 1e3 * count / fastest;
}

// Evaluates all products of total degree <= order at every point, on the bounding box of the points, and sums them over
// groups of points, with the loop of the recombination. Drops the sums.
void plain_sums(const PointSet& set, int order, Basis basis, int threads, Monitor& monitor) {
  const int m = set.dimension();
  const std::size_t n = set.size();
  List<const double*> x(m);
  List<double> centre(m), inverse(m);
  for (int a = 0; a < m; a++) {
    double low = 0, high = 0;
    x[a] = set.column(a);
    simd().bounds(x[a], 0, n, &low, &high);
    centre[a] = 0.5 * low + 0.5 * high;
    inverse[a] = 1 / (0.5 * high - 0.5 * low);
  }
  const Recurrence recurrence =
      basis == Basis::Legendre ? Recurrence::legendre(m, order) : Recurrence::monomial(m, order);
  const DoubleDoubleBasis products(MultiIndices(m, order), recurrence, centre, List<double>(m, 1.0));
  const ProductSource source(products.shape(), x.data(), set.weights(), n, centre, inverse);
  constexpr std::size_t kGroups = FeatureSource::kBlock;
  List<Array<double>> scratch(threads), out(threads);
  parallel_for(chunk_count(n), threads, monitor, Stage::Verify, [&](std::size_t c, int thread) {
    if (scratch[thread].size() == 0) {
      scratch[thread].reset(source.scratch_size());
      out[thread].reset(static_cast<std::size_t>(source.width()) * kGroups);
    }
    const std::size_t begin = c * kChunk, size = std::min(n - begin, kChunk);
    Segment groups[kGroups];
    std::uint32_t first[kGroups + 1] = {};
    for (std::size_t g = 0; g < kGroups; g++) {
      groups[g] = {begin + g * size / kGroups, begin + (g + 1) * size / kGroups};
      first[g + 1] = static_cast<std::uint32_t>(g + 1);
    }
    source.sums(groups, first, kGroups, true, out[thread].data(), kGroups, scratch[thread].data(), nullptr);
  });
}

// Takes { points, weights?, order, basis, threads, exact }. Returns { wall, cpu } of the sums alone, without the copy
// of the points.
Napi::Value sums(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  try {
    const Napi::Object input = node::read_object(call[0], "input");
    const node::PointsArgument points(input, "points");
    const node::OptionalNumbers weights(input, "weights");
    const auto order = static_cast<int>(node::read_integer(input, "order", 0, kMaxOrder));
    const auto basis = static_cast<Basis>(node::read_word(input, "basis", {"monomial", "legendre"}));
    const int threads = usable_threads(node::read_threads(input));
    const bool exact = input.Get("exact").ToBoolean();
    const PointSet set(points.view(), weights.view(points.count()), "points");
    Monitor monitor;
    const Times times = timed([&] {
      if (exact)
        moments(set, order, basis, threads, monitor);
      else
        plain_sums(set, order, basis, threads, monitor);
    });
    Napi::Object out = Napi::Object::New(env);
    out.Set("wall", times.wall);
    out.Set("cpu", times.cpu);
    return out;
  } catch (...) {
    throw node::to_error(env, std::current_exception(), "sums", 0);
  }
}

// Returns { triad, multiplyAdds }: the bandwidth of memory and the peak of one thread.
Napi::Value machine(const Napi::CallbackInfo& call) {
  Napi::Object out = Napi::Object::New(call.Env());
  out.Set("triad", triad());
  out.Set("multiplyAdds", multiply_adds());
  return out;
}

// Takes { step, way, rows, columns, rank }. Returns milliseconds, or -1 where this machine does not have the way.
Napi::Value dense(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  try {
    const Napi::Object input = node::read_object(call[0], "input");
    const auto size = [&](const char* name) {
      return static_cast<std::size_t>(node::read_integer(input, name, 1, node::kMaxInt));
    };
    return Napi::Number::New(env, dense_step(input.Get("step").ToString(), input.Get("way").ToString(), size("rows"),
                                             size("columns"), size("rank")));
  } catch (...) {
    throw node::to_error(env, std::current_exception(), "dense", 0);
  }
}

Napi::Float64Array to_array(Napi::Env env, const List<double>& numbers) {
  Napi::Float64Array array = Napi::Float64Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

// Takes { inputs, dimension, parameters, multiplicity, length, tokens, pulls? }; heads and prompts are as many as
// numbers in `multiplicity` and `tokens`. Returns the values at the prompts, or with `pulls` the gradient.
Napi::Value attention(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  try {
    const Napi::Object input = node::read_object(call[0], "input");
    const auto length_of = [&](const char* name) {
      return static_cast<std::size_t>(
          node::read_integer(node::read_object(input.Get(name), name), "length", 1, node::kMaxInt));
    };
    const auto size = [&](const char* name, std::size_t most) {
      return static_cast<std::size_t>(node::read_integer(input, name, 1, static_cast<std::int64_t>(most)));
    };
    Heads heads{length_of("multiplicity"), size("inputs", kMostInputs), size("dimension", kMostHeadDimension), {}, {}};
    heads.parameters = node::read_list(input, "parameters", heads.count * heads.width());
    heads.multiplicity = node::read_list(input, "multiplicity", heads.count);
    const std::size_t length = size("length", kMostTokens), each = length * heads.inputs;
    Prompts prompts{length_of("tokens") / each, length, heads.inputs, {}};
    prompts.tokens = node::read_list(input, "tokens", prompts.count * each);
    const List<double> pulls = node::read_list(input, "pulls", prompts.count);
    return to_array(env, pulls.empty() ? attention_values(heads, prompts) : attention_gradient(heads, prompts, pulls));
  } catch (...) {
    throw node::to_error(env, std::current_exception(), "attention", 0);
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  initialise();
  exports.Set("attention", Napi::Function::New(env, attention, "attention"));
  exports.Set("machine", Napi::Function::New(env, machine, "machine"));
  exports.Set("dense", Napi::Function::New(env, dense, "dense"));
  exports.Set("sums", Napi::Function::New(env, sums, "sums"));
  return exports;
}

NODE_API_MODULE(fewpoints_bench, init)

}  // namespace
}  // namespace fewpoints::bench
