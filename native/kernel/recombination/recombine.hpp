// Recombination of any n x N feature matrix (Tchakaloff, Caratheodory): at most rank of its rows, new non-negative
// weights, the same weighted column sums.
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
  double residual = 0;  // largest over columns j of |sum w' f_j - sum w f_j| / sum w |f_j|, in double-double
  int rank = 0;         // numerical rank of the features of the rows of positive weight
};

// The caller's features, row-major, and a validated private copy of the weights. The features are copied, too, unless
// the caller promises that they stay as they are until recombine() has returned (`lent`) and they lie row after row in
// doubles: copying takes longer than everything that is done with them. Throws Error Weight; NotFinite when a copy is
// made, else recombine() throws it.
struct FeatureMatrix {
  FeatureMatrix(const PointsView& features, const NumbersView& weights, bool borrowed = false);
  std::size_t count = 0;
  int width = 0;
  const double* values = nullptr;  // count x width, row-major
  Array<double> weights;           // count, or empty: all 1; in units of 2^exponent
  int exponent = 0;                // 0 unless all weights are so large or small that their products would be lost

 private:
  Array<double> copy_;
};

Recombined recombine(FeatureMatrix&& features, int threads, Monitor& monitor);

}  // namespace fewpoints
