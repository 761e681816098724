// Threads that work through many short phases one after another: training has five phases a batch, each of
// microseconds, too short for a parallel region of OpenMP each. Who does which piece of a phase does not matter to the
// result: every piece writes to places of its own.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/status.hpp"
#include "parallel/region.hpp"

namespace fewpoints {

// A phase ends when its pieces are done, not when all members have come to it. On a machine whose cores are busy with
// other things a member that is not being run is not waited for: the others do its pieces, and when it runs again it
// finds the phases behind and goes through them without work.
class ThreadTeam {
 public:
  explicit ThreadTeam(int size, Monitor& monitor) : size_(size), monitor_(monitor) {}
  int size() const { return size_; }

  class Worker {
   public:
    Worker(ThreadTeam& team, int index) : team_(team), index_(index) {}
    int index() const { return index_; }  // below size(); 0 is the calling thread

    // piece(i) for i in [0, count), on all members; returns when all are done.
    template <class Piece>
    void phase(std::size_t count, const Piece& piece) {
      if (count == 0) return;
      if (team_.size_ <= 1) {
        for (std::size_t i = 0; i < count && !team_.monitor_.cancelled(); i++) piece(i);
        return;
      }
      const std::uint32_t now = phase_++;
      for (std::size_t i; team_.claim(now, count, i);) {
        if (!team_.monitor_.cancelled()) piece(i);
        team_.finish(now, count);
      }
      team_.wait(now);
    }

   private:
    ThreadTeam& team_;
    const int index_;
    std::uint32_t phase_ = 0;
  };

  // Runs story(member) on every member that there is; all go through the same phases. Between them a member may be
  // behind the others, and must not read what a piece writes. A story may leave off when the monitor says so: then
  // nobody needs it any more. Throws Cancelled in that case: pieces have been left out. A story must not throw.
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
  // A phase is shorter than putting a thread to sleep and waking it up, so wait awake for a while.
  static constexpr int kSpins = 2000;
  // The phase and the next piece of it in one number.
  static constexpr int kPieceBits = 32;

  bool claim(std::uint32_t phase, std::size_t count, std::size_t& piece) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    do {
      piece = static_cast<std::uint32_t>(ticket);
      if (ticket >> kPieceBits != phase || piece >= count) return false;
    } while (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
  }

  void finish(std::uint32_t phase, std::size_t count) {
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 < count) return;
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(static_cast<std::uint64_t>(phase + 1) << kPieceBits, std::memory_order_release);
    // Sequentially consistent: notify_all() of libstdc++ looks whether anybody sleeps by a load that could otherwise
    // overtake this store.
    phase_.store(phase + 1);
    phase_.notify_all();
  }

  // Looks at phase_ alone, which is stored last. Whoever went on by the ticket could finish the next phase before this
  // one's phase_ is stored; then phase_ would go back, and members would leave a phase too early, or sleep for ever.
  void wait(std::uint32_t phase) {
    for (int i = 0; i < kSpins; i++) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    while (phase_.load(std::memory_order_acquire) == phase) phase_.wait(phase, std::memory_order_acquire);
  }

  const int size_;
  Monitor& monitor_;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::size_t> done_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
};

}  // namespace fewpoints
