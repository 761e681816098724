// Parallel regions of OpenMP, all of one size.
//
// libgomp ends the process when it cannot start a thread. It also ends threads when a region is smaller than the one
// before, and a later region must then start them again. So threads are started once, when they are first wanted.
// Before that, std::thread, which throws instead, has shown that twice as many can be started. Every region has all of
// them. Threads without a part leave the region at once.
#pragma once
#include <omp.h>

#include <algorithm>

namespace fewpoints {

// Starts threads until there are `wanted`, counting the calling one. Returns how many there are, at most `wanted`.
// There are fewer when the system refuses a thread or the memory for it.
int usable_threads(int wanted) noexcept;

// How many threads there are, counting the calling one. Every region that it opens has this size.
int region_size() noexcept;

// Calls part(index) once on the calling thread, with index 0, and once on each of up to max - 1 others, with indices
// from 1 to max - 1. A part must not throw.
template <class Part>
void parallel_region(int max, const Part& part) {
  const int workers = usable_threads(max);
  if (workers <= 1) {
    part(0);
    return;
  }
#pragma omp parallel num_threads(region_size())
  {
    const int index = omp_get_thread_num();
    if (index < workers) part(index);
  }
}

}  // namespace fewpoints
