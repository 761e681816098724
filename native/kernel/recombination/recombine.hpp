// Recombination of any n x N feature matrix (Tchakaloff, Caratheodory): at most `rank` of its rows, with new
// non-negative weights and the same weighted column sums.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

struct Recombined {
  List<std::uint32_t> indices;  // ascending
  List<double> weights;
  double residual = 0;  // the largest over columns j of |sum w' f_j - sum w f_j| / sum w |f_j|, in double-double
  int rank = 0;         // the numerical rank of the rows of positive weight
};

// The caller's features, row-major, and a validated private copy of the weights. The features are copied, too, with one
// exception: `borrowed` promises that they stay as they are until recombine() has returned, and they lie row after row
// in doubles. The copy would take longer than all the work on them. Throws Error Weight. Throws Error NotFinite when a
// copy is made; without a copy recombine() throws it.
struct FeatureMatrix {
  FeatureMatrix(const PointsView& features, const NumbersView& weights, bool borrowed = false);
  std::size_t count = 0;
  int width = 0;
  const double* values = nullptr;  // count x width, row-major
  Array<double> weights;           // count numbers in units of 2^exponent; empty: all 1
  int exponent = 0;                // 0 unless the weights are so large or small that products of them would be lost
  List<double> lost;               // by column, the most that its sum lacks because weights in these units lost digits

 private:
  Array<double> copy_;
};

Recombined recombine(FeatureMatrix&& features, int threads, Monitor& monitor);

}  // namespace fewpoints
