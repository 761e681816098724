#include "stream_task.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "arguments.hpp"
#include "compress_options.hpp"
#include "errors.hpp"
#include "function_task.hpp"
#include "results.hpp"
#include "streaming/stream_compressor.hpp"

namespace fewpoints::node {
namespace {

constexpr const char* kName = "Compressor";

// ---- lists between the kernel and JavaScript

std::size_t length_of(const Napi::Object& input, const char* name) {
  const Napi::Value value = input.Get(name);
  return value.IsTypedArray() ? value.As<Napi::TypedArray>().ElementLength() : 0;
}

List<double> read_numbers(const Napi::Object& input, const char* name) {
  return read_list(input, name, length_of(input, name));
}

List<double> as_doubles(const auto& list) { return {list.begin(), list.end()}; }

template <class Integer>
List<Integer> as_integers(const List<double>& list) {
  List<Integer> out;
  const auto most = static_cast<double>(std::min<std::int64_t>(kMaxExact, std::numeric_limits<Integer>::max()));
  for (const double x : list) {
    if (!(std::fabs(x) <= most) || x != std::floor(x))
      throw Error(Code::Option, "a number of the state is not a whole number in its range");
    out.push_back(static_cast<Integer>(x));
  }
  return out;
}

Napi::Object to_rows(Napi::Env env, const StreamRows& rows) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("rows", to_array(env, as_doubles(rows.rows)));
  out.Set("points", to_array(env, rows.points));
  out.Set("weights", to_array(env, rows.weights));
  return out;
}

StreamRows read_rows(const Napi::Object& input) {
  return {as_integers<std::int64_t>(read_numbers(input, "rows")), read_numbers(input, "points"),
          read_numbers(input, "weights")};
}

Napi::Object to_state(Napi::Env env, const StreamState& state) {
  Napi::Object out = Napi::Object::New(env), moments = Napi::Object::New(env);
  Napi::Array pool = Napi::Array::New(env, state.pool.size());
  for (std::uint32_t i = 0; i < state.pool.size(); i++) pool.Set(i, to_rows(env, state.pool[i]));
  out.Set("rows", static_cast<double>(state.rows));
  out.Set("points", to_array(env, state.points));
  out.Set("weights", to_array(env, state.weights));
  out.Set("pool", pool);
  moments.Set("centre", to_array(env, state.moments.frame.centre));
  moments.Set("exponent", to_array(env, as_doubles(state.moments.frame.exponent)));
  moments.Set("reach", to_array(env, state.moments.reach));
  moments.Set("weightExponent", state.moments.weight_exponent);
  moments.Set("high", to_array(env, state.moments.high));
  moments.Set("low", to_array(env, state.moments.low));
  out.Set("moments", moments);
  return out;
}

StreamState read_state(const Napi::Object& input) {
  StreamState state;
  state.rows = read_integer(input, "rows", 0, kMaxExact);
  state.points = read_numbers(input, "points");
  state.weights = read_numbers(input, "weights");
  const Napi::Object pool = read_object(input.Get("pool"), "pool");
  const std::int64_t sets = read_integer(pool, "length", 0, kMaxInt);
  for (std::int64_t i = 0; i < sets; i++)
    state.pool.push_back(read_rows(read_object(pool.Get(static_cast<std::uint32_t>(i)), "pool")));
  const Napi::Object moments = read_object(input.Get("moments"), "moments");
  state.moments = {{read_numbers(moments, "centre"), as_integers<int>(read_numbers(moments, "exponent"))},
                   read_numbers(moments, "reach"),
                   static_cast<int>(read_integer(moments, "weightExponent", -4096, 4096)),
                   read_numbers(moments, "high"),
                   read_numbers(moments, "low")};
  return state;
}

// ---- the handle

// Owns a kernel StreamCompressor for JavaScript. Lifetime as that of TrainerHandle (train_task.cpp). While a step runs
// on the compute thread, JavaScript may fill the next block, and nothing else.
class CompressorHandle {
 public:
  explicit CompressorHandle(const Napi::Object& input) : env_(input.Env()) {
    const int dimension = static_cast<int>(read_integer(input, "dimension", 1, kMaxInt));
    const CompressOptions options = read_compress_options(input, read_space(input, dimension));
    const std::int64_t block_rows = read_integer(input, "blockRows", 0, kMaxInt);
    auto compressor = std::make_unique<StreamCompressor>(options, dimension, to_size(block_rows));
    if (!input.Get("memory").IsUndefined() && compressor->bytes() > read_number(input, "memory")) {
      char text[200];
      std::snprintf(
          text, sizeof text,
          "Compressor: size %zu in %d columns needs about %.0f bytes of memory, and %.0f may be used; a smaller "
          "size needs less",
          options.size, dimension, compressor->bytes(), read_number(input, "memory"));
      throw Error(Code::Memory, text);
    }
    if (!input.Get("state").IsUndefined()) compressor->restore(read_state(read_object(input.Get("state"), "state")));
    compressor_ = std::move(compressor);
    dimension_ = dimension;
    tell_v8();
  }
  ~CompressorHandle() {
    is_busy = false;
    free();
  }
  CompressorHandle(const CompressorHandle&) = delete;
  CompressorHandle& operator=(const CompressorHandle&) = delete;

