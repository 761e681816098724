// Threads that work through many short phases, one after another. Training has five phases per batch. Each takes
// microseconds, which is too short for a parallel region of its own. Every chunk of a phase writes to places of its
// own, so the result does not depend on which thread runs it.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/status.hpp"
#include "parallel/region.hpp"

namespace fewpoints {

// A phase ends when its chunks are done, not when all workers have reached it. So nobody waits for a worker that a busy
// machine does not run. The others do the chunks. When that worker runs again, it passes through the finished phases
// without work.
class ThreadTeam {
 public:
  explicit ThreadTeam(int size, Monitor& monitor) : size_(size), monitor_(monitor) {}
  int size() const { return size_; }

  class Worker {
   public:
    Worker(ThreadTeam& team, int index) : team_(team), index_(index) {}
    int index() const { return index_; }  // below size(); 0 is the calling thread

    // Calls chunk(i) for i in [0, count), on all workers. Returns when all are done.
    template <class Chunk>
    void phase(std::size_t count, const Chunk& chunk) {
      if (count == 0) return;
      if (team_.size_ <= 1) {
        for (std::size_t i = 0; i < count && !team_.monitor_.cancelled(); i++) chunk(i);
        return;
      }
      const std::uint32_t now = phase_++;
      for (std::size_t i; team_.claim(now, count, i);) {
        if (!team_.monitor_.cancelled()) chunk(i);
        team_.finish(now, count);
      }
      team_.wait(now);
    }

   private:
    ThreadTeam& team_;
    const int index_;
    std::uint32_t phase_ = 0;
  };

  // Runs body(worker) on every worker. All go through the same phases. Between phases a worker may be later than the
  // others, so it must not read there what a chunk writes. A body must not throw. It may return early when the monitor
  // is cancelled, because nobody needs the other chunks then. Throws Cancelled when the monitor is cancelled.
  template <class Body>
  void run(const Body& body) {
    ticket_.store(0);
    done_.store(0);
    phase_.store(0);
    if (size_ <= 1) {
      Worker alone(*this, 0);
      body(alone);
    } else {
      parallel_region(size_, [&](int index) {
        Worker worker(*this, index);
        body(worker);
      });
    }
    monitor_.check();
  }

 private:
  // A phase is shorter than the time that it takes to put a thread to sleep and wake it. So workers spin first.
  static constexpr int kSpins = 2000;
  // The lower bits of a ticket hold the next chunk, the upper bits hold the phase.
  static constexpr int kChunkBits = 32;

  bool claim(std::uint32_t phase, std::size_t count, std::size_t& chunk) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    do {
      chunk = static_cast<std::uint32_t>(ticket);
      if (ticket >> kChunkBits != phase || chunk >= count) return false;
    } while (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
  }

  void finish(std::uint32_t phase, std::size_t count) {
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 < count) return;
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(static_cast<std::uint64_t>(phase + 1) << kChunkBits, std::memory_order_release);
    // Sequentially consistent, as the count of sleepers is: either this thread sees the sleeper, or the sleeper sees
    // the new phase.
    phase_.store(phase + 1);
    if (sleepers_.load() == 0) return;
    { const std::lock_guard<std::mutex> lock(mutex_); }
    next_.notify_all();
  }

  // Looks at phase_ alone, which is stored last. A worker that went on by the ticket could finish the next phase before
  // phase_ of this one is stored. phase_ would then go back, and workers would leave a phase too early or never wake.
  void wait(std::uint32_t phase) {
    for (int i = 0; i < kSpins; i++) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    // Not by phase_.wait(): where libstdc++ has no futex, as on Windows, it can miss the only call of notify_all().
    sleepers_++;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      next_.wait(lock, [&] { return phase_.load() != phase; });
    }
    sleepers_--;
  }

  const int size_;
  Monitor& monitor_;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::size_t> done_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable next_;
};

}  // namespace fewpoints
