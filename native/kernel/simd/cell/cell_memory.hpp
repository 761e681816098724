// The working memory of one cell, and the numbers of columns that it has room for.
#pragma once
#include "simd/cell/cell_points.hpp"
#include "simd/cell/inverse_walk.hpp"
#include "simd/cell/product_features.hpp"
#include "simd/cell/tableau.hpp"
#include "simd/kernels.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Every search outside the candidates is a pass over all points and brings in up to kBatch of them. A cell that needs
// more searches has very uneven weights or points.
constexpr int kMaxSearches = 8;
// A cell that the usual number of candidates did not solve gets so many times more.
constexpr int kManyCandidates = 3;

// Rows a multiple of 2 KB apart share few sets of the first-level cache. This avoids strides that lead to that.
constexpr int stride_for(int columns) {
  const int stride = round_up(columns);
  return stride >= 128 && stride % 32 == 0 ? stride + 8 : stride;
}

template <class F>
struct CellMemory {
  CellMemory(const CellShape& shape, size_t n, double* memory) {
    const int N = F::N > 0 ? F::N : shape.count, padded = round_up(N);
    set_candidates(kManyCandidates * shape.samples, n);
    const auto take = [&memory](size_t count) {
      double* p = memory;
      memory += (count + 7) / 8 * 8;
      return p;
    };
    b = take(usize(padded));
    lost = take(usize(padded));
    defect = take(usize(padded));
    step = take(usize(padded));
    T = take(usize(N) * usize(stride));
    at_support = take(usize(padded) * usize(padded));
    scratch = take(usize(padded) * kBatch);
    gone = reinterpret_cast<unsigned char*>(take(n / 8 + 8));
    tableau = take(TableauOf<F::N>::doubles(N, stride));
    features = reinterpret_cast<Vec*>(take(F::scratch_vectors(shape, kLanes) * W));
    coordinates = take(usize(shape.dimension) * usize(stride));
    fitting = take(4 * usize(stride));
    shares = take(usize(stride));
    candidates = reinterpret_cast<int*>(take(usize(stride)));
    if (N >= kLargeCell) {
      inverse = take(usize(padded) * usize(padded));
      prices = take(usize(stride));
      open = reinterpret_cast<unsigned char*>(take(usize(stride)));
    }
  }
  // An upper bound of what it takes, in doubles.
  static size_t doubles(const CellShape& shape, size_t largest_cell) {
    // Plus 8: a smaller cell may have a stride that is wider by 8.
    const int stride = stride_for(round_up(kManyCandidates * shape.samples) + kMaxSearches * kBatch) + 8;
    const size_t N = usize(shape.count), padded = static_cast<size_t>(round_up(shape.count));
    constexpr size_t kPadding = 8 * 24;
    return 4 * padded + (N + usize(shape.dimension) + 8) * usize(stride) + 2 * padded * padded + padded * kBatch +
           largest_cell / 8 + Tableau::doubles(shape.count, stride) + F::scratch_vectors(shape, kLanes) * W + kPadding;
  }

  // S: the number of candidates; stride: of their columns in T, with room for those that searches append.
  void set_candidates(int wanted, size_t n) {
    S = n < usize(wanted) ? static_cast<int>(n) : wanted;
    stride = stride_for(round_up(S) + kMaxSearches * kBatch);
  }

  int S, stride;
  double *b, *lost, *defect, *step;              // padded: moments, and scratch
  double *T, *at_support, *scratch, *tableau;    // N x stride; padded x padded; padded x kBatch
  double *coordinates, *fitting, *shares;        // of the candidates: dimension x stride, 4 x stride, stride
  double *inverse = nullptr, *prices = nullptr;  // of large cells: padded x padded, stride
  unsigned char *gone, *open = nullptr;          // n; stride
  int* candidates;                               // stride
  Vec* features;                                 // F::scratch_vectors()
};

}  // namespace fewpoints::FEWPOINTS_SIMD
