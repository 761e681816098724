// The jobs of one JavaScript environment that run, or wait for their turn, on the compute thread.
#pragma once
#include <napi.h>

#include <memory>
#include <unordered_map>

namespace fewpoints::node {

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

}  // namespace fewpoints::node
