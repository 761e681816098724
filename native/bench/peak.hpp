#pragma once
#include <cstddef>

namespace fewpoints::bench {

// Does 12 independent multiply-adds of vectors, `rounds` times. Returns the number of multiply-adds of doubles.
double independent_multiply_adds(std::size_t rounds);

}  // namespace fewpoints::bench
