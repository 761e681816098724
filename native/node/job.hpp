// A call of the addon on its way: input copied on the JavaScript thread, computed on the compute thread, result made on
// the JavaScript thread again. The kernel's values carry it through; nothing of JavaScript's is touched in between.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/status.hpp"

namespace fewpoints::node {

// What one function of the addon does. The constructor, on the JavaScript thread, has copied and validated the input.
class Task {
 public:
  virtual ~Task() = default;
  // On the compute thread. Throws what the kernel throws.
  virtual void run(Monitor& monitor) = 0;
  // Work of less than a millisecond on one thread: a Sync call does it where it is, because waking the compute thread
  // up and waiting for it would take longer.
  virtual bool run_inline() const { return false; }
  // On the JavaScript thread, after run() has returned.
  virtual Napi::Value result(Napi::Env env) = 0;
};

// What is needed to make a Task, and to say what went wrong when that fails.
struct Call {
  const char* name;
  // Reads and copies the input; sets `bytes` to what the copy takes before it makes it.
  std::function<std::unique_ptr<Task>(double& bytes)> task;
};

class Job;

// The jobs of one environment, and the one thread-safe function by which the compute thread wakes it up for them.
//
// Lifetime. Node frees the thread-safe function when the environment ends, even while another thread is inside of it or
// about to call it. The cleanup hook runs before that, and returns when the compute thread has left all work of this
// environment, also work whose promise was settled a moment ago. So the hook stays until the environment ends.
class Jobs {
 public:
  explicit Jobs(Napi::Env env);  // throws Napi::Error
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // On the JavaScript thread: the environment stays alive as long as it has a job.
  void add(Napi::Env env, std::shared_ptr<Job> job);
  void remove(Napi::Env env, const Job* job);
  // On the compute thread, while it executes the job. The last call for a job is its end.
  void wake(Job* job);

 private:
  static void on_wake(napi_env env, napi_value callback, void* context, void* data);
  static void on_teardown(void* self);

  napi_threadsafe_function wake_ = nullptr;
  std::unordered_map<const Job*, std::shared_ptr<Job>> jobs_;
};

// Starts the call and returns { promise, cancel }. Whatever goes wrong rejects the promise; nothing is thrown.
//
// progress, a function or undefined, is called with (done, total, stage) at most every 50 ms and when a stage begins,
// on the JavaScript thread, never with less than before, and not after cancel() or the end. cancel() may be called at
// any time. When the environment ends (worker.terminate()), its jobs are cancelled and waited for, those of others are
// not disturbed.
Napi::Value start(Napi::Env env, const Call& call, const Napi::Value& progress);

// Runs the call on the compute thread and waits. Throws a JavaScript error. Goes before queued jobs and after a running
// one. Short work is done on the calling thread.
Napi::Value run_sync(Napi::Env env, const Call& call);

}  // namespace fewpoints::node
