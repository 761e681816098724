// Runs a call of the addon. The JavaScript thread copies the input, the compute thread computes, and the JavaScript
// thread makes the result. While the JavaScript thread waits, the compute thread may copy for it: see share(). It sees
// values of the kernel and plain memory, and touches no object of JavaScript's.
//
// Where there is no thread to compute on (FEWPOINTS_ONE_THREAD), all of it happens on the JavaScript thread, before the
// call returns: see job_inline.cpp.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>

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

// Does a part of a call that is the JavaScript thread's, by as many threads as are free, and returns when it is done.
// Throws what the work throws.
void share(int threads, const std::function<void(int threads)>& work);

}  // namespace fewpoints::node
