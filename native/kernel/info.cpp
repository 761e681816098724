#include "info.hpp"

#include <Eigen/Core>
#include <string>

#include "crew.hpp"
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
#ifdef FEWPOINTS_OPENBLAS
  i.blas = openblas_get_config();
  i.blas_core = openblas_get_corename();
  i.blas_threads = openblas_get_num_threads();
#endif
  return i;
}

void initialise() {
#ifdef FEWPOINTS_OPENBLAS
  openblas_set_num_threads(1);
#endif
}

int usable_threads(int wanted) { return Crew::get().grow(wanted); }

}  // namespace fewpoints
