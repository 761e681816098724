#include "info.hpp"

#include <omp.h>

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "list.hpp"
#include "simd/kernels.hpp"

#ifdef FEWPOINTS_OPENBLAS
extern "C" {
char* openblas_get_config();
char* openblas_get_corename();
int openblas_get_num_threads();
void openblas_set_num_threads(int);
}
#endif

namespace fewpoints {

Info info() {
  Info i;
  i.instruction_set = simd().name;
  i.compiler = __VERSION__;
  i.eigen = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
            std::to_string(EIGEN_MINOR_VERSION);
  i.openmp = _OPENMP;
#ifdef FEWPOINTS_OPENBLAS
  i.blas = openblas_get_config();
  i.blas_core = openblas_get_corename();
  i.blas_threads = openblas_get_num_threads();
#endif
  return i;
}

void initialise() {
  simd();
#ifdef FEWPOINTS_OPENBLAS
  openblas_set_num_threads(1);
#endif
}

int usable_threads(int wanted) {
  static std::atomic<int> known{1};
  wanted = std::clamp(wanted, 1, 1024);
  if (wanted <= known.load()) return wanted;
  List<std::thread> tried;
  std::atomic<bool> go{false};
  int count = 1;
  try {
    tried.reserve(wanted);
    for (; count < wanted; count++)
      tried.emplace_back([&go] {
        while (!go.load()) std::this_thread::yield();
      });
  } catch (const std::system_error&) {
    // One below what could be started: something else in the process may want a thread, too.
    count = std::max(1, count - 1);
  }
  go = true;
  for (auto& t : tried) t.join();
  if (count == wanted) known = std::max(known.load(), wanted);
  return count;
}

}  // namespace fewpoints