  int dimension() const { return dimension_; }
  // Of the rows that are held.
  double bytes() const { return compressor_ ? compressor_->held_bytes_so_far() : 0; }
  // For filling blocks. Throws Error Option after free().
  StreamCompressor& filling() const {
    if (!compressor_) throw Error(Code::Option, "the compressor was freed");
    return *compressor_;
  }
  // For all the rest. Throws Error Option while a step runs.
  StreamCompressor& idle() const {
    if (is_busy) throw Error(Code::Option, "the compressor is busy");
    return filling();
  }
  void free() {
    if (is_busy) throw Error(Code::Option, "the compressor is busy");
    compressor_.reset();
    tell_v8();
  }
  // Tells V8 of the memory, so that it collects a compressor that nobody uses.
  void tell_v8() {
    const auto bytes = compressor_ ? static_cast<std::int64_t>(compressor_->held_bytes_so_far()) : 0;
    std::int64_t total;
    if (bytes != told_) napi_adjust_external_memory(env_, bytes - told_, &total);
    told_ = bytes;
  }
  bool is_busy = false;

 private:
  const Napi::Env env_;
  std::int64_t told_ = 0;
  int dimension_ = 0;
  std::unique_ptr<StreamCompressor> compressor_;
};

using Handle = std::shared_ptr<CompressorHandle>;

// As long as it exists, the compressor is busy.
class Busy {
 public:
  explicit Busy(Handle handle) : compressor(handle->idle()), handle_(std::move(handle)) { handle_->is_busy = true; }
  Busy(Busy&& other) noexcept = default;
  ~Busy() {
    if (handle_) handle_->is_busy = false;
  }
  StreamCompressor& compressor;

 private:
  Handle handle_;
};

// Rows of a piece, still in JavaScript's memory.
struct Piece {
  Piece(const CompressorHandle& handle, const Napi::Object& input)
      : points(input, "points"), weights(input, "weights") {
    if (points.dimension() != handle.dimension())
      throw Error(Code::Shape, "the points and the compressor differ in columns");
  }
  PointsView rows() const { return points.view(); }
  NumbersView weights_of_rows() const { return weights.view(points.count()); }
  PointsArgument points;
  OptionalNumbers weights;
};

double take(CompressorHandle& handle, const Napi::Object& input) {
  const Piece piece(handle, input);
  const std::int64_t first = read_integer(input, "first", 0, static_cast<std::int64_t>(piece.points.count()));
  const PointsView rows = piece.rows();
  const std::size_t taken = handle.filling().take(rows, piece.weights_of_rows(), static_cast<std::size_t>(first));
  handle.tell_v8();
  return static_cast<double>(taken);
}

std::unique_ptr<Task> reduce_task(const Handle& handle) {
  Busy busy(handle);
  busy.compressor.hand_over();
  return make_task(
      [busy = std::move(busy)](Monitor& monitor) {
        busy.compressor.reduce(monitor);
        return true;
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

std::unique_ptr<Task> finish_task(const Handle& handle, bool summary) {
  return make_task(
      [busy = Busy(handle), summary](Monitor& monitor) { return busy.compressor.finish(summary, monitor); },
      [](Napi::Env env, const StreamCompressed& output) {
        Napi::Object out = to_rows(env, output.kept);
        set_report(out, output);
        return out;
      });
}

}  // namespace

Napi::Value make_compressor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return or_error(env, kName, 0, [&]() -> Napi::Value {
    const auto handle = std::make_shared<CompressorHandle>(read_object(info[0], "input"));
    Napi::Object object = Napi::Object::New(env);
    const auto define = [&](const char* name, const auto& function) {
      object.Set(name, Napi::Function::New(
                           env,
                           [function, handle](const Napi::CallbackInfo& call) -> Napi::Value {
                             return or_error(call.Env(), kName, handle->bytes(),
                                             [&]() -> Napi::Value { return function(call); });
                           },
                           name));
    };
    object.Set("blockRows", static_cast<double>(handle->idle().block_rows()));
    define("check", [handle](const Napi::CallbackInfo& call) {
      const Piece piece(*handle, read_object(call[0], "input"));
      const PointsView rows = piece.rows();
      StreamCompressor::check(rows, piece.weights_of_rows());
      return call.Env().Undefined();
    });
    define("take", [handle](const Napi::CallbackInfo& call) {
      return Napi::Number::New(call.Env(), take(*handle, read_object(call[0], "input")));
    });
    define("reduce", [handle](const Napi::CallbackInfo& call) {
      return start(call.Env(),
                   {kName,
                    [&](double& bytes) {
                      bytes = handle->bytes();
                      return reduce_task(handle);
                    }},
                   call[0]);
    });
    define("finish", [handle](const Napi::CallbackInfo& call) {
      const bool summary = read_object(call[0], "input").Get("summary").ToBoolean();
      return start(call.Env(),
                   {kName,
                    [&](double& bytes) {
                      bytes = handle->bytes();
                      return finish_task(handle, summary);
                    }},
                   call[1]);
    });
    define("heldRows", [handle](const Napi::CallbackInfo& call) {
      return to_array(call.Env(), as_doubles(handle->idle().held_rows()));
    });
    define("state", [handle](const Napi::CallbackInfo& call) -> Napi::Value {
      return to_state(call.Env(), handle->idle().state());
    });
    define("free", [handle](const Napi::CallbackInfo& call) {
      handle->free();
      return call.Env().Undefined();
    });
    return object;
  });
}

}  // namespace fewpoints::node
