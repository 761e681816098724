#pragma once
#include <cstddef>

namespace fewpoints::bench {

// `rounds` times 12 independent multiply-adds of vectors; returns how many of doubles that were.
double independent_multiply_adds(std::size_t rounds);

}  // namespace fewpoints::bench
