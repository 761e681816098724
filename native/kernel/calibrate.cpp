#include "calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "memory.hpp"
#include "products.hpp"
#include "threads.hpp"

namespace fewpoints {
namespace {

// Moments in all, and points kept for each of them, at least: fewer could not follow without large changes of their
// weights.
constexpr int kMostFeatures = 256;
constexpr std::size_t kPointsPerFeature = 2;
// Nanoseconds: a feature of a point summed; a product of the Gram matrix and of its factorisation; and a point in the
// partition and, times the square of the features, in the recombination. Calibrating is not to take longer than these
// two, so the moments are as many as that allows.
constexpr double kSum = 0.15, kProduct = 0.05, kPartition = 25, kRecombine = 0.012;
// The highest order of a column: beyond it nothing is gained in double.
constexpr int kMostOrder = 40;
// Only so many points a moment are moved when there are more: the others would only be moved less.
constexpr std::size_t kMovedPerFeature = 8;
// The mean square of the relative changes of the weights. Larger ones would make the weights uneven, and functions that
// are no polynomials pay for it, in this very proportion.
constexpr double kMostChange = 0.25;
// The changes settle in a few steps, or the moments cannot be met with so few points.
constexpr int kMostSteps = 40;
// Of the mean: the sums are not more exact.
constexpr double kSettled = 4e-16;
// A polynomial whose share that is independent of those before it is less than this, on the points moved, is not used.
constexpr double kIndependent = 1e-8;

int raise_for(const PolynomialSpace& space, std::size_t points, std::size_t size) {
  const auto n = static_cast<double>(points);
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(kMostFeatures, size / kPointsPerFeature));
  const auto N = static_cast<double>(space.count());
  const double allowed = n * (kPartition + kRecombine * N * N);
  PolynomialSpace raised = space;
  int r = 0;
  while (space.order[0] + r < kMostOrder) {
    raised.order[0]++;
    const auto wanted = static_cast<double>(raised.count());
    const double moved = std::min(static_cast<double>(size), wanted * kMovedPerFeature);
    const double cost = n * wanted * kSum + wanted * wanted * (moved / 2 + wanted / 6) * kProduct;
    if (raised.count() > most || cost > allowed) break;
    r++;
  }
  return r;
}

double dot(const double* a, const double* b, std::size_t count) {
  double s[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (std::size_t l = 0; l < 8; l++) s[l] += a[i + l] * b[i + l];
  for (; i < count; i++) s[0] += a[i] * b[i];
  return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

// The points that are moved, at equal strides (the order of the cells is one of places), and the features there.
class Sample {
 public:
  Sample(const ProductBasis& basis, const double* const* x, const double* w, std::size_t count, double mass)
      : features_(basis.count()),
        count_(count),
        moved_(std::min(count, kMovedPerFeature * static_cast<std::size_t>(features_))),
        stride_((moved_ + 7) / 8 * 8),
        root_(moved_),
        values_(static_cast<std::size_t>(features_) * stride_) {
    std::vector<Array<double>> columns(basis.dimension());
    std::vector<const double*> pointers;
    for (int a = 0; a < basis.dimension(); a++) {
      columns[a].reset(moved_);
      for (std::size_t i = 0; i < moved_; i++) columns[a][i] = x[a][place(i)];
      pointers.push_back(columns[a].data());
    }
    for (std::size_t i = 0; i < moved_; i++) root_[i] = std::sqrt(w[place(i)] / mass);
    basis.values(pointers.data(), moved_, values_.data(), stride_);
    for (int e = 0; e < features_; e++) {
      double* row = values_.data() + e * stride_;
      for (std::size_t i = 0; i < moved_; i++) row[i] *= root_[i];
      std::fill(row + moved_, row + stride_, 0.0);
    }
  }

  std::size_t size() const { return moved_; }
  std::size_t place(std::size_t i) const { return i * count_ / moved_; }
  std::size_t stride() const { return stride_; }
  const double* values() const { return values_.data(); }  // features x stride, times the root of the weight

  // sum_e coefficient_e phi_e at each of the points.
  std::vector<double> combination(const std::vector<double>& coefficient) const {
    std::vector<double> sum(moved_, 0.0);
    for (int e = 0; e < features_; e++) {
      if (coefficient[e] == 0) continue;
      const double* row = values_.data() + e * stride_;
      for (std::size_t i = 0; i < moved_; i++) sum[i] += coefficient[e] * row[i];
    }
    for (std::size_t i = 0; i < moved_; i++) sum[i] /= root_[i];
    return sum;
  }
  // sum_i w_i change_i phi_e(x_i) / mass
  std::vector<double> moments(const std::vector<double>& change) const {
    std::vector<double> weighted(stride_, 0.0), sums(features_);
    for (std::size_t i = 0; i < moved_; i++) weighted[i] = root_[i] * change[i];
    for (int e = 0; e < features_; e++) sums[e] = dot(weighted.data(), values_.data() + e * stride_, stride_);
    return sums;
  }

 private:
  const int features_;
  const std::size_t count_, moved_, stride_;
  std::vector<double> root_;
  Array<double> values_;
};

// The features in the order of their levels.
class Levels {
 public:
  explicit Levels(const ProductBasis& basis) : order_(basis.count()), ends_(basis.levels() + 1, 0) {
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) { return basis.level(a) < basis.level(b); });
    for (int e = 0; e < basis.count(); e++) ends_[basis.level(e)]++;
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
  }
  int end(int level) const { return ends_[level]; }  // features of that level or a lower one
  int operator[](int i) const { return order_[i]; }
  std::vector<double> sorted(const std::vector<double>& values) const {
    std::vector<double> out;
    for (const int e : order_) out.push_back(values[e]);
    return out;
  }
  std::vector<double> unsorted(const std::vector<double>& sorted) const {
    std::vector<double> out(order_.size(), 0.0);
    for (std::size_t i = 0; i < sorted.size(); i++) out[order_[i]] = sorted[i];
    return out;
  }

 private:
  std::vector<int> order_, ends_;
};

// Cholesky factor of the Gram matrix of the features over the sample, in the order of the levels: its leading blocks
// are the factors of the smaller spaces.
class Triangle {
 public:
  Triangle(const Levels& levels, const Sample& sample, int features, int threads, Monitor& monitor)
      : features_(features), factor_(static_cast<std::size_t>(features) * features) {
    const std::size_t stride = sample.stride(), N = static_cast<std::size_t>(features);
    Array<double> values(N * stride), gram(N * N);
    for (std::size_t i = 0; i < N; i++)
      std::copy_n(sample.values() + levels[static_cast<int>(i)] * stride, stride, values.data() + i * stride);
    constexpr int kRows = 16;
    parallel_for((N + kRows - 1) / kRows, threads, monitor, Stage::Recombine, [&](std::size_t block, int) {
      const int first = static_cast<int>(block) * kRows;
      simd().gram(features, stride, values.data(), first, std::min(features, first + kRows), gram.data());
    });
    factorise(gram.data());
  }

