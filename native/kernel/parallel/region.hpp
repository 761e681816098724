// Parallel regions: one function on several threads at once. The build chooses whose threads they are
// (FEWPOINTS_THREADS in CMakeLists.txt): those of OpenMP (region_openmp.cpp), where the compiler has it; those of a
// pool (region_pool.cpp); or the calling thread alone (region_alone.cpp), where there are no threads. No result depends
// on it.
#pragma once

namespace fewpoints {

// Starts threads until there are `wanted`, counting the calling one. Returns how many there are, at most `wanted`.
// There are fewer when the system refuses a thread or the memory for it. They belong to the calling thread.
int usable_threads(int wanted) noexcept;

// What starts the threads, for info(): the date of the OpenMP standard, or 0 when it is not OpenMP.
int openmp_version() noexcept;

// Calls part(context, index) on `workers` threads, at most usable_threads(workers). The template below is the one to
// call.
void run_region(int workers, void (*part)(const void* context, int index), const void* context);

// Calls part(index) once on the calling thread, with index 0, and once on each of up to max - 1 others, with indices
// from 1 to max - 1. A part must not throw.
template <class Part>
void parallel_region(int max, const Part& part) {
  const int workers = usable_threads(max);
  if (workers <= 1) {
    part(0);
    return;
  }
  run_region(
      workers, [](const void* context, int index) { (*static_cast<const Part*>(context))(index); }, &part);
}

}  // namespace fewpoints
