// The addon's exports: name and nameSync of each computation, and what takes no thread of its own.
#include <napi.h>

#include <mutex>
#include <string>

#include "arguments.hpp"
#include "build_info.hpp"
#include "compression/choose_order.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "free_support/free_solver.hpp"
#include "job.hpp"
#include "number_rows.hpp"
#include "parallel/part_times.hpp"
#include "stream_task.hpp"
#include "tasks.hpp"
#include "train_task.hpp"

namespace fewpoints::node {
namespace {

std::unique_ptr<Task> predict_task(const Napi::Object& input, double& bytes, bool) {
  return std::make_unique<PredictTask>(input, bytes);
}

struct Function {
  const char* name;
  MakeTask* make;
};
const Function kFunctions[] = {
    {"compress", compress_task}, {"recombine", recombine_task}, {"moments", moments_task},
    {"verify", verify_task},     {"nnls", nnls_task},           {"matchMoments", match_moments_task},
    {"predict", predict_task},
};

template <bool kSync>
Napi::Value call(const Napi::CallbackInfo& info) {
  const auto& function = *static_cast<const Function*>(info.Data());
  return or_error(info.Env(), function.name, 0, [&] {
    const Call call{function.name,
                    [&](double& bytes) { return function.make(read_object(info[0], "input"), bytes, kSync); }};
    return kSync ? run_sync(info.Env(), call) : start(info.Env(), call, info[1]);
  });
}

Napi::Value get_info(const Napi::CallbackInfo& call) {
  const Info info = fewpoints::info();
  Napi::Object out = Napi::Object::New(call.Env());
#ifdef __wasm__
  out.Set("backend", "wasm");
#else
  out.Set("backend", "native");
#endif
  out.Set("instructionSet", info.instruction_set);
  out.Set("compiler", info.compiler);
  out.Set("eigen", info.eigen);
  out.Set("blas", info.blas);
  out.Set("blasCore", info.blas_core);
  out.Set("openmp", info.openmp);
  out.Set("blasThreads", info.blas_threads);
  return out;
}

// Takes { columns } and returns { order, moments, cells }: the bounds of order 'auto', for compressions that count
// their moments themselves.
Napi::Value get_automatic_rule(const Napi::CallbackInfo& call) {
  return or_error(call.Env(), "automaticRule", 0, [&] {
    const Napi::Object input = read_object(call[0], "input");
    const AutomaticRule rule = automatic_rule(static_cast<int>(read_integer(input, "columns", 1, kMaxInt)));
    Napi::Object out = Napi::Object::New(call.Env());
    out.Set("order", rule.order);
    out.Set("moments", static_cast<double>(rule.moments));
    out.Set("cells", static_cast<double>(rule.cells));
    return out;
  });
}

// Takes { columns, order } and returns how many free points per cell have the moments of this order. 0: there are no
// free points for them.
Napi::Value get_free_points(const Napi::CallbackInfo& call) {
  return or_error(call.Env(), "freePoints", 0, [&] {
    const Napi::Object input = read_object(call[0], "input");
    const int columns = static_cast<int>(read_integer(input, "columns", 1, kMaxInt));
    const int order = static_cast<int>(read_integer(input, "order", 0, kMaxOrder));
    return Napi::Number::New(call.Env(), free_points_per_cell(columns, order));
  });
}

// The times of the parts of all calls since the last call of this (parallel/part_times.hpp), by name. The first call
// begins to measure. For benchmarks.
Napi::Value get_part_times(const Napi::CallbackInfo& call) {
  const PartTimes times = take_part_times();
  Napi::Object out = Napi::Object::New(call.Env());
  for (std::size_t p = 0; p < times.size(); p++) {
    Napi::Object part = Napi::Object::New(call.Env());
    part.Set("wall", times[p].wall);
    part.Set("loops", times[p].loops);
    part.Set("alone", times[p].alone);
    part.Set("idle", times[p].idle);
    out.Set(kPartNames[p], part);
  }
  return out;
}

void define_functions(Napi::Env env, Napi::Object exports) {
  for (const Function& function : kFunctions) {
    const std::string name = function.name, sync = name + "Sync";
    void* const data = const_cast<Function*>(&function);
    exports.Set(name, Napi::Function::New(env, call<false>, name, data));
    exports.Set(sync, Napi::Function::New(env, call<true>, sync, data));
  }
  exports.Set("automaticRule", Napi::Function::New(env, get_automatic_rule, "automaticRule"));
  exports.Set("freePoints", Napi::Function::New(env, get_free_points, "freePoints"));
  exports.Set("compressor", Napi::Function::New(env, make_compressor, "compressor"));
  exports.Set("trainer", Napi::Function::New(env, make_trainer, "trainer"));
  exports.Set("numberRows", Napi::Function::New(env, number_rows, "numberRows"));
  exports.Set("partTimes", Napi::Function::New(env, get_part_times, "partTimes"));
  exports.Set("info", Napi::Function::New(env, get_info, "info"));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  static std::once_flag once;
  or_error(env, "fewpoints", 0, [&] {
    std::call_once(once, initialise);
    Environment::open(env);
    define_functions(env, exports);
  });
  return exports;
}

NODE_API_MODULE(fewpoints, init)

}  // namespace
}  // namespace fewpoints::node
