#include "job.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>

#include "compute_thread.hpp"
#include "errors.hpp"

namespace fewpoints::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kProgressEvery = milliseconds(50);
// How often a waiting Sync call looks whether its worker is being terminated.
constexpr auto kLookEvery = milliseconds(20);

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::Copy: return "copy";
    case Stage::Partition: return "partition";
    case Stage::Recombine: return "recombine";
    case Stage::Solve: return "solve";
    case Stage::Verify: return "verify";
    case Stage::Train: return "train";
  }
  return "";
}

struct Progress {
  Stage stage = Stage::Copy;
  std::size_t done = 0, total = 0;
};

// The kernel reports from loops inside loops. What is passed on never goes back: not to an earlier stage, nor, inside a
// stage, to a smaller number or a smaller share.
bool is_ahead(const Progress& next, const Progress& last) {
  if (next.stage != last.stage) return next.stage > last.stage;
  return next.done >= last.done && static_cast<double>(next.done) * static_cast<double>(last.total) >=
                                       static_cast<double>(last.done) * static_cast<double>(next.total);
}

// Lifetime. The thread-safe function `wake_` holds one reference to the job, the compute thread's queue another. The
// compute thread calls wake_ and releases it inside execute(), so wake_ must not be closed before execute() has
// returned: the cleanup hook, which is registered after wake_ was made and therefore runs before Node closes it, waits
// for that.
class Job final : public Work, public std::enable_shared_from_this<Job> {
 public:
  Job(Napi::Env env, const char* name, std::unique_ptr<Task> task, double bytes)
      : name_(name), task_(std::move(task)), bytes_(bytes), deferred_(env) {}

  // Posts the job to the compute thread. Throws Napi::Error, std::system_error.
  void begin(Napi::Env env, const Napi::Value& progress) {
    has_progress_ = progress.IsFunction();
    auto* self = new std::shared_ptr<Job>(shared_from_this());
    const napi_status status = napi_create_threadsafe_function(
        env, has_progress_ ? static_cast<napi_value>(progress) : nullptr, nullptr, Napi::String::New(env, name_), 0, 1,
        self, [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Job>*>(data); }, self, &Job::on_wake,
        &wake_);
    if (status != napi_ok) {
      delete self;
      throw Napi::Error::New(env);
    }
    napi_add_env_cleanup_hook(env, &Job::on_teardown, this);
    try {
      ComputeThread::get().post(*self);
    } catch (...) {
      failure_ = std::current_exception();
      settle_unrun(env);
    }
  }

  // On the JavaScript thread. A job that waits for its turn ends here; one that runs ends soon.
  void cancel_now(Napi::Env env) {
    cancel();
    if (!settled_ && ComputeThread::get().withdraw(this)) settle_unrun(env);
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  void execute() noexcept override {
    thread_ = std::this_thread::get_id();
    try {
      check();
      task_->run(*this);
    } catch (...) {
      failure_ = std::current_exception();
    }
    finished_.store(true);
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);  // the queue has no limit
    napi_release_threadsafe_function(wake_, napi_tsfn_release);
  }

  void report(Stage stage, std::size_t done, std::size_t total) noexcept override {
    // Inside a team every member is thread 0 of the loops that it opens itself.
    if (!has_progress_ || total == 0 || std::this_thread::get_id() != thread_) return;
    const Progress next{stage, std::min(done, total), total};
    const auto now = steady_clock::now();
    const bool first = !any_ || stage != sent_.stage;
    if (any_ && (!is_ahead(next, sent_) || (!first && now - sent_at_ < kProgressEvery))) return;
    any_ = true;
    sent_ = next;
    sent_at_ = now;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latest_ = next;
    }
    // One wake-up at a time: a blocked event loop finds one message, not a thousand.
    if (!waking_.exchange(true)) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }

 private:
  static void on_wake(napi_env env, napi_value callback, void* context, void*) {
    if (env == nullptr) return;  // the environment is gone, and `context` as well
    const std::shared_ptr<Job> job = *static_cast<std::shared_ptr<Job>*>(context);
    const Napi::HandleScope scope(env);
    if (job->finished_.load())
      job->settle(env);
    else
      job->tell(env, callback);
  }

  static void on_teardown(void* self) {
    auto& job = *static_cast<Job*>(self);  // alive: wake_ is closed later
    job.cancel();
    if (!ComputeThread::get().withdraw(&job)) ComputeThread::get().wait(&job);
  }

  void tell(Napi::Env env, napi_value callback) {
    waking_.store(false);
    if (callback == nullptr || settled_ || cancelled()) return;
    Progress latest;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latest = latest_;
    }
    try {
      Napi::Function(env, callback)
          .Call({Napi::Number::New(env, static_cast<double>(latest.done)),
                 Napi::Number::New(env, static_cast<double>(latest.total)),
                 Napi::String::New(env, name_of(latest.stage))});
    } catch (const Napi::Error& e) {
      // Nobody awaits a progress callback. In a worker that is being terminated there is not even an error to show.
      if (!e.IsEmpty()) napi_fatal_exception(env, e.Value());
    }
  }

  // For a job that the compute thread will never see, and whose wake_ it will therefore not release.
  void settle_unrun(Napi::Env env) {
    settle(env);
    napi_release_threadsafe_function(wake_, napi_tsfn_release);
  }

  void settle(Napi::Env env) {
    if (settled_) return;
    settled_ = true;
    napi_remove_env_cleanup_hook(env, &Job::on_teardown, this);
    try {
      conclude(env);
    } catch (const Napi::Error&) {
      // The environment is being terminated: nobody will hear of it.
    }
    task_.reset();
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
  napi_threadsafe_function wake_ = nullptr;

  // JavaScript thread
  Napi::Promise::Deferred deferred_;
  bool settled_ = false;

  // compute thread; failure_ is read by the JavaScript thread once finished_ is set
  bool has_progress_ = false;
  bool any_ = false;
  Progress sent_;
  steady_clock::time_point sent_at_;
  std::thread::id thread_;
  std::exception_ptr failure_;
  std::atomic<bool> finished_{false};

  std::atomic<bool> waking_{false};
  std::mutex mutex_;
  Progress latest_;
};

class SyncWork final : public Work {
 public:
  explicit SyncWork(Task& task) : task_(task) {}
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

// False once the worker of this environment is being terminated: every call that could run JavaScript then fails.
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
  std::shared_ptr<Job> job;
  try {
    std::unique_ptr<Task> task = call.task(bytes);
    job = std::make_shared<Job>(env, call.name, std::move(task), bytes);
    job->begin(env, progress);
  } catch (...) {
    const Napi::Error error = to_error(env, std::current_exception(), call.name, bytes);
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return job_object(env, deferred.Promise(), {});
  }
  return job_object(env, job->promise(), job);
}

Napi::Value run_sync(Napi::Env env, const Call& call) {
  double bytes = 0;
  try {
    const std::unique_ptr<Task> task = call.task(bytes);
    const auto work = std::make_shared<SyncWork>(*task);
    if (task->brief()) {
      work->execute();
    } else {
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
