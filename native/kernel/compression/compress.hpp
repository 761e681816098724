// The main job: points -> partition into cells -> per cell a basis, moments, recombination and refined weights -> set
// -> residual.
#pragma once
#include <cstdint>

#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/free_points.hpp"
#include "compression/ladder.hpp"
#include "compression/residual.hpp"
#include "compression/row_order.hpp"
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
  // Rows: the points of the result are some of the caller's. Free: they may lie anywhere within the boxes of their
  // cells, and there are about dimension + 1 times fewer of them for as many moments.
  enum class Support { Rows, Free };
  Support support = Support::Rows;
  // No weight of a cell is below so many times their mean, or an Error(Infeasible) is thrown. 0: any weight will do.
  double minimum_weight = 0;
  bool hull = false;  // free points lie in the convex hull of the points of their cell; cells that have none keep rows
  // With free support: there are `size` points of one cell, all of the same weight, or an Error(Infeasible) is thrown.
  bool equal_weights = false;
  bool means = false;         // with free support: each cell has one point, the mean of its points; the order is 1
  std::size_t most_free = 0;  // the most free points, where that is not the size, which rows keep to; 0: the size
  std::size_t free_size() const { return most_free > 0 ? most_free : size; }
};

// What a call tells beside the points.
struct CompressReport {
  int order = 0;  // the highest degree of the moments that are kept
  std::size_t cells = 0;
  // With free support: the cells whose points are free. All others keep rows: the cells that have too few points to be
  // reduced, and the row_cells, on which no free points were found. 0 of both: the whole set was done with rows.
  std::size_t free_cells = 0, row_cells = 0;
  WhyRows why_rows = WhyRows::None;
  int threads = 1;
  double residual = 0;          // of the whole set, the largest over moments (verify.hpp)
  std::size_t light_cells = 0;  // those with a weight below the least that was asked for
  std::size_t cells_keeping_less =
      0;                        // cells that keep only the moments asked for, not the enlarged space (ladder.hpp)
  StrategyCounts strategies{};  // the number of cells per strategy that answered them
  double partition_ms = 0, recombine_ms = 0, total_ms = 0;
};

struct Compressed : CompressReport {
  List<std::uint32_t> indices;  // rows of the caller's array, ascending; none with free support
  List<double> weights;
  List<double> points;  // count x dimension, row-major; with the support Rows bit-equal to the caller's rows
};

// Points that all threads write to where the caller wants them. With the support Rows, indices ascend, and rows are
// bit-equal to the caller's. With free support the points come cell by cell, and `indices` of the target is nullptr.
struct UnwrittenCompressed : CompressReport {
  RowOrder rows;
  FreePoints free;  // instead of rows, when there are free_cells
  std::size_t size() const { return free_cells > 0 ? free.size() : rows.size(); }
  int dimension() const { return free_cells > 0 ? free.dimension() : rows.dimension(); }
  void write(const RowOrderTarget& to, int threads, Monitor& monitor);  // the time counts
};

// The moments of `requested` are kept in all, those of `kept`, which contains it, in every cell where that can be had.
// With free support `kept` is that of cells with free points.
struct Spaces {
  PolynomialSpace requested, kept;
};
// As the options ask for it. points: how many there are.
Spaces spaces_of(const CompressOptions& options, int dimension, std::size_t points);

// Consumes the set. Throws Error, Cancelled, std::bad_alloc. The bits are the same for any number of threads.
UnwrittenCompressed compress_unwritten(PointSet&& set, const CompressOptions& options, Monitor& monitor);
// The same with spaces of the caller's, instead of those of the options. original: what the result is compared with, in
// the requested space.
UnwrittenCompressed compress_unwritten(PointSet&& set, const CompressOptions& options, const Spaces& spaces,
                                       const Residual& original, Monitor& monitor);
Compressed compress(PointSet&& set, const CompressOptions& options, Monitor& monitor);

}  // namespace fewpoints
