// Regions of OpenMP, all of one size.
//
// libgomp ends the process when it cannot start a thread. It also ends threads when a region is smaller than the one
// before, and a later region must then start them again. So threads are started once, when they are first wanted.
// Before that, std::thread, which throws instead, has shown that twice as many can be started. Every region has all of
// them. Threads without a part leave the region at once.
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "parallel/region.hpp"

namespace fewpoints {
namespace {

constexpr int kMaxThreads = 1024;
// libgomp's own records of a team take less than this.
constexpr std::size_t kRecords = 32 << 10;

// The number of threads of the calling thread, which has OpenMP's threads for itself.
thread_local int started = 1;

// How many of `wanted` threads OpenMP can start: half of those that can run side by side. The other half is a reserve.
// The system counts a thread for a moment after it has ended, and other parts of the process may want a thread, too.
int startable(int wanted) noexcept {
  std::vector<std::thread> threads;
  std::atomic<bool> go{false};
  try {
    // These bytes are freed for libgomp's records. The C library keeps the memory of the stacks as well.
    void* const records = std::malloc(kRecords);
    if (records == nullptr) return 0;
    std::free(records);
    threads.reserve(static_cast<std::size_t>(2 * wanted));
    for (int i = 0; i < 2 * wanted; i++) threads.emplace_back([&go] { go.wait(false); });
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
  }
  go.store(true);
  go.notify_all();
  for (std::thread& thread : threads) thread.join();
  return static_cast<int>(threads.size() / 2);
}

}  // namespace

int openmp_version() noexcept { return _OPENMP; }

int usable_threads(int wanted) noexcept {
  wanted = std::clamp(wanted, 1, std::min(kMaxThreads, omp_get_thread_limit()));
  if (wanted <= started) return wanted;
  const int possible = started + startable(wanted - started);
  if (possible == started) return started;
  omp_set_dynamic(0);  // a region then has the size that it asks for
  int size = started;
#pragma omp parallel num_threads(possible)
#pragma omp single
  size = omp_get_num_threads();
  started = size;
  return std::min(wanted, started);
}

void run_region(int workers, void (*part)(const void*, int), const void* context) {
#pragma omp parallel num_threads(started)
  {
    const int index = omp_get_thread_num();
    if (index < workers) part(context, index);
  }
}

}  // namespace fewpoints
