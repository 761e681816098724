#include "recombine.hpp"

#include <algorithm>
#include <numeric>

#include "exact.hpp"
#include "halving.hpp"
#include "info.hpp"
#include "polish.hpp"
#include "threads.hpp"
#include "tolerances.hpp"

namespace fewpoints {
namespace {

class MatrixSource final : public FeatureSource {
 public:
  // rows: the rows of positive weight.
  MatrixSource(const FeatureMatrix& features, const std::vector<std::uint32_t>& rows)
      : features_(features), rows_(rows) {}
  int width() const override { return features_.width; }
  const double* row(std::size_t i) const {
    return features_.values.data() + static_cast<std::size_t>(rows_[i]) * features_.width;
  }
  void features(const std::uint32_t* index, std::size_t count, double* out, std::size_t stride,
                double*) const override {
    for (std::size_t i = 0; i < count; i++) {
      const double* from = row(index[i]);
      for (int e = 0; e < features_.width; e++) out[e * stride + i] = from[e];
    }
  }

 private:
  const FeatureMatrix& features_;
  const std::vector<std::uint32_t>& rows_;
};

// Column sums in double-double of the rows index[0..count) with weights w: products split exactly, sums compensated.
template <class Row>
void add_rows(int width, std::size_t begin, std::size_t end, const Row& row, const double* w, ExactSums& sums) {
  for (std::size_t i = begin; i < end; i++) {
    const double* f = row(i);
    for (int e = 0; e < width; e++) {
      const double p = w[i] * f[e], lost = std::fma(w[i], f[e], -p);
      const double s = sums.high[e] + p, t = s - sums.high[e];
      sums.low[e] += ((sums.high[e] - (s - t)) + (p - t)) + lost;
      sums.high[e] = s;
      sums.magnitude[e] += std::fabs(p);
    }
  }
}

}  // namespace

FeatureMatrix::FeatureMatrix(const PointsView& view, const NumbersView& w) : count(view.count), width(view.dimension) {
  values.reset(count * static_cast<std::size_t>(width));
  for (std::size_t i = 0; i < count; i++) {
    double* to = values.data() + i * width;
    const auto start = static_cast<std::ptrdiff_t>(i) * view.row_stride;
    bool finite = true;
    for (int e = 0; e < width; e++) {
      to[e] = view.numbers[start + e * view.numbers.stride];
      finite = finite && to[e] - to[e] == 0;
    }
    if (!finite)
      for (int e = 0; e < width; e++) check_finite(to + e, 1, "features", e, i);
  }
  if (w.data != nullptr) {
    copy_weights(w, count, weights);
  } else {
    weights.reset(count);
    std::fill_n(weights.data(), count, 1.0);
  }
}

Recombined recombine(FeatureMatrix&& features, int wanted, Monitor& monitor) {
  const int threads = usable_threads(wanted), N = features.width;
  std::vector<std::uint32_t> rows;
  std::vector<double> w;
  for (std::size_t i = 0; i < features.count; i++)
    if (features.weights[i] > 0) {
      rows.push_back(static_cast<std::uint32_t>(i));
      w.push_back(features.weights[i]);
    }
  Recombined result;
  if (rows.empty()) return result;
  const MatrixSource source(features, rows);

  std::vector<ExactSums> parts(chunk_count(rows.size()), ExactSums(N));
  parallel_for(parts.size(), threads, monitor, Stage::Recombine, [&](std::size_t c, int) {
    add_rows(
        N, c * kChunk, std::min(rows.size(), (c + 1) * kChunk), [&](std::size_t i) { return source.row(i); }, w.data(),
        parts[c]);
  });
  ExactSums target(N);
  for (const ExactSums& part : parts) target.add(part);

  Vertex vertex = halve(source, w.data(), rows.size(), threads, monitor);
  const std::size_t count = vertex.indices.size();
  Eigen::MatrixXd B(N, static_cast<Eigen::Index>(count));
  for (std::size_t j = 0; j < count; j++)
    for (int e = 0; e < N; e++) B(e, static_cast<Eigen::Index>(j)) = source.row(vertex.indices[j])[e];
  result.residual = polish(
      B, target,
      [&](const std::vector<double>& weights) {
        ExactSums sums(N);
        add_rows(
            N, 0, count, [&](std::size_t j) { return source.row(vertex.indices[j]); }, weights.data(), sums);
        return sums;
      },
      vertex.weights);
  result.rank = vertex.rank;
  if (result.residual > kAcceptedResidual && rows.size() <= static_cast<std::size_t>(N)) {
    // Nothing has to go: all rows as they are.
    result.indices = rows;
    result.weights = w;
    result.residual = 0;
    return result;
  }
  if (!(result.residual <= kRefusedResidual))
    throw refusal("the column sums", result.residual, "columns that are better conditioned");
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return vertex.indices[a] < vertex.indices[b]; });
  for (const std::size_t j : order)
    if (vertex.weights[j] > 0) {
      result.indices.push_back(rows[vertex.indices[j]]);
      result.weights.push_back(vertex.weights[j]);
    }
  return result;
}

}  // namespace fewpoints
