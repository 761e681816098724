// The addon's exports. Each function is a Task: its constructor reads the boundary's input (declared in lib/native.ts)
// and makes the kernel's private copy of it, run() calls the kernel, result() makes the boundary's output.
#include <napi.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <optional>
#include <type_traits>

#include "arguments.hpp"
#include "build_info.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "compression/working_memory.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "job.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/space.hpp"
#include "recombination/recombine.hpp"
#include "results.hpp"
#include "train_task.hpp"

#ifdef FEWPOINTS_STATIC
extern "C" void fewpoints_restore_environment(void);
#endif

namespace fewpoints::node {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;

// ---- input

int read_order(const Napi::Object& input, int dimension) {
  const auto order = static_cast<int>(read_integer(input, "order", 0, kMaxOrder));
  PolynomialSpace::total(dimension, order).check();
  return order;
}

// One block of all columns, or the blocks that are given.
PolynomialSpace read_space(const Napi::Object& input, int dimension) {
  const auto columns = static_cast<std::size_t>(dimension);
  const List<double> block_of = read_list(input, "blockOf", columns);
  if (block_of.empty()) return PolynomialSpace::total(dimension, read_order(input, dimension));
  PolynomialSpace space;
  const Napi::Value orders = input.Get("blockOrders");
  const std::size_t blocks = orders.IsTypedArray() ? orders.As<Napi::TypedArray>().ElementLength() : 0;
  const auto whole = [](double value, double most) {
    if (!(value >= 0 && value <= most && value == std::floor(value)))
      throw Error(Code::Option, "a block or its order is out of range");
    return static_cast<int>(value);
  };
  for (const double order : read_list(input, "blockOrders", blocks)) space.order.push_back(whole(order, kMaxOrder));
  for (const double block : block_of) space.block.push_back(whole(block, static_cast<double>(blocks) - 1));
  space.check();
  return space;
}

Basis read_basis(const Napi::Object& input) {
  return static_cast<Basis>(read_word(input, "basis", {"monomial", "legendre"}));
}

// What the kernel's copy of them takes.
double bytes_of(const PointsArgument& points, const OptionalNumbers& weights) {
  const double columns = static_cast<double>(points.dimension()) + (weights.given() ? 1 : 0);
  return static_cast<double>(points.count()) * columns * sizeof(double);
}

// Before the first large array is asked for: `memory`, if given, is what there is, in bytes.
void check_memory(const Napi::Object& input, const char* call, double work, double copy, std::size_t points,
                  std::int64_t features) {
  if (input.Get("memory").IsUndefined()) return;
  const double memory = read_number(input, "memory");
  if (work + copy <= memory) return;
  char text[320];
  std::snprintf(text, sizeof text,
                "%s: %zu points with %lld moments need about %.0f bytes of memory, %.0f of them for the copy of the "
                "input, and %.0f are free%s",
                call, points, static_cast<long long>(features), work + copy, copy, std::max(memory, 0.0),
                work > copy ? "; fewer moments need less" : "");
  throw Error(Code::Memory, text);
}

PointSet copy_of(const PointsArgument& points, const OptionalNumbers& weights, const char* name) {
  return PointSet(points.view(), weights.view(points.count()), name);
}

// ---- the functions

class CompressTask final : public Task {
 public:
  static constexpr const char* kName = "compress";
  CompressTask(const Napi::Object& input, double& bytes) {
    const PointsArgument points(input, "points");
    const OptionalNumbers weights(input, "weights");
    options_.space = read_space(input, points.dimension());
    options_.automatic = input.Get("auto").ToBoolean();
    options_.best = input.Get("best").ToBoolean();
    options_.size = static_cast<std::size_t>(read_integer(input, "size", 1, kMaxExact));
    options_.threads = read_threads(input);
    options_.standardise = input.Get("standardise").ToBoolean();
    options_.scales = read_list(input, "scales", static_cast<std::size_t>(points.dimension()));
    bytes = bytes_of(points, weights);
    check_memory(input, kName, working_bytes_of_compress(points.count(), options_), bytes, points.count(),
                 options_.space.count());
    set_.emplace(copy_of(points, weights, "points"));
  }
  void run(Monitor& monitor) override { output_ = compress(std::move(*set_), options_, monitor); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("points", to_array(env, output_.points));
    out.Set("weights", to_array(env, output_.weights));
    out.Set("indices", to_array(env, output_.indices));
    out.Set("order", output_.order);
    out.Set("cells", static_cast<double>(output_.cells));
    out.Set("threads", output_.threads);
    out.Set("residual", output_.residual);
    out.Set("partition", output_.partition_ms);
    out.Set("recombine", output_.recombine_ms);
    out.Set("total", output_.total_ms);
    return out;
  }

