// Copies rows into columns in one pass over memory, and finds the largest magnitude of each column, which tells whether
// all numbers are finite.
#include "simd/parts.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Rows that are copied at a time: they are still in the first-level cache when the largest magnitude is searched.
constexpr size_t kBlock = 512;

// Consecutive rows of M numbers. With M known at compile time, the compiler deinterleaves whole vectors.
template <int M, class T>
void unzip(const T* __restrict from, size_t count, double* const* to, size_t at) {
  double* __restrict held[usize(M)];
  for (int a = 0; a < M; a++) held[a] = to[a] + at;
  for (size_t i = 0; i < count; i++)
    for (int a = 0; a < M; a++) held[a][i] = static_cast<double>(from[i * M + usize(a)]);
}

template <class T>
void copy_rows(const T* from, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t count, int columns,
               double* const* to, size_t at) {
  if (column_stride == 1 && row_stride == columns) switch (columns) {
      case 1: return unzip<1>(from, count, to, at);
      case 2: return unzip<2>(from, count, to, at);
      case 3: return unzip<3>(from, count, to, at);
      case 4: return unzip<4>(from, count, to, at);
      default: break;
    }
  for (int a = 0; a < columns; a++) {
    const T* x = from + a * column_stride;
    double* y = to[a] + at;
    for (size_t i = 0; i < count; i++) y[i] = static_cast<double>(x[static_cast<ptrdiff_t>(i) * row_stride]);
  }
}

}  // namespace

uint64_t largest_bits(const double* x, size_t count) {
  Index largest = {};
  const Index magnitude_bits = splat_index(0x7fffffffffffffffLL);
  size_t i = 0;
  for (; i + W <= count; i += W) {
    const Index v = (Index)loadu(x + i) & magnitude_bits;
    largest = v > largest ? v : largest;
  }
  if (i < count) {
    const Index v = (Index)load_part(x + i, static_cast<int>(count - i)) & magnitude_bits;
    largest = v > largest ? v : largest;
  }
  long long max = 0;
  for (int l = 0; l < W; l++) max = largest[l] > max ? largest[l] : max;
  return static_cast<uint64_t>(max);
}

void copy_columns(const CopyFrom& from, size_t count, int columns, double* const* to, uint64_t* largest) {
  for (int a = 0; a < columns; a++) largest[a] = 0;
  for (size_t at = 0; at < count; at += kBlock) {
    const size_t rows = count - at < kBlock ? count - at : kBlock;
    const ptrdiff_t start = static_cast<ptrdiff_t>(at) * from.row_stride;
    if (from.is_float32)
      copy_rows(static_cast<const float*>(from.data) + start, from.row_stride, from.column_stride, rows, columns, to,
                at);
    else
      copy_rows(static_cast<const double*>(from.data) + start, from.row_stride, from.column_stride, rows, columns, to,
                at);
    for (int a = 0; a < columns; a++) {
      const uint64_t here = largest_bits(to[a] + at, rows);
      largest[a] = here > largest[a] ? here : largest[a];
    }
  }
}

}  // namespace fewpoints::FEWPOINTS_SIMD
