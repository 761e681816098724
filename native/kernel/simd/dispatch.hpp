// Which instruction set the files in simd/ are used for.
#pragma once
#include "simd/kernels.hpp"

namespace fewpoints {

struct Processor {
  bool v2, v3, v4;  // levels of x86-64 that it runs
};

// The best table that this processor runs, or the one that is asked for (nullptr: none is). Throws Error Option when
// there is no such level, or the processor lacks it.
const SimdKernels& table_for(const char* asked, const Processor& processor);

// For tests, which hold every level to the same properties in one process: that level from now on. False, and nothing
// changes, where it is not to be had. Not while anything computes.
bool use_instruction_set(const char* level);

}  // namespace fewpoints
