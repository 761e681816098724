// What this build consists of, and what it found on this machine.
#pragma once
#include <string>

namespace fewpoints {

struct Info {
  std::string
      instruction_set;  // "v2", "v3", "v4" (x86-64 levels) or "plain": the one in use; FEWPOINTS_ISA forces a lower one
  std::string compiler, blas, blas_core;
  std::string eigen;  // its version; "X.Y.Z, not the pinned ..." when native/eigen.cmake has another
  int openmp = 0, blas_threads = 0;
};
Info info();

// Makes the process safe for the kernel: OpenBLAS keeps to one thread. Call once, before anything else.
void initialise();

}  // namespace fewpoints
