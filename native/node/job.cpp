#include "job.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>

#include "compute_thread.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "jobs.hpp"
#include "parallel/part_times.hpp"
#include "progress.hpp"

namespace fewpoints::node {
namespace {

using std::chrono::milliseconds;

// How often a waiting Sync call checks whether its worker is being terminated.
constexpr auto kLookEvery = milliseconds(20);

}  // namespace

class Job final : public Work, public std::enable_shared_from_this<Job> {
 public:
  Job(Napi::Env env, const char* name, std::unique_ptr<Task> task, double bytes, const Napi::Value& progress)
      : Work(&Environment::of(env).jobs), name_(name), task_(std::move(task)), bytes_(bytes), deferred_(env) {
    if (progress.IsFunction()) progress_ = Napi::Persistent(progress.As<Napi::Function>());
    has_progress_ = !progress_.IsEmpty();
  }

  // ---- on the JavaScript thread

  // From here on the job must settle.
  void begin(Napi::Env env) {
    tell_v8(env, bytes_);
    try {
      Environment::of(env).jobs.add(env, shared_from_this());
      ComputeThread::get().post(shared_from_this());
    } catch (...) {
      failure_ = std::current_exception();
      settle(env);
    }
  }

  // A queued job ends here; a running one ends soon.
  void cancel_now(Napi::Env env) {
    cancel();
    if (!settled_ && ComputeThread::get().withdraw(this)) settle(env);
  }

  void on_wake(Napi::Env env) {
    if (finished_.load())
      settle(env);
    else
      tell(env);
  }

  // At the end of the environment. Drops the references to JavaScript's objects and the copy of the input.
  void abandon() {
    settled_ = true;
    progress_.Reset();
    task_.reset();
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  // ---- on the compute thread

  void execute() noexcept override {
    thread_ = std::this_thread::get_id();
    try {
      check();
      task_->run(*this);
    } catch (...) {
      failure_ = std::current_exception();
    }
    finished_.store(true);
    wake();
  }

  void report(Stage stage, std::size_t done, std::size_t total) noexcept override {
    // Only the thread of the job reports: in a team, every worker is thread 0 of the loops that it opens itself.
    if (!has_progress_ || total == 0 || std::this_thread::get_id() != thread_) return;
    const Progress next{stage, std::min(done, total), total};
    if (!filter_.passes(next)) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latest_ = next;
    }
    // At most one wake-up is under way, so that a blocked event loop finds one message and not a thousand.
    if (!waking_.exchange(true)) wake();
  }

 private:
  // The owner is the Jobs of an environment. It lives until the compute thread has left its work.
  void wake() { static_cast<Jobs*>(const_cast<void*>(owner))->wake(this); }

  void tell(Napi::Env env) {
    waking_.store(false);
    if (settled_ || cancelled()) return;
    Progress latest;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latest = latest_;
    }
    try {
      progress_.Call({Napi::Number::New(env, static_cast<double>(latest.done)),
                      Napi::Number::New(env, static_cast<double>(latest.total)),
                      Napi::String::New(env, name_of(latest.stage))});
    } catch (const Napi::Error& e) {
      // Nobody awaits a progress callback, so its error becomes an uncaught exception. In a worker that is being
      // terminated, e is empty.
      if (!e.IsEmpty()) napi_fatal_exception(env, e.Value());
    }
  }

  void settle(Napi::Env env) {
    if (settled_) return;
    settled_ = true;
    progress_.Reset();
    try {
      conclude(env);
    } catch (const Napi::Error&) {
      // The environment is being terminated: nobody will read the result.
    }
    task_.reset();
    tell_v8(env, -bytes_);
    Environment::of(env).jobs.remove(env, this);
  }

  // The copy of the input counts for the garbage collector, which would see only a small job.
  static void tell_v8(Napi::Env env, double change) {
    std::int64_t total;
    napi_adjust_external_memory(env, static_cast<std::int64_t>(change), &total);
  }

  void conclude(Napi::Env env) {
    Napi::Value result;
    try {
      if (failure_) std::rethrow_exception(failure_);
      check();
      result = task_->result(env);
    } catch (...) {
      deferred_.Reject(to_error(env, std::current_exception(), name_, bytes_).Value());
      return;
    }
    deferred_.Resolve(result);
  }

  const char* const name_;
  std::unique_ptr<Task> task_;
  const double bytes_;

  // JavaScript thread
  Napi::Promise::Deferred deferred_;
  Napi::FunctionReference progress_;
  bool settled_ = false;

