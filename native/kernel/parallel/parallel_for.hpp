// Parallel loops. Their result does not depend on the number of threads, and no exception escapes into OpenMP.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>

#include "base/status.hpp"
#include "parallel/part_times.hpp"
#include "parallel/region.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// The fixed size of the chunks of a long range. Sums over chunks then come out the same for any number of threads.
constexpr std::size_t kChunk = 16384;
inline std::size_t chunk_count(std::size_t n) { return (n + kChunk - 1) / kChunk; }

// For the loops in simd/, which know nothing of Monitor.
inline Stop stop_of(const Monitor& monitor) {
  return {[](const void* m) { return static_cast<const Monitor*>(m)->cancelled(); }, &monitor};
}

// True on threads that already work for a parallel_for. A loop inside it runs on that thread alone and reports nothing.
inline bool& inside_parallel_for() {
  thread_local bool inside = false;
  return inside;
}

// Runs body(i, thread) for every i in [0, count), in any order, with thread < threads. Stops early when the monitor is
// cancelled, and throws Cancelled then. Stops early when a body throws, and throws the same then. The calling thread
// reports progress.
template <class Body>
void parallel_for(std::size_t count, int threads, Monitor& monitor, Stage stage, const Body& body) {
  const int team = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)), count));
  const bool nested = inside_parallel_for();
  if (nested || count <= 1) {
    for (std::size_t i = 0; i < count; i++) {
      monitor.check();
      body(i, 0);
    }
    if (!nested && count > 0) monitor.report(stage, count, count);
    return;
  }
  LoopTimer timer(team);
  if (team <= 1) {
    timer.enter();
    for (std::size_t i = 0; i < count; i++) {
      monitor.check();
      body(i, 0);
      monitor.report(stage, i + 1, count);
    }
    timer.leave();
    return;
  }
  std::exception_ptr failure;
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> next{0}, done{0};
  parallel_region(team, [&](int thread) {
    timer.enter();
    inside_parallel_for() = true;
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      if (stop.load(std::memory_order_relaxed) || monitor.cancelled()) break;
      try {
        body(i, thread);
      } catch (...) {
        if (!stop.exchange(true)) failure = std::current_exception();
      }
      const std::size_t finished = done.fetch_add(1, std::memory_order_relaxed) + 1;
      if (thread == 0) monitor.report(stage, finished, count);
    }
    inside_parallel_for() = false;
    timer.leave();
  });
  if (failure) std::rethrow_exception(failure);
  monitor.check();
}

}  // namespace fewpoints
