#include "compression/cell_results.hpp"

#include <algorithm>
#include <numeric>

#include "base/double_double.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/part_times.hpp"

namespace fewpoints {

CellResults::CellResults(const Partition& partition, int dimension, std::size_t max)
    : partition_(partition), dimension_(dimension), max_(max) {
  std::size_t total = 0;
  for (const CellRange& cell : partition.cells()) {
    rooms_.push_back(std::min(cell.size(), max));
    total += rooms_.back();
  }
  memory_.emplace_back();
  memory_[0].positions.reset(total);
  memory_[0].weights.reset(total);
  std::size_t at = 0;
  for (const std::size_t room : rooms_) {
    positions_.push_back(memory_[0].positions.data() + at);
    weights_.push_back(memory_[0].weights.data() + at);
    at += room;
  }
  counts_.assign(rooms_.size(), 0);
}

std::size_t CellResults::kept() const { return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0}); }

void CellResults::add_cell() {
  const std::size_t room = std::min(partition_.cells().back().size(), max_);
  Memory memory;
  memory.positions.reset(room);
  memory.weights.reset(room);
  positions_.push_back(memory.positions.data());
  weights_.push_back(memory.weights.data());
  memory_.push_back(std::move(memory));
  rooms_.push_back(room);
  counts_.push_back(0);
}

void CellResults::drop_cell() {
  memory_.pop_back();
  positions_.pop_back();
  weights_.pop_back();
  rooms_.pop_back();
  counts_.pop_back();
}

PointColumns CellResults::points_of(std::size_t cell, List<const double*>& x) const {
  const CellRange& range = partition_.cells()[cell];
  x.resize(dimension_);
  for (int a = 0; a < dimension_; a++) x[a] = partition_.column(a) + range.begin;
  const double* w = partition_.weights();
  return {x.data(), w ? w + range.begin : nullptr, range.size(), dimension_};
}

Support CellResults::support_of(std::size_t cell) const {
  Support support;
  for (std::size_t j = 0; j < counts_[cell]; j++) {
    support.indices.push_back(static_cast<std::uint32_t>(positions_[cell][j] - partition_.cells()[cell].begin));
    support.weights.push_back(weights_[cell][j]);
  }
  return support;
}

void CellResults::keep(std::size_t cell, const Support& support) {
  std::copy(support.weights.begin(), support.weights.end(), weights(cell));
  keep(cell, support.indices.data(), static_cast<int>(support.indices.size()));
}

void CellResults::keep(std::size_t cell, const std::uint32_t* indices, int count) {
  for (int j = 0; j < count; j++) positions_[cell][j] = partition_.cells()[cell].begin + indices[j];
  counts_[cell] = usize(count);
}

void CellResults::keep_all(std::size_t cell) {
  const CellRange& range = partition_.cells()[cell];
  const double* w = partition_.weights();
  for (std::size_t j = 0; j < range.size(); j++) {
    positions_[cell][j] = range.begin + j;
    weights_[cell][j] = w ? w[range.begin + j] : 1.0;
  }
  counts_[cell] = range.size();
}

void CellResults::keep_distinct(std::size_t cell) {
  List<const double*> x;
  const PointColumns points = points_of(cell, x);
  const auto compare = [&](std::size_t a, std::size_t b) {
    for (int c = 0; c < dimension_; c++)
      if (x[c][a] != x[c][b]) return x[c][a] < x[c][b] ? -1 : 1;
    return 0;
  };
  List<std::size_t> order(points.count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return compare(a, b) < 0; });
  List<DoubleDouble> weight(points.count);  // of all equal points, at the first of them
  for (std::size_t j = 0, first = 0; j < order.size(); j++) {
    if (compare(order[first], order[j]) != 0) first = j;
    DoubleDouble& sum = weight[order[first]];
    sum = sum + DoubleDouble(points.w ? points.w[order[j]] : 1.0);
  }
  Support distinct;
  for (std::size_t j = 0; j < points.count; j++)
    if (weight[j].high > 0) {
      distinct.indices.push_back(static_cast<std::uint32_t>(j));
      distinct.weights.push_back(static_cast<double>(weight[j]));
    }
  keep(cell, distinct);
}

CellResults::Columns CellResults::columns(int threads, Monitor& monitor) const {
  const PartTimer timer(Part::Gathering);
  constexpr std::size_t kCellsPerTask = 32;
  const std::size_t cells = counts_.size(), tasks = (cells + kCellsPerTask - 1) / kCellsPerTask;
  List<std::size_t> starts(tasks + 1, std::size_t{0});  // of the cells of each task
  for (std::size_t i = 0; i < cells; i++) starts[i / kCellsPerTask + 1] += counts_[i];
  for (std::size_t t = 0; t < tasks; t++) starts[t + 1] += starts[t];
  const std::size_t count = starts[tasks];
  Columns out;
  out.x.resize(dimension_);
  for (auto& x : out.x) {
    x.reset(count);
    out.pointers.push_back(x.data());
  }
  out.w.reset(count);
  out.rows.reset(count);
  parallel_for(tasks, threads, monitor, Stage::Recombine, [&](std::size_t t, int) {
    std::size_t to = starts[t];
    for (std::size_t i = t * kCellsPerTask; i < std::min(cells, (t + 1) * kCellsPerTask); i++) {
      const std::size_t* const positions = positions_[i];
      for (int a = 0; a < dimension_; a++)
        for (std::size_t j = 0; j < counts_[i]; j++) out.x[a][to + j] = partition_.column(a)[positions[j]];
      for (std::size_t j = 0; j < counts_[i]; j++) out.rows[to + j] = partition_.rows()[positions[j]];
      std::copy_n(weights_[i], counts_[i], out.w.data() + to);
      to += counts_[i];
    }
  });
  return out;
}

}  // namespace fewpoints
