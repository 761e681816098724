// Threads that work through many short phases one after another: training has four phases a batch, each of
// microseconds, too short for a parallel region of OpenMP each. Who does which piece of a phase does not matter to the
// result: every piece writes to places of its own.
#pragma once
#include <omp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "status.hpp"
#include "threads.hpp"

namespace fewpoints {

class Team {
 public:
  explicit Team(int size, Monitor& monitor) : size_(size), monitor_(monitor) {}
  int size() const { return size_; }

  // Runs story(member) on every member, 0 on the calling thread; all members call phase() and alone() in the same
  // order. Throws Cancelled if the monitor said so: then phases have been left out. A story must not throw.
  template <class Story>
  void run(const Story& story) {
    if (size_ <= 1) {
      story(0);
    } else {
#pragma omp parallel num_threads(size_)
      {
        // OpenMP may give fewer threads than were asked for.
        if (omp_get_thread_num() == 0) size_ = omp_get_num_threads();
#pragma omp barrier
        story(omp_get_thread_num());
      }
    }
    monitor_.check();
  }

  // Whether to leave off. All members get the same answer between two meetings: if each asked the monitor, one could
  // leave off while another goes on and waits for it for ever.
  bool stopped() const { return size_ <= 1 ? monitor_.cancelled() : stopped_; }

  // piece(i) for i in [0, count), on all members; returns when all are done.
  template <class Piece>
  void phase(std::size_t count, const Piece& piece) {
    if (size_ <= 1) {
      for (std::size_t i = 0; i < count && !monitor_.cancelled(); i++) piece(i);
      return;
    }
    for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count;)
      if (!monitor_.cancelled()) piece(i);
    meet();
  }

  // work() on member 0; the others wait for it.
  template <class Work>
  void alone(int member, const Work& work) {
    if (member == 0) work();
    if (size_ > 1) meet();
  }

 private:
  // A phase is shorter than putting a thread to sleep and waking it up, so wait awake for a while.
  static constexpr int kSpins = 2000;

  void meet() {
    const std::uint32_t now = meeting_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      arrived_.store(0, std::memory_order_relaxed);
      next_.store(0, std::memory_order_relaxed);
      stopped_ = monitor_.cancelled();
      meeting_.store(now + 1, std::memory_order_release);
      meeting_.notify_all();
      return;
    }
    for (int i = 0; i < kSpins; i++) {
      if (meeting_.load(std::memory_order_acquire) != now) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    while (meeting_.load(std::memory_order_acquire) == now) meeting_.wait(now, std::memory_order_acquire);
  }

  int size_;
  Monitor& monitor_;
  bool stopped_ = false;  // written by the last to come to a meeting, before it lets the others go
  alignas(64) std::atomic<std::size_t> next_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> meeting_{0};
};

}  // namespace fewpoints