 private:
  CompressOptions options_;
  std::optional<PointSet> set_;
  Compressed output_;
};

class RecombineTask final : public Task {
 public:
  static constexpr const char* kName = "recombine";
  // lent: the caller waits until all is done, so the features need not be copied.
  RecombineTask(const Napi::Object& input, double& bytes, bool borrowed) {
    const PointsArgument features(input, "features");
    const OptionalNumbers weights(input, "weights");
    threads_ = read_threads(input);
    bytes = bytes_of(features, weights);
    check_memory(input, kName,
                 working_bytes_of_recombine(features.count(), static_cast<std::size_t>(features.dimension())),
                 borrowed ? 0 : bytes, features.count(), features.dimension());
    features_.emplace(features.view(), weights.view(features.count()), borrowed);
    run_inline_ = features_->width <= kBriefWidth && features_->count * usize(features_->width) <= kBriefNumbers;
    if (run_inline_) threads_ = 1;  // OpenMP's team belongs to the compute thread
  }
  bool run_inline() const override { return run_inline_; }
  void run(Monitor& monitor) override { output_ = recombine(std::move(*features_), threads_, monitor); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("indices", to_array(env, output_.indices));
    out.Set("weights", to_array(env, output_.weights));
    out.Set("residual", output_.residual);
    out.Set("rank", output_.rank);
    return out;
  }

 private:
  static constexpr int kBriefWidth = 32;
  static constexpr std::size_t kBriefNumbers = 1 << 16;
  int threads_ = 1;
  bool run_inline_ = false;
  std::optional<FeatureMatrix> features_;
  Recombined output_;
};

class MomentsTask final : public Task {
 public:
  static constexpr const char* kName = "moments";
  MomentsTask(const Napi::Object& input, double& bytes) {
    const PointsArgument points(input, "points");
    const OptionalNumbers weights(input, "weights");
    order_ = read_order(input, points.dimension());
    basis_ = read_basis(input);
    threads_ = read_threads(input);
    bytes = bytes_of(points, weights);
    const std::int64_t features = moment_count(points.dimension(), order_);
    check_memory(input, kName, working_bytes_of_sums(points.count(), static_cast<std::size_t>(features)), bytes,
                 points.count(), features);
    set_.emplace(copy_of(points, weights, "points"));
  }
  void run(Monitor& monitor) override { output_ = moments(*set_, order_, basis_, threads_, monitor); }
  Napi::Value result(Napi::Env env) override { return to_array(env, output_); }

 private:
  int order_ = 0, threads_ = 1;
  Basis basis_ = Basis::Monomial;
  std::optional<PointSet> set_;
  List<double> output_;
};

class VerifyTask final : public Task {
 public:
  static constexpr const char* kName = "verify";
  VerifyTask(const Napi::Object& input, double& bytes) {
    const PointsArgument original(input, "original"), compressed(input, "compressed");
    const OptionalNumbers original_weights(input, "originalWeights"), compressed_weights(input, "compressedWeights");
    if (original.dimension() != compressed.dimension())
      throw Error(Code::Shape, "original and compressed differ in dimension");
    space_ = read_space(input, original.dimension());
    threads_ = read_threads(input);
    bytes = bytes_of(original, original_weights) + bytes_of(compressed, compressed_weights);
    check_memory(input, kName, working_bytes_of_sums(original.count(), static_cast<std::size_t>(space_.count())), bytes,
                 original.count(), space_.count());
    original_.emplace(copy_of(original, original_weights, "original"));
    compressed_.emplace(copy_of(compressed, compressed_weights, "compressed"));
  }
  void run(Monitor& monitor) override { output_ = verify(*original_, *compressed_, space_, threads_, monitor); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("residual", output_.residual);
    out.Set("perOrder", to_array(env, output_.per_order));
    return out;
  }

 private:
  PolynomialSpace space_;
  int threads_ = 1;
  std::optional<PointSet> original_, compressed_;
  Verification output_;
};

// A matrix and its right-hand side. A matrix without rows is left out of the input: a view needs at least one.
struct SystemArgument {
  SystemArgument(const Napi::Object& input, const char* matrix_name, const char* rhs_name)
      : matrix(input, matrix_name), rhs(input, rhs_name) {}
  double bytes() const { return static_cast<double>(matrix.count()) * (matrix.dimension() + 1.0) * sizeof(double); }
  PointsArgument matrix;
  OptionalNumbers rhs;
};

class NnlsTask final : public Task {
 public:
  static constexpr const char* kName = "nnls";
  NnlsTask(const Napi::Object& input, double& bytes)
      : columns_(read_integer(input, "columns", 1, kMaxInt)),
        threads_(read_threads(input)),
        problem_(static_cast<std::size_t>(columns_)) {
    std::optional<SystemArgument> system, equality;
    if (!input.Get("matrix").IsUndefined()) system.emplace(input, "matrix", "rhs");
    if (!input.Get("equalityMatrix").IsUndefined()) equality.emplace(input, "equalityMatrix", "equalityRhs");
    for (const auto* one : {&system, &equality}) {
      if (!*one) continue;
      if ((*one)->matrix.dimension() != columns_) throw Error(Code::Shape, "matrix and columns differ");
      bytes += (*one)->bytes();
    }
    size_ = bytes;
    if (system) problem_.set_matrix(system->matrix.view(), system->rhs.view(system->matrix.count()));
    if (equality) problem_.set_equality(equality->matrix.view(), equality->rhs.view(equality->matrix.count()));
  }
  bool run_inline() const override { return size_ <= kQuickBytes && problem_.equality.rows == 0; }
  void run(Monitor& monitor) override { output_ = nnls(std::move(problem_), threads_, monitor); }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("x", to_array(env, output_.x));
    out.Set("residualNorm", output_.residual_norm);
    out.Set("iterations", output_.iterations);
    return out;
  }

