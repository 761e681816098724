#include "compression/cell_solver.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "polynomial/product_values.hpp"
#include "recombination/basic_solution.hpp"
#include "recombination/raise_weights.hpp"
#include "recombination/refine_weights.hpp"

namespace fewpoints {
namespace {

// A support is good enough when its refined weights have at most this residual; otherwise a new one is tried.
constexpr double kRefined = 1e-15;
// with_larger_weights() exchanges points of the support for others: so many per feature, spread over the cell, as far
// as their features have room in kMostValues numbers. Weights change by less than kRefinedBy when they are refined.
constexpr std::size_t kExchangeable = 20, kMostValues = std::size_t{1} << 24;
constexpr double kRefinedBy = 1e-6;
// Candidates per feature. With too few there are many exchanges, and passes over the points outside the tableau. With
// too many, elimination takes longer. These numbers took the least time on cells of ten points per feature, whose
// points are spatially sorted down to pairs. The minimum is flat, and steep on the side of too few. No command of the
// repository prints this sweep; `npm run bench -- throughput` prints the times that result.
double samples_per_feature(int m, int k) {
  if (m == 1) return std::min(10.0, 3.0 + 0.5 * std::max(0, k - 3));
  if (k <= 3) return m <= 4 ? 2.8 : 3.0;
  return std::min(10.0, 1.7 + 0.36 * k);
}

Support without_zeros(Support support) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < support.indices.size(); i++)
    if (support.weights[i] > 0) {
      support.indices[kept] = support.indices[i];
      support.weights[kept++] = support.weights[i];
    }
  support.indices.resize(kept);
  support.weights.resize(kept);
  return support;
}

// The map of the cell's bounding box to [-1, 1]^m: t = (x - centre) * inverse.
struct Box {
  List<double> centre, inverse;
};

// None when a column is constant.
std::optional<Box> box_of(const PointColumns& points) {
  Box box;
  for (int a = 0; a < points.dimension; a++) {
    double low, high;
    simd().bounds(points.x[a], 0, points.count, &low, &high);
    const double half = 0.5 * high - 0.5 * low;
    if (!(half > 0)) return std::nullopt;
    box.centre.push_back(0.5 * low + 0.5 * high);
    box.inverse.push_back(1 / half);
  }
  return box;
}

// Chosen points of a cell, as columns of their own.
struct ChosenPoints {
  ChosenPoints(const PointColumns& points, const List<std::uint32_t>& indices)
      : values(indices.size() * usize(points.dimension)) {
    for (int a = 0; a < points.dimension; a++) {
      double* column = values.data() + usize(a) * indices.size();
      for (std::size_t i = 0; i < indices.size(); i++) column[i] = points.x[a][indices[i]];
      x.push_back(column);
    }
  }
  Array<double> values;
  List<const double*> x;
};

// Writes the features of chosen points: entry (e, i) to out[e * stride + i].
void features_of(const FeatureSource& source, const List<std::uint32_t>& indices, double* out, std::size_t stride,
                 int threads, Monitor& monitor) {
  const std::size_t count = indices.size(), blocks = (count + FeatureSource::kBlock - 1) / FeatureSource::kBlock;
  List<Array<double>> scratch(std::max(threads, 1));
  parallel_for(blocks, threads, monitor, Stage::Recombine, [&](std::size_t i, int thread) {
    if (scratch[thread].size() == 0) scratch[thread].reset(source.scratch_size());
    const std::size_t from = i * FeatureSource::kBlock;
    const int size = static_cast<int>(std::min<std::size_t>(FeatureSource::kBlock, count - from));
    Segment rows[FeatureSource::kBlock];
    std::uint32_t first[FeatureSource::kBlock + 1] = {};
    for (int j = 0; j < size; j++) {
      rows[j] = {indices[from + usize(j)], indices[from + usize(j)] + std::size_t{1}};
      first[j + 1] = static_cast<std::uint32_t>(j + 1);
    }
    source.sums(rows, first, size, false, out + from, stride, scratch[thread].data(), nullptr);
  });
}

// A cell in the polynomials that are orthonormal over its points, with its moments.
class OrthonormalCell {
 public:
  OrthonormalCell(const PointColumns& points, const PolynomialSpace& space, double degenerate_width, int threads,
                  Monitor& monitor)
      : points_(points),
        threads_(threads),
        monitor_(monitor),
        coordinates_(points, space, degenerate_width, threads, monitor),
        local_(local()),
        source_(basis().shape(), local_.data(), points.w, points.count, List<double>(local_.size(), 0.0),
                List<double>(local_.size(), 1.0)),
        target_(basis().sums(points.x, points.w, points.count, threads, monitor, Stage::Recombine)) {}

