// The form of job.hpp for one thread: a call computes in place, and its promise is settled when it returns. The loader
// of such a build starts it on a Worker (lib/wasm), whose end is the cancellation of what it computes.
#include "environment.hpp"
#include "errors.hpp"
#include "job.hpp"
#include "parallel/part_times.hpp"
#include "progress.hpp"

namespace fewpoints::node {
namespace {

// Calls the progress function while the kernel computes.
class InlineMonitor final : public Monitor {
 public:
  InlineMonitor(Napi::Env env, const Napi::Value& progress) : env_(env), progress_(progress) {}
  void report(Stage stage, std::size_t done, std::size_t total) noexcept override {
    if (!progress_.IsFunction() || total == 0) return;
    const Progress next{stage, std::min(done, total), total};
    if (!filter_.passes(next)) return;
    try {
      const Napi::HandleScope scope(env_);
      progress_.As<Napi::Function>().Call({Napi::Number::New(env_, static_cast<double>(next.done)),
                                           Napi::Number::New(env_, static_cast<double>(next.total)),
                                           Napi::String::New(env_, name_of(next.stage))});
    } catch (const Napi::Error& e) {
      // Nobody awaits a progress callback, so its error becomes an uncaught exception.
      if (!e.IsEmpty()) napi_fatal_exception(env_, e.Value());
    }
  }

 private:
  const Napi::Env env_;
  const Napi::Value progress_;
  ProgressFilter filter_;
};

Napi::Value compute(Napi::Env env, const Call& call, const Napi::Value& progress, double& bytes) {
  const PartTimer timer(Part::Output);
  const std::unique_ptr<Task> task = call.task(bytes);
  InlineMonitor monitor(env, progress);
  task->run(monitor);
  return task->result(env);
}

}  // namespace

Napi::Value start(Napi::Env env, const Call& call, const Napi::Value& progress) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  double bytes = 0;
  try {
    deferred.Resolve(compute(env, call, progress, bytes));
  } catch (...) {
    deferred.Reject(to_error(env, std::current_exception(), call.name, bytes).Value());
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("promise", deferred.Promise());
  object.Set("cancel", Napi::Function::New(env, [](const Napi::CallbackInfo&) {}));  // it is too late
  return object;
}

Napi::Value run_sync(Napi::Env env, const Call& call) {
  double bytes = 0;
  try {
    return compute(env, call, env.Undefined(), bytes);
  } catch (...) {
    throw to_error(env, std::current_exception(), call.name, bytes);
  }
}

void share(int, const std::function<void(int threads)>& work) { work(1); }

}  // namespace fewpoints::node
