// Parallel regions: OpenMP's, all of one size.
//
// libgomp ends the process when it cannot start a thread, and ends threads when a region is smaller than the one
// before, which a later one must start again. So threads are started once, when they are first wanted and after
// std::thread, which throws instead, has shown that twice as many can be had; and every region has all of them. Those
// that the caller has no part for leave it at once.
#pragma once
#include <omp.h>

#include <algorithm>

namespace fewpoints {

// Starts threads until there are `wanted` with the calling one. Returns how many there are then, at most `wanted`:
// fewer where the system refuses a thread, or the memory for it.
int usable_threads(int wanted) noexcept;

// How many threads there are, with the calling one: the size of every region that it opens.
int region_size() noexcept;

// part(index) once on the calling thread, with index 0, and once on each of up to most - 1 others, with indices up to
// most - 1. A part must not throw.
template <class Part>
void parallel_region(int most, const Part& part) {
  const int workers = usable_threads(most);
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
