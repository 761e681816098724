#include "cell.hpp"

#include <algorithm>
#include <cmath>

#include "halving.hpp"
#include "polish.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

// Fast answers with a larger residual are thrown away. Good ones have at most 6e-16 (measured over 10^5 cells).
constexpr double kFastResidual = 4e-15;
// A support that comes from somewhere else is taken when polishing brings it below this; else a new one is looked for.
constexpr double kPolished = 1e-15;
// The fast path holds N x N and N x samples tables, and features of one point on the stack.
constexpr int kMostFastFeatures = 256, kMostFastPowers = 128, kMostFastDimension = 32;

// Candidates per feature. Too few, and there are many exchanges, and passes over the points outside them; too many cost
// elimination. The least time on cells of ten points a feature, spatially sorted down to two: a flat minimum, steep on
// the side of too few.
double samples_per_feature(int m, int k) {
  if (m == 1) return std::min(10.0, 3.0 + 0.5 * std::max(0, k - 3));
  if (k <= 3) return m <= 4 ? 2.8 : 3.0;
  return std::min(10.0, 1.7 + 0.36 * k);
}

class BasisSource final : public FeatureSource {
 public:
  explicit BasisSource(const Frame& frame) : frame_(frame) {}
  int width() const override { return frame_.basis().count(); }
  std::size_t scratch_size() const override {
    return static_cast<std::size_t>(frame_.basis().dimension()) * (frame_.recurrence().order + 1) * kBlock;
  }
  void features(const std::uint32_t* index, std::size_t count, double* out, std::size_t stride,
                double* powers) const override {
    const ExactShape& shape = frame_.basis().shape();
    const int k = shape.order;
    const auto power = [&](int axis, int j) {
      return powers + (static_cast<std::size_t>(axis) * (k + 1) + j) * kBlock;
    };
    for (int axis = 0; axis < shape.dimension; axis++) {
      std::fill_n(power(axis, 0), count, 1.0);
      if (k == 0) continue;
      const double* t = frame_.local(axis);
      const double *a = shape.a + axis * k, *b = shape.b + axis * k, *c = shape.c + axis * k;
      double here[kBlock];
      for (std::size_t i = 0; i < count; i++) here[i] = t[index[i]];
      for (int j = 0; j < k; j++) {
        const double *now = power(axis, j), *before = power(axis, std::max(j - 1, 0));
        double* next = power(axis, j + 1);
        const double cj = j > 0 ? c[j] : 0;
        for (std::size_t i = 0; i < count; i++) next[i] = (a[j] * here[i] + b[j]) * now[i] - cj * before[i];
      }
    }
    std::fill_n(out, count, 1.0);
    for (int e = 1; e < shape.count; e++) {
      const double *from = out + shape.parent[e] * stride, *by = power(shape.axis[e], shape.degree[e]);
      for (std::size_t i = 0; i < count; i++) out[e * stride + i] = from[i] * by[i];
    }
  }

 private:
  const Frame& frame_;
};

}  // namespace

CellSolver::CellSolver(const PolynomialSpace& space, std::size_t largest_cell) : space_(space), indices_(space) {
  const int N = indices_.count, m = indices_.dimension, k = indices_.order;
  norm_.assign(N, 1.0);
  for (int e = 0; e < N; e++)
    for (int a = 0; a < m; a++) norm_[e] *= std::sqrt(2.0 * indices_.row(e)[a] + 1);
  const int samples = (static_cast<int>(std::ceil(samples_per_feature(m, k) * N)) + 7) / 8 * 8;
  shape_ = {
      m, k, N, samples, indices_.parent.data(), indices_.axis.data(), indices_.degree.data(), norm_.data(),
      // At order 1 the largest pivots sit at the rim of the cell, and the degree-2 error of all cells has one sign.
      k == 1 ? 0.6 : 1.0, space.is_total() && space.extra == 0 ? simd().cell_instance(m, k) : -1};
  if (N <= kMostFastFeatures && m * (k + 1) <= kMostFastPowers && m <= kMostFastDimension &&
      largest_cell < (std::size_t{1} << 31))
    workspace_ = simd().cell_workspace(shape_, largest_cell);
}

int CellSolver::fast(const Points& points, double* workspace, std::uint32_t* chosen, double* weights,
                     const Monitor& monitor) const {
  const CellResult result =
      simd().cell(shape_, {points.x, points.w, points.count, stop_of(monitor)}, workspace, chosen, weights);
  return result.count >= 0 && result.residual <= kFastResidual ? result.count : -1;
}

Support CellSolver::careful(const Points& points, Support start, int threads, Monitor& monitor) const {
  if (space_.highest_power() == 0) {  // only the mass
    DoubleDouble mass;
    for (std::size_t i = 0; i < points.count; i++) mass = mass + DoubleDouble(points.w ? points.w[i] : 1.0);
    return {{0}, {static_cast<double>(mass)}, 0};
  }
  const Frame frame(points, space_, threads, monitor);
  const BasisSource source(frame);
  const ExactBasis& basis = frame.basis();
  const ExactSums target = basis.sums(points.x, points.w, points.count, threads, monitor, Stage::Recombine);

  const auto polished = [&](Support support) {
    const std::size_t count = support.indices.size();
    Eigen::MatrixXd B(basis.count(), static_cast<Eigen::Index>(count));
    Array<double> scratch(source.scratch_size()), columns(count * points.dimension);
    std::vector<double> block(basis.count() * FeatureSource::kBlock);
    for (std::size_t i = 0; i < count; i += FeatureSource::kBlock) {
      const std::size_t size = std::min(FeatureSource::kBlock, count - i);
      source.features(support.indices.data() + i, size, block.data(), FeatureSource::kBlock, scratch.data());
      for (int e = 0; e < basis.count(); e++)
        for (std::size_t j = 0; j < size; j++)
          B(e, static_cast<Eigen::Index>(i + j)) = block[e * FeatureSource::kBlock + j];
    }
    std::vector<const double*> x(points.dimension);
    for (int a = 0; a < points.dimension; a++) {
      double* column = columns.data() + a * count;
      for (std::size_t i = 0; i < count; i++) column[i] = points.x[a][support.indices[i]];
      x[a] = column;
    }
    support.residual = polish(
        B, target,
        [&](const std::vector<double>& w) {
          return basis.sums(x.data(), w.data(), count, 1, monitor, Stage::Recombine);
        },
        support.weights);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; i++)
      if (support.weights[i] > 0) {
        support.indices[kept] = support.indices[i];
        support.weights[kept++] = support.weights[i];
      }
    support.indices.resize(kept);
    support.weights.resize(kept);
    return support;
  };

  if (!start.indices.empty()) {
    start = polished(std::move(start));
    if (start.residual <= kPolished && start.indices.size() <= static_cast<std::size_t>(basis.count())) return start;
  }
  Vertex vertex = halve(source, points.w, points.count, threads, monitor);
  Support fresh = polished({std::move(vertex.indices), std::move(vertex.weights), 0});
  return start.indices.empty() || fresh.residual < start.residual ? fresh : start;
}

}  // namespace fewpoints
