// Regions on threads of a pool. Each thread that opens regions has a pool of its own, as it has a team of its own in
// OpenMP, so regions of two threads do not wait for each other.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "parallel/region.hpp"

namespace fewpoints {
namespace {

constexpr int kMaxThreads = 1024;

class Pool {
 public:
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
    }
    begin_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // Returns the size of the pool, counting the calling thread: `size`, or less when the system refuses a thread.
  int grow(int size) noexcept {
    try {
      while (static_cast<int>(threads_.size()) + 1 < size)
        threads_.emplace_back([this, index = static_cast<int>(threads_.size()) + 1] { work(index); });
    } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    }
    return static_cast<int>(threads_.size()) + 1;
  }

  void run(int workers, void (*part)(const void*, int), const void* context) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      part_ = part;
      context_ = context;
      workers_ = workers;
      left_ = workers - 1;
      round_++;
    }
    begin_.notify_all();
    part(context, 0);
    std::unique_lock<std::mutex> lock(mutex_);
    end_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  void work(int index) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (std::uint64_t seen = 0;;) {
      begin_.wait(lock, [&] { return ends_ || (round_ != seen && index < workers_); });
      if (ends_) return;
      seen = round_;
      lock.unlock();
      part_(context_, index);
      lock.lock();
      if (--left_ == 0) end_.notify_one();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  // The present region, and how many of its workers have not ended.
  void (*part_)(const void*, int) = nullptr;
  const void* context_ = nullptr;
  int workers_ = 0, left_ = 0;
  std::uint64_t round_ = 0;
  bool ends_ = false;
};

Pool& pool() {
  thread_local Pool own;
  return own;
}

}  // namespace

int openmp_version() noexcept { return 0; }

int usable_threads(int wanted) noexcept {
  wanted = std::clamp(wanted, 1, kMaxThreads);
  return wanted == 1 ? 1 : std::min(wanted, pool().grow(wanted));
}

void run_region(int workers, void (*part)(const void*, int), const void* context) {
  pool().run(workers, part, context);
}

}  // namespace fewpoints
