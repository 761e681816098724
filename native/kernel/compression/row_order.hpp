// Points of a result, brought into the order of the caller's rows.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/cell_results.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

// Where the points are written. Each array has room for size() points.
struct RowOrderTarget {
  std::uint32_t* indices;  // nullptr: they are not wanted
  double* weights;
  double* points;  // row-major
};

// Each row of the caller's lies in a bucket of rows that follow one another. The constructor moves the points to their
// buckets, and write() from there to their places. So all threads work side by side, and each of them in its cache.
class RowOrder {
 public:
  RowOrder() = default;
  // The values become those of the caller.
  RowOrder(const CellResults::Columns& kept, const PointSet& set, int threads, Monitor& monitor);

  std::size_t size() const { return rows_.size(); }
  int dimension() const { return static_cast<int>(dimension_); }
  void write(const RowOrderTarget& to, int threads, Monitor& monitor) const;

 private:
  std::size_t dimension_ = 0;
  int shift_ = 0;             // the bucket of a row is row >> shift
  List<std::size_t> starts_;  // of the buckets
  Array<std::uint32_t> rows_;
  Array<double> weights_, points_;
};

}  // namespace fewpoints
