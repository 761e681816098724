// Recombination of any number of points in any features: group the points, find a vertex for the sums of the groups,
// drop the groups that got no weight, and repeat (Litterer and Lyons 2012; Maalouf, Jubran, Feldman 2019), the vertex
// by the homotopy push of simd/tableau.hpp. Feasible at every step; no n x N matrix is stored.
#pragma once
#include <cstdint>
#include <vector>

#include "status.hpp"

namespace fewpoints {

// Where the features come from.
class FeatureSource {
 public:
  virtual ~FeatureSource() = default;
  virtual int width() const = 0;
  // out[e * stride + i] = feature e of point index[i], i < count <= kBlock. Called from several threads at once;
  // scratch is the thread's own, scratch_size() doubles.
  virtual void features(const std::uint32_t* index, std::size_t count, double* out, std::size_t stride,
                        double* scratch) const = 0;
  virtual std::size_t scratch_size() const { return 0; }
  static constexpr std::size_t kBlock = 64;
};

struct Vertex {
  std::vector<std::uint32_t> indices;
  std::vector<double> weights;
  int rank = 0;  // of the last round's columns, with relative tolerance kRankTolerance
  bool solved = false;
};

// A row of unit-length columns whose remainder is below this depends on the rows before it.
constexpr double kRankTolerance = 1e-12;

// w: nullptr means all 1. Not polished: sums hold to about 1e-13 only.
Vertex halve(const FeatureSource& source, const double* w, std::size_t count, int threads, Monitor& monitor);

}  // namespace fewpoints
