// The main job: points -> partition into cells -> in each cell a basis, moments, recombination, refined weights -> set
// -> residual.
#pragma once
#include <cstdint>

#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/ladder.hpp"
#include "partition/partition.hpp"
#include "points/point_set.hpp"
#include "polynomial/space.hpp"

namespace fewpoints {

struct CompressOptions {
  PolynomialSpace space;   // whose moments are kept
  bool automatic = false;  // the order is chosen instead (order.hpp); space then counts only for its columns
  std::size_t size = 0;    // most points in the result; at least space.count(), or all points are kept
  bool best = true;        // spend some time on the error of functions that are not in the space
  int threads = 1;
  bool standardise = true;  // cells are cut in units of each column's weighted standard deviation
  List<double> scales;      // factors on those units, one a column; empty: all 1; 0 leaves a column out of the cutting
};

struct Compressed {
  List<std::uint32_t> indices;  // rows of the caller's array, ascending
  List<double> weights;
  List<double> points;  // count x dimension, row-major, bit-equal to the caller's rows
  int order = 0;        // highest degree of the moments that are kept
  std::size_t cells = 0;
  int threads = 1;
  double residual = 0;                 // of the whole set, largest over moments (verify.hpp)
  std::size_t cells_keeping_less = 0;  // of an enlarged space, only the moments asked for (ladder.hpp)
  StrategyCounts strategies{};         // cells by the strategy that answered them
  double partition_ms = 0, recombine_ms = 0, total_ms = 0;
};

// Consumes the set. Throws Error, Cancelled, std::bad_alloc. Same bits for any number of threads.
Compressed compress(PointSet&& set, const CompressOptions& options, Monitor& monitor);

}  // namespace fewpoints
