// Rows of a stream, as they are held between two steps, and how they become sets and come back from results.
#pragma once
#include <cstdint>
#include <functional>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"
#include "compression/compress.hpp"
#include "points/point_set.hpp"

namespace fewpoints {

// Weighted rows of the stream. weights: empty when all are 1.
struct StreamRows {
  List<std::int64_t> rows;  // their numbers in the stream, ascending
  List<double> points, weights;
  std::size_t size() const { return rows.size(); }
};

// Rows that follow one another in the stream, one array per column.
struct StreamBlock {
  std::int64_t first = 0;
  std::size_t count = 0;
  List<Array<double>> columns;  // each with room for `capacity` rows
  std::size_t capacity = 0;
  List<std::uint64_t> largest;  // of each column, the bits of the largest magnitude
  List<double> weights;         // empty as long as all are 1
};

PointSet set_of(const StreamRows& rows, int dimension, int threads);
PointSet set_of(StreamBlock&& block, int threads);
List<double> row_major(const StreamBlock& block);
List<std::int64_t> numbers_of(const StreamBlock& block);

// number(i): the number in the stream of row i of the set that was compressed.
StreamRows written(UnwrittenCompressed& from, const std::function<std::int64_t(std::uint32_t)>& number,
                   Monitor& monitor);
// Free points, which have no numbers.
StreamRows written_free(UnwrittenCompressed& from, Monitor& monitor);

void leave_out_zero_weights(StreamRows& rows, int dimension);
StreamRows together(const List<StreamRows>& sets);

}  // namespace fewpoints
