// Bounds of the fast path of a cell (simd/cell.cpp): what arrays of fixed length there and in its callers are made for.
// Spaces and cells beyond them take the general path (vertex.hpp).
#pragma once

namespace fewpoints {

constexpr int kMaxFastFeatures = 256;  // N: tables of N x N and N x samples numbers
constexpr int kMaxFastPowers = 128;    // m (k + 1): values of one-dimensional polynomials at a point
constexpr int kMaxFastDimension = 32;  // m

// Whether a space of N features of m columns and highest power k is within them. In this order: the product of a few
// columns and a low order is no overflow. Always inlined: a function of its own would be shared between instruction
// sets.
__attribute__((always_inline)) constexpr bool fits_fast_path(int m, int k, int N) {
  return m <= kMaxFastDimension && k < kMaxFastPowers && N <= kMaxFastFeatures && m * (k + 1) <= kMaxFastPowers;
}

}  // namespace fewpoints
