#include "polynomial/double_double_sums.hpp"

#include <algorithm>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {

void DoubleDoubleSums::add(const double* other_high, const double* other_low, const double* other_magnitude) {
  for (std::size_t e = 0; e < high.size(); e++) {
    accumulate(high[e], low[e], {other_high[e], other_low[e]});
    magnitude[e] += other_magnitude[e];
  }
}

DoubleDoubleBasis::DoubleDoubleBasis(const MultiIndices& indices, const Recurrence& recurrence, List<double> centre,
                                     List<double> scale)
    : recurrence_(recurrence),
      parent_(indices.parent),
      axis_(indices.axis),
      degree_(indices.degree),
      centre_(std::move(centre)),
      scale_(std::move(scale)) {
  finish();
}

DoubleDoubleBasis::DoubleDoubleBasis(const MultiIndices& indices, const Recurrence& recurrence, List<double> centre,
                                     LinearMap map, const List<int>& kept)
    : recurrence_(recurrence), centre_(std::move(centre)), map_(std::move(map)) {
  List<int> place(indices.count, 0);
  for (const int e : kept) {
    place[e] = static_cast<int>(parent_.size());
    parent_.push_back(place[indices.parent[e]]);
    axis_.push_back(indices.axis[e]);
    degree_.push_back(indices.degree[e]);
  }
  finish();
}

void DoubleDoubleBasis::finish() {
  shape_.dimension = recurrence_.dimension;
  shape_.order = recurrence_.order;
  shape_.count = static_cast<int>(parent_.size());
  shape_.inner = parent_.empty() ? 0 : *std::max_element(parent_.begin(), parent_.end()) + 1;
  shape_.parent = parent_.data();
  shape_.axis = axis_.data();
  shape_.degree = degree_.data();
  shape_.a = recurrence_.a.data();
  shape_.b = recurrence_.b.data();
  shape_.c = recurrence_.c.data();
  const auto all = [](const List<double>& v, double x) {
    return std::all_of(v.begin(), v.end(), [x](double y) { return y == x; });
  };
  shape_.monomial = all(recurrence_.a, 1) && all(recurrence_.b, 0) && all(recurrence_.c, 0);
  shape_.columns = static_cast<int>(centre_.size());
  shape_.centre = centre_.data();
  shape_.map = map_.factor.empty() ? nullptr : map_.factor.data();
  shape_.from = map_.from.empty() ? nullptr : map_.from.data();
  shape_.scale = scale_.data();
}

DoubleDoubleSums DoubleDoubleBasis::sums(const double* const* x, const double* w, std::size_t n, int threads,
                                         Monitor& monitor, Stage stage) const {
  const std::size_t chunks = chunk_count(n);
  List<DoubleDoubleSums> parts(chunks, DoubleDoubleSums(count()));
  List<Array<double>> workspaces(std::max(threads, 1));
  parallel_for(chunks, threads, monitor, stage, [&](std::size_t i, int thread) {
    Array<double>& workspace = workspaces[thread];
    if (workspace.size() == 0) workspace.reset(simd().double_double_workspace(shape_));
    DoubleDoubleSums& part = parts[i];
    simd().double_double_sums(shape_, x, w, i * kChunk, std::min(n, (i + 1) * kChunk), part.high.data(),
                              part.low.data(), part.magnitude.data(), workspace.data());
  });
  DoubleDoubleSums total(count());
  for (const DoubleDoubleSums& part : parts) total.add(part);
  return total;
}

void DoubleDoubleBasis::local(const double* const* x, std::size_t n, double* out, std::size_t stride, int threads,
                              Monitor& monitor) const {
  List<Array<double>> workspaces(std::max(threads, 1));
  parallel_for(chunk_count(n), threads, monitor, Stage::Recombine, [&](std::size_t i, int thread) {
    Array<double>& workspace = workspaces[thread];
    if (workspace.size() == 0) workspace.reset(simd().double_double_workspace(shape_));
    simd().double_double_coordinates(shape_, x, i * kChunk, std::min(n, (i + 1) * kChunk), out + i * kChunk, stride,
                                     workspace.data());
  });
}

}  // namespace fewpoints
