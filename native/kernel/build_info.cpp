#include "build_info.hpp"

#include <Eigen/Core>

#include "blas/blas.hpp"
#include "parallel/region.hpp"
#include "simd/kernels.hpp"

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
  i.openmp = openmp_version();
  i.blas = blas_config();
  i.blas_core = blas_core();
  i.blas_threads = blas_threads();
  return i;
}

void initialise() {
  simd();
  use_one_blas_thread();
}

}  // namespace fewpoints
