// For tests, which hold every instruction set to the same properties in one process.
#pragma once

namespace fewpoints {

// That level from now on; false, and nothing changes, where it is not to be had. Not while anything computes.
bool use_instruction_set(const char* level);

}  // namespace fewpoints
