#include "streaming/stream_rows.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace fewpoints {

PointSet set_of(const StreamRows& rows, int dimension, int threads) {
  const PointsView points{{rows.points.data(), false, 1}, dimension, rows.size(), dimension};
  const NumbersView weights{rows.weights.empty() ? nullptr : rows.weights.data(), false, 1};
  return PointSet(points, weights, "points", threads);
}

PointSet set_of(StreamBlock&& block, int threads) {
  return PointSet(std::move(block.columns), block.count,
                  {block.weights.empty() ? nullptr : block.weights.data(), false, 1}, std::move(block.largest),
                  threads);
}

List<double> row_major(const StreamBlock& block) {
  const std::size_t m = block.columns.size();
  List<double> points(product(block.count, m));
  for (std::size_t a = 0; a < m; a++)
    for (std::size_t i = 0; i < block.count; i++) points[i * m + a] = block.columns[a][i];
  return points;
}

List<std::int64_t> numbers_of(const StreamBlock& block) {
  List<std::int64_t> rows(block.count);
  std::iota(rows.begin(), rows.end(), block.first);
  return rows;
}

StreamRows written(UnwrittenCompressed& from, const std::function<std::int64_t(std::uint32_t)>& number,
                   Monitor& monitor) {
  const std::size_t count = from.size();
  StreamRows out;
  List<std::uint32_t> indices(count);
  out.weights.resize(count);
  out.points.resize(product(count, from.dimension()));
  from.write({indices.data(), out.weights.data(), out.points.data()}, from.threads, monitor);
  for (const std::uint32_t index : indices) out.rows.push_back(number(index));
  return out;
}

StreamRows written_free(UnwrittenCompressed& from, Monitor& monitor) {
  StreamRows out;
  out.weights.resize(from.size());
  out.points.resize(product(from.size(), from.dimension()));
  from.write({nullptr, out.weights.data(), out.points.data()}, from.threads, monitor);
  return out;
}

void leave_out_zero_weights(StreamRows& rows, int dimension) {
  if (std::ranges::find(rows.weights, 0.0) == rows.weights.end()) return;
  const auto m = usize(dimension);
  std::size_t left = 0;
  for (std::size_t i = 0; i < rows.size(); i++) {
    if (rows.weights[i] == 0) continue;
    rows.rows[left] = rows.rows[i];
    rows.weights[left] = rows.weights[i];
    std::copy_n(rows.points.data() + i * m, m, rows.points.data() + left * m);
    left++;
  }
  rows.rows.resize(left);
  rows.weights.resize(left);
  rows.points.resize(left * m);
}

StreamRows together(const List<StreamRows>& sets) {
  StreamRows all;
  const bool weighted = std::ranges::any_of(sets, [](const StreamRows& set) { return !set.weights.empty(); });
  for (const StreamRows& set : sets) {
    all.rows.insert(all.rows.end(), set.rows.begin(), set.rows.end());
    all.points.insert(all.points.end(), set.points.begin(), set.points.end());
    if (!set.weights.empty())
      all.weights.insert(all.weights.end(), set.weights.begin(), set.weights.end());
    else if (weighted)
      all.weights.resize(all.rows.size(), 1.0);
  }
  return all;
}

}  // namespace fewpoints
