#include "compute_thread.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "parallel/part_times.hpp"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

namespace fewpoints::node {

// How long the end of the process waits for work that was told to stop. Work checks its flag about every 20 ms.
constexpr auto kLongestStop = std::chrono::milliseconds(1000);
// How long share() waits before it looks whether its work has begun.
constexpr auto kLongestWait = std::chrono::milliseconds(2);

namespace {

// The compute thread outlives the environments, so its code must stay when the last environment with the addon ends. On
// Linux a flag of the linker sees to it: -z nodelete.
void stay_loaded() noexcept {
#ifdef _WIN32
  HMODULE addon = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&stay_loaded), &addon);
#endif
}

}  // namespace

// Never destroyed: the thread may still run while the static objects of the process are being destroyed.
ComputeThread& ComputeThread::get() {
  static auto* thread = new ComputeThread;
  return *thread;
}

// Called with the mutex held.
void ComputeThread::start() {
  if (thread_.joinable()) return;
  stay_loaded();
  thread_ = std::thread([this] { loop(); });
  // Runs before the destructors of OpenBLAS and libgomp, which would free what running work still uses.
  std::atexit([] { get().stop(); });
}

void ComputeThread::post(std::shared_ptr<Work> work, bool soon) {
  const std::lock_guard<std::mutex> lock(mutex_);
  start();
  queue_.insert(soon ? queue_.begin() : queue_.end(), std::move(work));
  posted_.notify_one();
}

bool ComputeThread::post_if_idle(std::shared_ptr<Work> work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_ || !queue_.empty() || stopping_) return false;
  start();
  queue_.push_back(std::move(work));
  posted_.notify_one();
  return true;
}

namespace {

class SharedWork final : public Work {
 public:
  SharedWork(int threads, const std::function<void(int)>& work) : Work(nullptr), threads_(threads), work_(work) {}
  void execute() noexcept override {
    try {
      work_(threads_);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  std::exception_ptr failure;

 private:
  const int threads_;
  const std::function<void(int)>& work_;
};

}  // namespace

void ComputeThread::share(int threads, const std::function<void(int)>& work) {
  if (threads <= 1) return work(1);
  const PartTimer waiting(Part::Waiting);
  const auto shared = std::make_shared<SharedWork>(threads, work);
  if (!post_if_idle(shared)) return work(1);
  // Work of another environment may have been put before it. Then it is taken back.
  while (!wait(shared.get(), kLongestWait))
    if (withdraw(shared.get())) return work(1);
  if (shared->failure) std::rethrow_exception(shared->failure);
}

void ComputeThread::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    posted_.wait(lock, [this] { return !queue_.empty() && !stopping_; });
    running_ = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    running_->execute();
    lock.lock();
    const std::shared_ptr<Work> done = std::move(running_);
    running_.reset();
    finished_.notify_all();
  }
}

bool ComputeThread::withdraw(const Work* work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      std::find_if(queue_.begin(), queue_.end(), [work](const auto& queued) { return queued.get() == work; });
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

bool ComputeThread::has(const Work* work) const {
  return running_.get() == work ||
         std::any_of(queue_.begin(), queue_.end(), [work](const auto& queued) { return queued.get() == work; });
}

bool ComputeThread::wait(const Work* work, std::chrono::milliseconds at_most) {
  std::unique_lock<std::mutex> lock(mutex_);
  return finished_.wait_for(lock, at_most, [&] { return !has(work); });
}

void ComputeThread::leave(const void* owner) {
  std::unique_lock<std::mutex> lock(mutex_);
  std::erase_if(queue_, [owner](const auto& queued) { return queued->owner == owner; });
  if (running_ && running_->owner == owner) running_->cancel();
  finished_.wait(lock, [&] { return !running_ || running_->owner != owner; });
}

void ComputeThread::stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_ = true;
  if (running_) running_->cancel();
  finished_.wait_for(lock, kLongestStop, [this] { return !running_; });
}

}  // namespace fewpoints::node