  // compute thread; the JavaScript thread reads failure_ once finished_ is set
  bool has_progress_ = false;
  ProgressFilter filter_;
  std::thread::id thread_;
  std::exception_ptr failure_;
  std::atomic<bool> finished_{false};

  std::atomic<bool> waking_{false};
  std::mutex mutex_;
  Progress latest_;
};

Jobs::Jobs(Napi::Env env) {
  const auto name = Napi::String::New(env, "fewpoints");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, &Jobs::on_wake,
                                      &wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, wake_) != napi_ok ||
      // Hooks run last in, first out. So this one runs before Node's own for the thread-safe function.
      napi_add_env_cleanup_hook(env, &Jobs::on_teardown, this) != napi_ok)
    throw Napi::Error::New(env);
}

void Jobs::add(Napi::Env env, std::shared_ptr<Job> job) {
  const Job* key = job.get();
  jobs_.emplace(key, std::move(job));
  if (jobs_.size() == 1) napi_ref_threadsafe_function(env, wake_);
}

void Jobs::remove(Napi::Env env, const Job* job) {
  if (jobs_.erase(job) == 1 && jobs_.empty()) napi_unref_threadsafe_function(env, wake_);
}

// The queue has no limit, so this never waits.
void Jobs::wake(Job* job) { napi_call_threadsafe_function(wake_, job, napi_tsfn_nonblocking); }

void Jobs::on_wake(napi_env env, napi_value, void* context, void* data) {
  if (env == nullptr) return;  // the environment has ended, and so has the job
  const auto& jobs = static_cast<Jobs*>(context)->jobs_;
  const auto found = jobs.find(static_cast<Job*>(data));
  if (found == jobs.end()) return;
  const Napi::HandleScope scope(env);
  // The job may settle, and so leave the map, during the call.
  const std::shared_ptr<Job> job = found->second;
  job->on_wake(env);
}

void Jobs::on_teardown(void* self) {
  auto& jobs = *static_cast<Jobs*>(self);
  ComputeThread::get().leave(&jobs);
  for (const auto& entry : jobs.jobs_) entry.second->abandon();
  jobs.jobs_.clear();
}

namespace {

class SyncWork final : public Work {
 public:
  explicit SyncWork(Task& task) : Work(nullptr), task_(task) {}
  void execute() noexcept override {
    try {
      check();
      task_.run(*this);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  std::exception_ptr failure;

 private:
  Task& task_;
};

// False once the worker of this environment is being terminated. Every call that could run JavaScript then fails.
bool is_alive(napi_env env) {
  napi_value value, converted;
  return napi_get_undefined(env, &value) == napi_ok && napi_coerce_to_bool(env, value, &converted) == napi_ok;
}

Napi::Value job_object(Napi::Env env, const Napi::Promise& promise, std::weak_ptr<Job> job) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("promise", promise);
  object.Set("cancel", Napi::Function::New(env, [job](const Napi::CallbackInfo& info) {
               if (const std::shared_ptr<Job> alive = job.lock()) alive->cancel_now(info.Env());
             }));
  return object;
}

}  // namespace

Napi::Value start(Napi::Env env, const Call& call, const Napi::Value& progress) {
  double bytes = 0;
  try {
    const auto job = std::make_shared<Job>(env, call.name, call.task(bytes), bytes, progress);
    const Napi::Value object = job_object(env, job->promise(), job);
    job->begin(env);
    return object;
  } catch (...) {
    const Napi::Error error = to_error(env, std::current_exception(), call.name, bytes);
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return job_object(env, deferred.Promise(), {});
  }
}

void share(int threads, const std::function<void(int threads)>& work) { ComputeThread::get().share(threads, work); }

Napi::Value run_sync(Napi::Env env, const Call& call) {
  const PartTimer timer(Part::Output);
  double bytes = 0;
  try {
    const std::unique_ptr<Task> task = call.task(bytes);
    const auto work = std::make_shared<SyncWork>(*task);
    if (task->run_inline()) {
      work->execute();
    } else {
      const PartTimer waiting(Part::Waiting);
      ComputeThread& thread = ComputeThread::get();
      thread.post(work, true);
      while (!thread.wait(work.get(), kLookEvery))
        if (!work->cancelled() && !is_alive(env)) work->cancel();
    }
    if (work->failure) std::rethrow_exception(work->failure);
    return task->result(env);
  } catch (...) {
    throw to_error(env, std::current_exception(), call.name, bytes);
  }
}

}  // namespace fewpoints::node
