// Recombination of any n x N feature matrix (Tchakaloff, Caratheodory): at most rank of its rows, new non-negative
// weights, the same weighted column sums.
#pragma once
#include <cstdint>
#include <vector>

#include "memory.hpp"
#include "points.hpp"
#include "status.hpp"

namespace fewpoints {

struct Recombined {
  std::vector<std::uint32_t> indices;  // ascending
  std::vector<double> weights;
  double residual = 0;  // largest over columns j of |sum w' f_j - sum w f_j| / sum w |f_j|, in double-double
  int rank = 0;         // numerical rank of the features of the rows of positive weight
};

// A validated private copy of the caller's features, row-major, and weights. Throws Error NotFinite, Weight.
struct FeatureMatrix {
  FeatureMatrix(const PointsView& features, const NumbersView& weights);
  std::size_t count = 0;
  int width = 0;
  Array<double> values;   // count x width, row-major
  Array<double> weights;  // count
};

Recombined recombine(FeatureMatrix&& features, int threads, Monitor& monitor);

}  // namespace fewpoints