 private:
  // A 64 x 512 matrix: less than a millisecond.
  static constexpr double kQuickBytes = 0x1p18;
  std::int64_t columns_;
  int threads_;
  LeastSquares problem_;
  double size_ = 0;
  LeastSquaresResult output_;
};

class MatchMomentsTask final : public Task {
 public:
  static constexpr const char* kName = "matchMoments";
  MatchMomentsTask(const Napi::Object& input, double& bytes) {
    const PointsArgument points(input, "points");
    const OptionalNumbers weights(input, "weights");
    order_ = read_order(input, points.dimension());
    basis_ = read_basis(input);
    threads_ = read_threads(input);
    bytes = bytes_of(points, weights);
    const std::int64_t features = moment_count(points.dimension(), order_);
    target_ = read_list(input, "target", static_cast<std::size_t>(features));
    check_memory(input, kName, working_bytes_of_match(points.count(), static_cast<std::size_t>(features), threads_),
                 bytes, points.count(), features);
    count_ = points.count();
    set_.emplace(copy_of(points, weights, "points"));
  }
  void run(Monitor& monitor) override {
    output_ = match_moments(*set_, count_, target_, order_, basis_, threads_, monitor);
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("weights", to_array(env, output_.weights));
    out.Set("residual", output_.residual);
    return out;
  }

 private:
  int order_ = 0, threads_ = 1;
  Basis basis_ = Basis::Monomial;
  std::size_t count_ = 0;
  List<double> target_;
  std::optional<PointSet> set_;
  Matched output_;
};

Napi::Value get_info(const Napi::CallbackInfo& call) {
  const Info info = fewpoints::info();
  Napi::Object out = Napi::Object::New(call.Env());
  out.Set("instructionSet", info.instruction_set);
  out.Set("compiler", info.compiler);
  out.Set("eigen", info.eigen);
  out.Set("blas", info.blas);
  out.Set("blasCore", info.blas_core);
  out.Set("openmp", info.openmp);
  out.Set("blasThreads", info.blas_threads);
  return out;
}

// ---- the exports

template <class T>
Call call_of(const Napi::CallbackInfo& info, bool sync) {
  return {T::kName, [&info, sync](double& bytes) {
            const Napi::Object input = read_object(info[0], "input");
            if constexpr (std::is_constructible_v<T, const Napi::Object&, double&, bool>)
              return std::make_unique<T>(input, bytes, sync);
            else
              return std::make_unique<T>(input, bytes);
          }};
}

template <class T>
void define(Napi::Object exports) {
  const Napi::Env env = exports.Env();
  const std::string name = T::kName, sync = name + "Sync";
  exports.Set(
      name, Napi::Function::New(
                env, [](const Napi::CallbackInfo& info) { return start(info.Env(), call_of<T>(info, false), info[1]); },
                name));
  exports.Set(
      sync,
      Napi::Function::New(
          env, [](const Napi::CallbackInfo& info) { return run_sync(info.Env(), call_of<T>(info, true)); }, sync));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  static std::once_flag once;
  try {
    std::call_once(once, [] {
#ifdef FEWPOINTS_STATIC
      fewpoints_restore_environment();
#endif
      initialise();
    });
  } catch (...) {
    throw to_error(env, std::current_exception(), "fewpoints", 0);
  }
  Environment::open(env);
  define<CompressTask>(exports);
  define<RecombineTask>(exports);
  define<MomentsTask>(exports);
  define<VerifyTask>(exports);
  define<NnlsTask>(exports);
  define<MatchMomentsTask>(exports);
  define<TrainTask>(exports);
  define<PredictTask>(exports);
  exports.Set("info", Napi::Function::New(env, get_info, "info"));
  return exports;
}

NODE_API_MODULE(fewpoints, init)

}  // namespace
}  // namespace fewpoints::node
