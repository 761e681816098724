#include "build_info.hpp"

#include <omp.h>

#include <Eigen/Core>

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
#ifdef FEWPOINTS_OTHER_EIGEN
  i.eigen += ", not the pinned " FEWPOINTS_OTHER_EIGEN;
#endif
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

}  // namespace fewpoints