  int count() const { return count_; }  // of the first features: those that are independent

  // The first `count` unknowns of the first half of a solution.
  std::vector<double> forward(std::vector<double> right) const {
    for (std::size_t i = 0; i < right.size(); i++)
      right[i] = (right[i] - dot(row(static_cast<int>(i)), right.data(), i)) / row(static_cast<int>(i))[i];
    return right;
  }
  std::vector<double> solve(const std::vector<double>& right) const {
    std::vector<double> y = forward(right);
    for (int i = static_cast<int>(y.size()) - 1; i >= 0; i--) {
      const double* r = row(i);
      y[i] /= r[i];
      for (int j = 0; j < i; j++) y[j] -= r[j] * y[i];
    }
    return y;
  }

 private:
  const double* row(int i) const { return factor_.data() + static_cast<std::size_t>(i) * features_; }

  void factorise(const double* gram) {
    for (int i = 0; i < features_; i++) {
      const double* given = gram + static_cast<std::size_t>(i) * features_;
      double* r = factor_.data() + static_cast<std::size_t>(i) * features_;
      for (int j = 0; j < i; j++) r[j] = (given[j] - dot(r, row(j), static_cast<std::size_t>(j))) / row(j)[j];
      const double left = given[i] - dot(r, r, static_cast<std::size_t>(i));
      if (!(left > kIndependent * given[i])) return;
      r[i] = std::sqrt(left);
      count_ = i + 1;
    }
  }

