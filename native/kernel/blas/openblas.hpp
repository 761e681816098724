// The parts of OpenBLAS that are not taken from it: its memory, and its choice of kernels.
#pragma once

namespace fewpoints {

#ifdef FEWPOINTS_SLIM_OPENBLAS
constexpr bool kUsesScratch = true;
#else
constexpr bool kUsesScratch = false;
#endif

// Stands around every call of BLAS. Chooses the kernels of the instruction set in use, and has the calling thread's
// memory for BLAS. Must not be nested.
class BlasCall {
 public:
  explicit BlasCall(double* scratch);
  ~BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;
};

}  // namespace fewpoints
