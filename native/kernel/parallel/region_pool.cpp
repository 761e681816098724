// Regions on threads of a pool. Each thread that opens regions has a pool of its own, as it has a team of its own in
// OpenMP, so regions of two threads do not wait for each other.
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include "parallel/region.hpp"

namespace fewpoints {
namespace {

constexpr int kMaxThreads = 1024;

// What a pool and its threads have in common. It lives as long as any of them.
class Shared {
 public:
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

  void end() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
    }
    begin_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  // The present region, and how many of its workers have not ended.
  void (*part_)(const void*, int) = nullptr;
  const void* context_ = nullptr;
  int workers_ = 0, left_ = 0;
  std::uint64_t round_ = 0;
  bool ends_ = false;
};

class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  // Runs at the end of the thread that owns the pool. It does not wait: some systems let no thread end meanwhile.
  ~Pool() {
    if (shared_) shared_->end();
  }

  // Returns the size of the pool, counting the calling thread: `size`, or less when the system refuses a thread.
  int grow(int size) noexcept {
    try {
      if (!shared_) shared_ = std::make_shared<Shared>();
      for (; size_ < size; size_++) std::thread([shared = shared_, index = size_] { shared->work(index); }).detach();
    } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    }
    return size_;
  }

  // Only after grow(workers) has returned `workers` or more.
  void run(int workers, void (*part)(const void*, int), const void* context) { shared_->run(workers, part, context); }

 private:
  std::shared_ptr<Shared> shared_;
  int size_ = 1;
};

pthread_key_t key_of_pools() {
  pthread_key_t key;
  if (pthread_key_create(&key, [](void* pool) { delete static_cast<Pool*>(pool); }) != 0) throw std::bad_alloc();
  return key;
}

// The pool of the calling thread, which ends with it. Not a thread_local object: mingw-w64 frees the memory of these
// before it calls their destructors. Throws std::bad_alloc.
Pool& pool() {
  static const pthread_key_t key = key_of_pools();
  if (void* const own = pthread_getspecific(key)) return *static_cast<Pool*>(own);
  auto made = std::make_unique<Pool>();
  if (pthread_setspecific(key, made.get()) != 0) throw std::bad_alloc();
  return *made.release();
}

}  // namespace

int openmp_version() noexcept { return 0; }

int usable_threads(int wanted) noexcept {
  wanted = std::clamp(wanted, 1, kMaxThreads);
  if (wanted == 1) return 1;
  try {
    return std::min(wanted, pool().grow(wanted));
  } catch (const std::bad_alloc&) {
    return 1;
  }
}

void run_region(int workers, void (*part)(const void*, int), const void* context) {
  if (workers == 1)
    part(context, 0);
  else
    pool().run(workers, part, context);
}

}  // namespace fewpoints