  int features() const { return basis().count(); }
  const FeatureSource& source() const { return source_; }
  const DoubleDoubleSums& target() const { return target_; }
  // The moments of chosen points, as a function of their weights.
  std::function<DoubleDoubleSums(const List<double>&)> sums_of(const ChosenPoints& chosen) const {
    return [this, &chosen](const List<double>& w) {
      return basis().sums(chosen.x.data(), w.data(), w.size(), threads_, monitor_, Stage::Recombine);
    };
  }
  Support refined(Support support) const {
    const ChosenPoints chosen(points_, support.indices);
    const std::size_t count = support.indices.size(), stride = (count + 7) / 8 * 8;
    const int N = features();
    Array<double> features(product(N, stride));
    features_of(source_, support.indices, features.data(), stride, 1, monitor_);
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::MatrixXd B = Eigen::Map<const RowMajor, 0, Eigen::OuterStride<>>(
        features.data(), N, static_cast<Eigen::Index>(count), Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
    support.residual = refine_weights(B, target_, sums_of(chosen), support.weights);
    return without_zeros(std::move(support));
  }

 private:
  const DoubleDoubleBasis& basis() const { return coordinates_.basis(); }
  List<const double*> local() const {
    List<const double*> local(basis().dimension());
    for (int a = 0; a < basis().dimension(); a++) local[a] = coordinates_.local(a);
    return local;
  }
  const PointColumns& points_;
  const int threads_;
  Monitor& monitor_;
  const OrthonormalBasis coordinates_;
  const List<const double*> local_;
  const ProductSource source_;
  const DoubleDoubleSums target_;
};

}  // namespace

Support merged(const PointColumns& points) {
  DoubleDouble mass;
  for (std::size_t i = 0; i < points.count; i++) mass = mass + DoubleDouble(points.w ? points.w[i] : 1.0);
  return {{0}, {static_cast<double>(mass)}, 0};
}

CellSolver::CellSolver(const PolynomialSpace& space, std::size_t largest_cell) : space_(space), indices_(space) {
  const int N = indices_.count, m = indices_.dimension, k = indices_.order;
  norm_.assign(N, 1.0);
  for (int e = 1; e < N; e++) norm_[e] = norm_[indices_.parent[e]] * std::sqrt(2.0 * indices_.degree[e] + 1);
  const bool fits = fits_fast_path(m, k, N);
  const int samples = fits ? (static_cast<int>(std::ceil(samples_per_feature(m, k) * N)) + 7) / 8 * 8 : 0;
  shape_ = {
      m, k, N, samples, indices_.parent.data(), indices_.axis.data(), indices_.degree.data(), norm_.data(),
      // At order 1 the largest pivots lie at the rim of the cell, and the degree-2 error of all cells has one sign.
      k == 1 ? 0.6 : 1.0, space.is_total() && space.extra == 0 ? simd().cell_instance(m, k) : -1, space.is_total(),
      kCellResidual};
  if (fits && largest_cell < (std::size_t{1} << 31)) workspace_ = simd().cell_workspace(shape_, largest_cell);
}

CellResult CellSolver::in_cache(const PointColumns& points, double* workspace, std::uint32_t* chosen, double* weights,
                                const Monitor& monitor) const {
  return simd().cell(shape_, {points.x, points.w, points.count, stop_of(monitor)}, workspace, chosen, weights);
}

Support CellSolver::streamed(const PointColumns& points, int threads, Monitor& monitor) const {
  const int N = indices_.count;
  const std::optional<Box> box = box_of(points);
  if (!box) return {};
  const Recurrence legendre = Recurrence::legendre(indices_.dimension, indices_.order);
  const ProductSource source(shape_of(indices_, legendre), points.x, points.w, points.count, box->centre, box->inverse);
  BasicSolutionFinder finder(source, threads, monitor);
  if (!finder.run() || finder.rank() < N) return {};
  // The residual is measured as in in_cache(): relative to the mass, in orthonormal features.
  DoubleDoubleSums target = finder.target();
  for (int e = 0; e < N; e++) target.magnitude[e] = target.high[0] / norm_[e];
  const std::size_t count = finder.indices().size(), stride = (count + 7) / 8 * 8;
  Array<double> columns(product(N, stride));
  std::fill_n(columns.data(), columns.size(), 0.0);
  features_of(source, finder.indices(), columns.data(), stride, threads, monitor);
  const double residual = finder.refine(target, [&](const List<double>& w) {
    Array<double> padded(stride);
    std::fill_n(std::copy(w.begin(), w.end(), padded.data()), stride - w.size(), 0.0);
    DoubleDoubleSums sums(N);
    for (int e = 0; e < N; e++)
      simd().weighted_sum(columns.data() + usize(e) * stride, padded.data(), stride, &sums.high[e], &sums.low[e]);
    return sums;
  });
  return without_zeros({finder.indices(), finder.weights(), residual});
}

