// The main job: points -> partition into cells -> per cell a basis, moments, recombination and refined weights -> set
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
  PolynomialSpace space;   // its moments are kept
  bool automatic = false;  // the order is chosen instead (choose_order.hpp); space then gives its columns only
  std::size_t size = 0;    // the most points in the result; at least space.count(), or all points are kept
  bool best = true;        // spend time on the error of functions outside the space
  int threads = 1;
  bool standardise = true;  // cells are cut in units of each column's weighted standard deviation
  List<double> scales;      // factors on those units, one per column; empty: all 1; 0: cells are not cut along it
};

struct Compressed {
  List<std::uint32_t> indices;  // rows of the caller's array, ascending
  List<double> weights;
  List<double> points;  // count x dimension, row-major, bit-equal to the caller's rows
  int order = 0;        // the highest degree of the moments that are kept
  std::size_t cells = 0;
  int threads = 1;
  double residual = 0;  // of the whole set, the largest over moments (verify.hpp)
  std::size_t cells_keeping_less =
      0;                        // cells that keep only the moments asked for, not the enlarged space (ladder.hpp)
  StrategyCounts strategies{};  // the number of cells per strategy that answered them
  double partition_ms = 0, recombine_ms = 0, total_ms = 0;
};

// Consumes the set. Throws Error, Cancelled, std::bad_alloc. The bits are the same for any number of threads.
Compressed compress(PointSet&& set, const CompressOptions& options, Monitor& monitor);

}  // namespace fewpoints