  const int features_;
  int count_ = 0;
  Array<double> factor_;
};

// Of all non-negative weights with the wanted moments those nearest to the present ones, in the sum of (w' - w)^2 / w,
// over the present ones: w' = w max(0, 1 + p), p a polynomial. Newton's method with the matrix of its first step: few
// weights become 0, and each step gains about a digit. Empty when it does not settle.
std::vector<double> factors(const Levels& levels, const Sample& sample, const Triangle& triangle,
                            const std::vector<double>& defect, int level) {
  const int wanted = levels.end(level);
  std::vector<double> coefficient(defect.size(), 0.0), change(sample.size(), 0.0);
  double before = HUGE_VAL;
  for (int step = 0; step < kMostSteps; step++) {
    const std::vector<double> reached = sample.moments(change);
    std::vector<double> missing;
    double worst = 0;
    for (int i = 0; i < wanted; i++) {
      missing.push_back(defect[levels[i]] - reached[levels[i]]);
      worst = std::max(worst, std::fabs(missing[i]));
    }
    if (step > 1 && worst <= kSettled) {
      for (double& c : change) c += 1;
      return change;
    }
    if (step % 4 == 3) {
      if (worst > 0.5 * before) break;
      before = worst;
    }
    const std::vector<double> more = levels.unsorted(triangle.solve(missing));
    for (std::size_t e = 0; e < more.size(); e++) coefficient[e] += more[e];
    change = sample.combination(coefficient);
    for (double& c : change) c = std::max(c, -1.0);
  }
  return {};
}

}  // namespace

Calibration::Calibration(const PointSet& set, const PolynomialSpace& space, std::size_t size, int threads,
                         Monitor& monitor) {
  const int raised = raise_for(space, set.size(), std::min(size, set.size()));
  if (raised == 0) return;
  basis_ = std::make_unique<ProductBasis>(set, space, raised);
  std::vector<const double*> x;
  for (int a = 0; a < set.dimension(); a++) x.push_back(set.column(a));
  target_ = basis_->sums(x.data(), set.weights(), set.size(), threads, monitor);
}

Calibration::~Calibration() = default;

int Calibration::apply(const double* const* x, double* w, std::size_t count, int threads, Monitor& monitor) const {
  if (basis_ == nullptr) return 0;
  const ProductBasis& basis = *basis_;
  const int N = basis.count();
  // The defect of what is kept. Moments of the space itself are right already, to more digits than these sums have.
  std::vector<double> defect = basis.sums(x, w, count, threads, monitor);
  double mass = 0;
  for (std::size_t i = 0; i < count; i++) mass += w[i];
  for (int e = 0; e < N; e++) defect[e] = basis.level(e) == 0 ? 0 : (target_[e] - defect[e]) / mass;

  const Sample sample(basis, x, w, count, mass);
  const Levels levels(basis);
  const Triangle triangle(levels, sample, N, threads, monitor);
  std::vector<double> right = levels.sorted(defect);
  right.resize(triangle.count());
  const std::vector<double> y = triangle.forward(right);
  double square = 0;
  int level = 0;
  for (int r = 0, i = 0; r <= basis.levels() && levels.end(r) <= triangle.count(); r++) {
    for (; i < levels.end(r); i++) square += y[i] * y[i];
    if (square <= kMostChange) level = r;
  }
  for (; level > 0; level--) {
    monitor.check();
    const std::vector<double> factor = factors(levels, sample, triangle, defect, level);
    if (factor.empty()) continue;
    for (std::size_t i = 0; i < factor.size(); i++) w[sample.place(i)] *= factor[i];
    return level;
  }
  return 0;
}

}  // namespace fewpoints
