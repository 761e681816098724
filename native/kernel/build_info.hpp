// What this build consists of, and what it found on this machine.
#pragma once
#include <string>

namespace fewpoints {

struct Info {
  // The one in use: "v2", "v3", "v4" (x86-64 levels) or "plain". FEWPOINTS_ISA forces a lower one.
  std::string instruction_set;
  std::string compiler, blas, blas_core;
  std::string eigen;  // its version; "X.Y.Z, not the pinned ..." when native/eigen.cmake has another
  int openmp = 0, blas_threads = 0;
};
Info info();

// Makes the process safe for the kernel: OpenBLAS keeps to one thread. Call once, before anything else.
void initialise();

}  // namespace fewpoints
