// Elimination of a wide tableau by LAPACK: what simd/tableau.hpp does with its own loops for narrow ones.
#pragma once
#include <cstddef>

namespace fewpoints {

// T: rows x columns, row-major with the given stride, rows <= columns. Chooses a basis of `rows` columns (partial
// pivoting over the columns, row after row) and moves it to the front: column j was column order[j]. Then T[.,
// rows..columns) = B^-1 T there, and v = B^-1 v. Returns the smallest pivot, or 0 when there is none; then T and v are
// spoiled. Throws std::bad_alloc when OpenBLAS could not have its buffer.
double eliminate_wide(int rows, int columns, std::size_t stride, double* T, double* v, int* order);

}  // namespace fewpoints
