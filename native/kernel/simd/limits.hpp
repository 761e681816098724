// Bounds of the fast path of a cell (simd/cell/solve_cell.hpp). Arrays of fixed length there and in its callers are
// sized by them. Spaces beyond them take the general path (recombination/basic_solution.hpp).
#pragma once

namespace fewpoints {

constexpr int kMaxFastFeatures = 256;  // N: tables of N x N and N x samples numbers
constexpr int kMaxFastPowers = 128;    // m (k + 1): values of one-dimensional polynomials at a point
constexpr int kMaxFastDimension = 32;  // m

// Whether a space of N features of m columns and highest power k is within these bounds. The order of the tests
// matters: the product comes last, when both factors are small and cannot overflow. Always inlined: the linker would
// share a function of its own between instruction sets.
__attribute__((always_inline)) constexpr bool fits_fast_path(int m, int k, int N) {
  return m <= kMaxFastDimension && k < kMaxFastPowers && N <= kMaxFastFeatures && m * (k + 1) <= kMaxFastPowers;
}

}  // namespace fewpoints
