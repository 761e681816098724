// Conversions of integers, and products of sizes. A conversion is either checked here, or the code around it shows that
// it loses nothing. The compiler refuses all others (-Wconversion, -Wsign-conversion).
#pragma once
#include <concepts>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "base/status.hpp"

namespace fewpoints {

// The same number in another type. Throws Error Size when it does not fit.
template <std::integral To, std::integral From>
constexpr To narrow(From number) {
  if (!std::in_range<To>(number))
    throw Error(Code::Size, "a size is beyond what can be counted: " + std::to_string(number));
  return static_cast<To>(number);
}

// An index or a count of type int as a size. A negative one becomes larger than any array, and checked builds stop
// there.
template <std::integral Integer>
constexpr std::size_t usize(Integer number) {
  return static_cast<std::size_t>(number);
}

// A product of sizes, for allocations. Throws std::bad_alloc when it is 2^64 or more, or when a factor is negative.
template <std::integral... Integer>
constexpr std::size_t product(Integer... factors) {
  std::size_t result = 1;
  bool lost = false, zero = false;
  const auto multiply = [&](auto factor) {
    lost = lost || !std::in_range<std::size_t>(factor);
    zero = zero || factor == 0;
    lost = __builtin_mul_overflow(result, usize(factor), &result) || lost;
  };
  (multiply(factors), ...);
  if (zero) return 0;
  if (lost) throw std::bad_alloc();
  return result;
}

}  // namespace fewpoints
