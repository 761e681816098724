// What this machine can do at most, and what sums of products take without copy and call: for bench/cases/moments.mjs.
#pragma once
#include <cstddef>

#include "polynomial/reproducible_sums.hpp"

namespace fewpoints {

struct Machine {
  double triad;          // bytes a second of a[i] = b[i] + 3 c[i] beyond all caches, one thread
  double multiply_adds;  // multiply-adds of doubles a second, one thread, the instruction set in use
};
Machine machine();

struct SumTimes {
  double plain, exact;  // milliseconds of processor time a thread, medians
  int factors;          // ProductBasis::factors
};
SumTimes time_sums(int dimension, int order, std::size_t count, Basis basis, int threads, int trials);

}  // namespace fewpoints
