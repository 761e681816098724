// A call of the addon on its way: input copied on the JavaScript thread, computed on the compute thread, result made on
// the JavaScript thread again. The kernel's values carry it through; nothing of JavaScript's is touched in between.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>

#include "status.hpp"

namespace fewpoints::node {

// What one function of the addon does. The constructor, on the JavaScript thread, has copied and validated the input.
class Task {
 public:
  virtual ~Task() = default;
  // On the compute thread. Throws what the kernel throws.
  virtual void run(Monitor& monitor) = 0;
  // True for work of a few milliseconds at most: run_sync() then does it on the JavaScript thread, because the way to
  // the compute thread and back takes longer than a small problem.
  virtual bool is_quick() const { return false; }
  // On the JavaScript thread, after run() has returned.
  virtual Napi::Value result(Napi::Env env) = 0;
};

// What is needed to make a Task, and to say what went wrong when that fails.
struct Call {
  const char* name;
  // Reads and copies the input; sets `bytes` to what the copy takes before it makes it.
  std::function<std::unique_ptr<Task>(double& bytes)> task;
};

// Starts the call and returns { promise, cancel }. Whatever goes wrong rejects the promise; nothing is thrown.
//
// progress, a function or undefined, is called with (done, total, stage) at most every 50 ms and when a stage begins,
// on the JavaScript thread, never with less than before, and not after cancel() or the end. cancel() may be called at
// any time. When the environment ends (worker.terminate()), its jobs are cancelled and waited for, those of others are
// not disturbed.
Napi::Value start(Napi::Env env, const Call& call, const Napi::Value& progress);

// Runs the call on the compute thread (a quick one here) and waits. Throws a JavaScript error. Goes before queued jobs,
// behind a running one.
Napi::Value run_sync(Napi::Env env, const Call& call);

}  // namespace fewpoints::node
