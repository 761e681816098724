// Runs a call of the addon. The JavaScript thread copies the input, the compute thread computes, and the JavaScript
// thread makes the result. While the JavaScript thread waits, the compute thread may copy for it: see
// ComputeThread::share(). It sees values of the kernel and plain memory, and touches no object of JavaScript's.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/status.hpp"

namespace fewpoints::node {

// One call of a function of the addon. Its constructor runs on the JavaScript thread, and copies and validates the
// input.
class Task {
 public:
  virtual ~Task() = default;
  // Runs on the compute thread. Throws what the kernel throws.
  virtual void run(Monitor& monitor) = 0;
  // True for work of less than a millisecond on one thread. A Sync call does such work on its own thread, because
  // waking the compute thread up and waiting for it would take longer.
  virtual bool run_inline() const { return false; }
  // Runs on the JavaScript thread, after run() has returned.
  virtual Napi::Value result(Napi::Env env) = 0;
};

// The name of a function, for messages, and how to make its Task.
struct Call {
  const char* name;
  // Reads and copies the input. Before it makes the copy, it sets `bytes` to the size of the copy.
  std::function<std::unique_ptr<Task>(double& bytes)> task;
};

class Job;

// The jobs of one environment, and the one thread-safe function with which the compute thread wakes the environment up.
//
// Lifetime. When the environment ends, Node frees the thread-safe function, even while another thread is inside of it
// or about to call it. The cleanup hook runs before that. It returns when the compute thread has left all work of this
// environment, including work whose promise was settled a moment ago. So after the end of the environment nothing calls
// the thread-safe function. The hook is never removed, for this must hold whenever the environment ends.
class Jobs {
 public:
  explicit Jobs(Napi::Env env);  // throws Napi::Error
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // On the JavaScript thread. The environment stays alive as long as it has a job.
  void add(Napi::Env env, std::shared_ptr<Job> job);
  void remove(Napi::Env env, const Job* job);
  // On the compute thread, while it executes the job. The last call for a job reports its end.
  void wake(Job* job);

 private:
  static void on_wake(napi_env env, napi_value callback, void* context, void* data);
  static void on_teardown(void* self);

  napi_threadsafe_function wake_ = nullptr;
  std::unordered_map<const Job*, std::shared_ptr<Job>> jobs_;
};

// Starts the call and returns { promise, cancel }. Throws nothing: every failure rejects the promise.
//
// progress is a function or undefined. It is called with (done, total, stage) on the JavaScript thread, when a stage
// begins and at most every 50 ms. Its values never go back. It is not called after cancel() or the end of the job.
// cancel() may be called at any time. When the environment ends (worker.terminate()), its jobs are cancelled and waited
// for; those of other environments are not disturbed.
Napi::Value start(Napi::Env env, const Call& call, const Napi::Value& progress);

// Runs the call on the compute thread, before queued jobs and after a running one, and waits for it. Short work is done
// on the calling thread. Throws a JavaScript error.
Napi::Value run_sync(Napi::Env env, const Call& call);

}  // namespace fewpoints::node
