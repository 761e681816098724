#include "region.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

namespace fewpoints {
namespace {

constexpr int kMostThreads = 1024;
// More than libgomp's own records of a team take.
constexpr std::size_t kRecords = 32 << 10;

// Of the calling thread, which has OpenMP's threads for itself.
thread_local int started = 1;

// How many of these threads can be had beside each other. Their stacks stay in the C library's hands, for whoever
// starts threads next.
int tried(int wanted) noexcept {
  std::vector<std::thread> threads;
  std::atomic<bool> go{false};
  int count = 0;
  try {
    void* const records = std::malloc(kRecords);
    if (records == nullptr) return 0;
    std::free(records);
    threads.reserve(static_cast<std::size_t>(wanted));
    for (; count < wanted; count++) threads.emplace_back([&go] { go.wait(false); });
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    // One below what could be started: something else in the process may want a thread, too.
    count = std::max(0, count - 1);
  }
  go.store(true);
  go.notify_all();
  for (std::thread& thread : threads) thread.join();
  return count;
}

}  // namespace

int region_size() noexcept { return started; }

int usable_threads(int wanted) noexcept {
  wanted = std::clamp(wanted, 1, std::min(kMostThreads, omp_get_thread_limit()));
  if (wanted <= started) return wanted;
  const int possible = started + tried(wanted - started);
  if (possible == started) return started;
  omp_set_dynamic(0);  // a region has the size that is asked for
  int size = started;
#pragma omp parallel num_threads(possible)
#pragma omp single
  size = omp_get_num_threads();
  started = size;
  return std::min(wanted, started);
}

}  // namespace fewpoints
