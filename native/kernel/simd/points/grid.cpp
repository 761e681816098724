// The bin of a regular grid that each point is in, the bounds of a column, and its sum.
#include "simd/parts.hpp"
#include "simd/vector/vector.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

typedef int Int __attribute__((vector_size(4 * W)));
typedef unsigned char Bytes __attribute__((vector_size(W)));

template <int AXES>
void keys_of(const GridAxes& axes, const double* const* columns, size_t begin, size_t end, uint8_t* keys) {
  const int count = AXES > 0 ? AXES : axes.count;
  constexpr int kHeld = AXES > 0 ? AXES : kMaxGridAxes;
  const double* x[usize(kHeld)];
  Vec low[usize(kHeld)], scale[usize(kHeld)], last[usize(kHeld)];
  Int stride[usize(kHeld)];
  for (int a = 0; a < count; a++) {
    x[a] = columns[axes.column[a]];
    low[a] = splat(axes.low[a]);
    scale[a] = splat(axes.scale[a]);
    last[a] = splat(axes.bins[a] - 1);
    stride[a] = Int{} + axes.stride[a];
  }
  // Columns and keys are padded, so only whole vectors are read and written.
  for (size_t i = begin; i < end; i += W) {
    Int bin = {};
    for (int a = 0; a < count; a++) {
      // The grid may span only the bulk of the box. Points outside it go into the bins at its edge.
      const Vec t = maximum(minimum((loadu(x[a] + i) - low[a]) * scale[a], last[a]), Vec{});
      bin += __builtin_convertvector(t, Int) * stride[a];
    }
    const Bytes bytes = __builtin_convertvector(bin, Bytes);
    __builtin_memcpy(keys + (i - begin), &bytes, sizeof bytes);
  }
}

}  // namespace

void grid_keys(const GridAxes& axes, const double* const* columns, size_t begin, size_t end, uint8_t* keys) {
  switch (axes.count) {
    case 1: return keys_of<1>(axes, columns, begin, end, keys);
    case 2: return keys_of<2>(axes, columns, begin, end, keys);
    case 3: return keys_of<3>(axes, columns, begin, end, keys);
    case 4: return keys_of<4>(axes, columns, begin, end, keys);
    default: return keys_of<0>(axes, columns, begin, end, keys);
  }
}

// The least and the largest of x[begin, end), which must not be empty.
void bounds(const double* x, size_t begin, size_t end, double* low, double* high) {
  extremes(x + begin, end - begin, low, high);
}

double sum_range(const double* x, size_t begin, size_t end) {
  Vec s = {};
  size_t i = begin;
  for (; i + W <= end; i += W) s += loadu(x + i);
  double r = sum(s);
  for (; i < end; i++) r += x[i];
  return r;
}

}  // namespace fewpoints::FEWPOINTS_SIMD