Support CellSolver::orthonormal(const PointColumns& points, Support start, double degenerate_width, int threads,
                                Monitor& monitor) const {
  if (space_.highest_power() == 0) return merged(points);  // the mass is the only moment
  const OrthonormalCell cell(points, space_, degenerate_width, threads, monitor);
  const int N = cell.features();
  if (start.found()) {
    start = cell.refined(std::move(start));
    if (start.residual <= kRefined && start.indices.size() <= static_cast<std::size_t>(N)) return start;
  }
  BasicSolutionFinder finder(cell.source(), threads, monitor, degenerate_width > 0 ? kRankTolerance : kMinTolerance);
  finder.run();
  Support fresh{finder.indices(), {}, HUGE_VAL};
  if (fresh.found()) {
    const ChosenPoints chosen(points, fresh.indices);
    fresh.residual = finder.refine(cell.target(), cell.sums_of(chosen));
    fresh.weights = finder.weights();
    const bool done = fresh.residual <= kRefined && N > kMaxFastFeatures;  // least squares with many features is slow
    fresh = done ? without_zeros(std::move(fresh)) : cell.refined(std::move(fresh));
  }
  return !start.found() || fresh.residual < start.residual ? fresh : start;
}

Support CellSolver::with_larger_weights(const PointColumns& points, Support start, double minimum, int threads,
                                        Monitor& monitor) const {
  const OrthonormalCell cell(points, space_, OrthonormalBasis::kDegenerateWidth, threads, monitor);
  const std::size_t features = usize(cell.features()), kept = start.indices.size();
  const std::size_t others = std::min(kExchangeable * features, kMostValues / features);
  if (kept > features || others == 0) return {};
  List<std::uint32_t> tried = start.indices;
  const std::size_t step = std::max<std::size_t>(1, points.count / others);
  List<unsigned char> present(points.count, 0);
  for (const std::uint32_t i : start.indices) present[i] = 1;
  for (std::size_t i = 0; i < points.count; i += step)
    if (!present[i]) tried.push_back(static_cast<std::uint32_t>(i));
  const std::size_t stride = (tried.size() + 7) / 8 * 8;
  Array<double> values(product(features, stride));
  std::fill_n(values.data(), values.size(), 0.0);
  features_of(cell.source(), tried, values.data(), stride, 1, monitor);

  const double mean = std::accumulate(start.weights.begin(), start.weights.end(), 0.0) / static_cast<double>(kept);
  List<std::uint32_t> columns(kept);
  std::iota(columns.begin(), columns.end(), std::uint32_t{0});
  // A little more, because the weights are refined.
  if (!raise_weights({values, features, tried.size(), stride}, minimum * mean * (1 + kRefinedBy), columns,
                     start.weights, monitor))
    return {};
  for (std::size_t c = 0; c < kept; c++) start.indices[c] = tried[columns[c]];
  return cell.refined(std::move(start));
}

Support CellSolver::boxed(const PointColumns& points, int threads, Monitor& monitor) const {
  const std::optional<Box> box = box_of(points);
  if (!box) return {};
  const Recurrence legendre = Recurrence::legendre(indices_.dimension, indices_.order);
  const ProductSource source(shape_of(indices_, legendre), points.x, points.w, points.count, box->centre, box->inverse);
  BasicSolutionFinder finder(source, threads, monitor, kMinTolerance);
  if (!finder.run()) return {};
  LinearMap map{box->inverse, List<int>(indices_.dimension)};
  std::iota(map.from.begin(), map.from.end(), 0);
  List<int> all(features());
  std::iota(all.begin(), all.end(), 0);
  const DoubleDoubleBasis basis(indices_, legendre, box->centre, std::move(map), all);
  const auto sums = [&](const double* const* x, const double* w, std::size_t n) {
    return basis.sums(x, w, n, threads, monitor, Stage::Recombine);
  };
  const DoubleDoubleSums target = sums(points.x, points.w, points.count);
  const ChosenPoints chosen(points, finder.indices());
  const double residual =
      finder.refine(target, [&](const List<double>& w) { return sums(chosen.x.data(), w.data(), w.size()); });
  return without_zeros({finder.indices(), finder.weights(), residual});
}

}  // namespace fewpoints
