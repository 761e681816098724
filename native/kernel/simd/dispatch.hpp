// Chooses the instruction set whose kernels are used.
#pragma once
#include "simd/kernels.hpp"

namespace fewpoints {

struct Processor {
  bool v2, v3, v4;  // levels of x86-64 that it can run
};

// The best table that this processor can run, or the one asked for (nullptr: none is). Throws Error Option when there
// is no such level, or the processor lacks it.
const SimdKernels& table_for(const char* asked, const Processor& processor);

// For tests, which hold every level to the same properties in one process. Uses that level from the call on. Where it
// is not available, returns false and changes nothing. Must not be called while anything computes.
bool use_instruction_set(const char* level);

}  // namespace fewpoints
