#include "tasks.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

#include "arguments.hpp"
#include "compress_options.hpp"
#include "compression/verify.hpp"
#include "compression/working_memory.hpp"
#include "environment.hpp"
#include "function_task.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "parallel/part_times.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/space.hpp"
#include "recombination/recombine.hpp"
#include "results.hpp"

namespace fewpoints::node {
namespace {

// ---- input

Basis read_basis(const Napi::Object& input) {
  return static_cast<Basis>(read_word(input, "basis", {"monomial", "legendre"}));
}

// The JavaScript thread moves fewer bytes by itself, because waking other threads takes longer.
constexpr double kSharedBytes = 1 << 20;

// Points with their weights, still in JavaScript's memory. The whole input must be read before copy().
struct WeightedPoints {
  WeightedPoints(const Napi::Object& input, const char* points_name = "points", const char* weights_name = "weights")
      : name(points_name), points(input, points_name), weights(input, weights_name) {}
  double bytes() const {
    const double columns = static_cast<double>(points.dimension()) + (weights.given() ? 1 : 0);
    return static_cast<double>(points.count()) * columns * sizeof(double);
  }
  PointSet copy(int threads) const {
    const PointsView points_view = points.view();
    const NumbersView weights_view = weights.view(points.count());
    std::optional<PointSet> set;
    share(bytes() < kSharedBytes ? 1 : threads, [&](int team) {
      const PartTimer timer(Part::Copy);
      set.emplace(points_view, weights_view, name, team);
    });
    return std::move(*set);
  }
  const char* name;
  PointsArgument points;
  OptionalNumbers weights;
};

// A weighted set, and the space of the moments that are asked for: up to one order, or by blocks where the call knows
// blocks.
struct SetInput : WeightedPoints {
  SetInput(const Napi::Object& input, double& bytes, bool knows_blocks)
      : WeightedPoints(input),
        space(knows_blocks ? read_space(input, points.dimension()) : read_total(input, points.dimension())),
        threads(read_threads(input)),
        features(to_size(space.count())) {
    bytes = this->bytes();
  }
  int order() const { return space.order[0]; }
  PolynomialSpace space;
  int threads;
  std::size_t features;
};

// What pointers can address. On 64 bits that is no limit.
constexpr double kAddressable = sizeof(void*) > 4 ? std::numeric_limits<double>::infinity() : 0x1p32;

// Must be called before the first large allocation. Throws Error Memory when the call needs more bytes than
// input.memory, or than can be addressed.
void check_memory(const Napi::Object& input, const char* call, double work, double copy, std::size_t points,
                  std::size_t features) {
  const bool is_given = !input.Get("memory").IsUndefined();
  const double free = is_given ? read_number(input, "memory") : std::numeric_limits<double>::infinity();
  const double wanted = work + copy;
  if (wanted <= std::min(free, kAddressable)) return;
  char text[320];
  std::snprintf(text, sizeof text,
                "%s: %zu points with %zu moments need about %.0f bytes of memory, %.0f of them for the copy of the "
                "input, and %.0f %s%s",
                call, points, features, wanted, copy, std::clamp(free, 0.0, kAddressable),
                free <= kAddressable ? "are free" : "can be addressed here",
                work > copy ? "; fewer moments need less" : "");
  throw Error(Code::Memory, text);
}

// ---- output

// Makes the arrays of the result. All threads write to them. Free points have no indices.
Napi::Object write_points(Napi::Env env, UnwrittenCompressed& output, bool free) {
  const Arrays& arrays = Environment::of(env).arrays;
  ResultArray points, weights, indices;
  const std::size_t count = output.size(), numbers = count * static_cast<std::size_t>(output.dimension());
  RowOrderTarget to{};
  Napi::Object out = Napi::Object::New(env);
  {
    const PartTimer timer(Part::Output);
    points = arrays.doubles(numbers);
    weights = arrays.doubles(count);
    if (!free) indices = arrays.uint32s(count);
  }
  to.points = static_cast<double*>(points.elements());
  to.weights = static_cast<double*>(weights.elements());
  to.indices = free ? nullptr : static_cast<std::uint32_t*>(indices.elements());
  const double bytes = static_cast<double>(numbers + count) * sizeof(double);
  share(bytes < kSharedBytes ? 1 : output.threads, [&](int team) {
    Monitor monitor;  // the computation is done, and nobody stops it
    output.write(to, team, monitor);
  });
  out.Set("points", points.finish());
  out.Set("weights", weights.finish());
  if (!free) out.Set("indices", indices.finish());
  return out;
}

}  // namespace

// ---- the functions

std::unique_ptr<Task> compress_task(const Napi::Object& input, double& bytes, bool) {
  const SetInput set(input, bytes, true);
  const std::size_t count = set.points.count();
  const CompressOptions options = read_compress_options(input, set.space);
  check_memory(input, "compress", working_bytes_of_compress(count, options), bytes, count, set.features);
  return make_task(
      [points = set.copy(set.threads), options](Monitor& monitor) mutable {
        return compress_unwritten(std::move(points), options, monitor);
      },
      [free = options.support == CompressOptions::Support::Free](Napi::Env env, UnwrittenCompressed& output) {
        Napi::Object out = write_points(env, output, free);
        set_report(out, output);
        return out;
      });
}

// A caller that waits cannot change its features meanwhile, so they are not copied, where they can be read in place.
std::unique_ptr<Task> recombine_task(const Napi::Object& input, double& bytes, bool sync) {
  const WeightedPoints features(input, "features");
  const std::size_t count = features.points.count(), width = static_cast<std::size_t>(features.points.dimension());
  int threads = read_threads(input);
  bytes = features.bytes();
  const bool in_place = sync && kElementsInPlace;
  check_memory(input, "recombine", working_bytes_of_recombine(count, width), in_place ? 0 : bytes, count, width);
  // Less than a millisecond of work. On one thread, because OpenMP's team belongs to the compute thread.
  constexpr std::size_t kInlineWidth = 32, kInlineNumbers = 1 << 16;
  const bool run_inline = width <= kInlineWidth && count * width <= kInlineNumbers;
  if (run_inline) threads = 1;
  return make_task([matrix = FeatureMatrix(features.points.view(), features.weights.view(count), in_place),
                    threads](Monitor& monitor) mutable { return recombine(std::move(matrix), threads, monitor); },
                   [](Napi::Env env, const Recombined& output) {
                     Napi::Object out = Napi::Object::New(env);
                     out.Set("indices", to_array(env, output.indices));
                     out.Set("weights", to_array(env, output.weights));
                     out.Set("residual", output.residual);
                     out.Set("rank", output.rank);
                     return out;
                   },
                   run_inline);
}

std::unique_ptr<Task> moments_task(const Napi::Object& input, double& bytes, bool) {
  const SetInput set(input, bytes, false);
  const std::size_t count = set.points.count();
  const Basis basis = read_basis(input);
  check_memory(input, "moments", working_bytes_of_sums(count, set.features), bytes, count, set.features);
  return make_task([points = set.copy(set.threads), order = set.order(), basis, threads = set.threads](
                       Monitor& monitor) { return moments(points, order, basis, threads, monitor); },
                   [](Napi::Env env, const List<double>& output) { return to_array(env, output); });
}

std::unique_ptr<Task> verify_task(const Napi::Object& input, double& bytes, bool) {
  const WeightedPoints original(input, "original", "originalWeights"),
      compressed(input, "compressed", "compressedWeights");
  if (original.points.dimension() != compressed.points.dimension())
    throw Error(Code::Shape, "original and compressed differ in dimension");
  PolynomialSpace space = read_space(input, original.points.dimension());
  const int threads = read_threads(input);
  const std::size_t count = original.points.count(), features = to_size(space.count());
  bytes = original.bytes() + compressed.bytes();
  check_memory(input, "verify", working_bytes_of_sums(count, features), bytes, count, features);
  return make_task([before = original.copy(threads), after = compressed.copy(threads), space = std::move(space),
                    threads](Monitor& monitor) { return verify(before, after, space, threads, monitor); },
                   [](Napi::Env env, const Verification& output) {
                     Napi::Object out = Napi::Object::New(env);
                     out.Set("residual", output.residual);
                     out.Set("perOrder", to_array(env, output.per_order));
                     return out;
                   });
}

std::unique_ptr<Task> nnls_task(const Napi::Object& input, double& bytes, bool) {
  const std::int64_t columns = read_integer(input, "columns", 1, kMaxInt);
  const int threads = read_threads(input);
  // A matrix and its right-hand side. A view needs at least one row, so the input leaves out a matrix without rows.
  struct System {
    System(const Napi::Object& from, const char* matrix_name, const char* rhs_name)
        : matrix(from, matrix_name), rhs(from, rhs_name) {}
    PointsArgument matrix;
    OptionalNumbers rhs;
  };
  std::optional<System> system, equality;
  if (!input.Get("matrix").IsUndefined()) system.emplace(input, "matrix", "rhs");
  if (!input.Get("equalityMatrix").IsUndefined()) equality.emplace(input, "equalityMatrix", "equalityRhs");
  for (const auto* one : {&system, &equality}) {
    if (!*one) continue;
    const PointsArgument& matrix = (*one)->matrix;
    if (matrix.dimension() != columns) throw Error(Code::Shape, "matrix and columns differ");
    bytes += static_cast<double>(matrix.count()) * (matrix.dimension() + 1.0) * sizeof(double);
  }
  constexpr double kInlineBytes = 0x1p18;  // a 64 x 512 matrix takes less than a millisecond
  const bool run_inline = bytes <= kInlineBytes && !equality;
  LeastSquares problem(static_cast<std::size_t>(columns));
  if (system) problem.set_matrix(system->matrix.view(), system->rhs.view(system->matrix.count()));
  if (equality) problem.set_equality(equality->matrix.view(), equality->rhs.view(equality->matrix.count()));
  return make_task([problem = std::move(problem),
                    threads](Monitor& monitor) mutable { return nnls(std::move(problem), threads, monitor); },
                   [](Napi::Env env, const LeastSquaresResult& output) {
                     Napi::Object out = Napi::Object::New(env);
                     out.Set("x", to_array(env, output.x));
                     out.Set("residualNorm", output.residual_norm);
                     out.Set("iterations", output.iterations);
                     return out;
                   },
                   run_inline);
}

std::unique_ptr<Task> match_moments_task(const Napi::Object& input, double& bytes, bool) {
  const SetInput set(input, bytes, false);
  const std::size_t count = set.points.count();
  const Basis basis = read_basis(input);
  List<double> target = read_list(input, "target", set.features);
  const double work = working_bytes_of_match(count, set.features, set.threads);
  check_memory(input, "matchMoments", work, bytes, count, set.features);
  return make_task(
      [points = set.copy(set.threads), count, target = std::move(target), order = set.order(), basis,
       threads = set.threads](Monitor& monitor) {
        return match_moments(points, count, target, order, basis, threads, monitor);
      },
      [](Napi::Env env, const Matched& output) {
        Napi::Object out = Napi::Object::New(env);
        out.Set("weights", to_array(env, output.weights));
        out.Set("residual", output.residual);
        return out;
      });
}

}  // namespace fewpoints::node
