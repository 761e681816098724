#include "recombination/recombine.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/list.hpp"
#include "base/shown.hpp"
#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"
#include "polynomial/double_double_sums.hpp"
#include "recombination/basic_solution.hpp"
#include "recombination/refine_weights.hpp"

namespace fewpoints {
namespace {

// With more features refine_weights_min_norm takes too long: about N^3 operations, not blocked.
constexpr int kMaxMinNorm = 600;
// The most that a product may lose next to the smallest double.
constexpr double kLost = 0x1p-1074;

std::size_t padded(int width) { return (static_cast<std::size_t>(width) + 7) / 8 * 8; }

// Throws for the first number of a row that is not finite. Returns when all are finite.
void check_row(const double* values, int width, std::size_t i) {
  const double* row = values + i * usize(width);
  double s = 0;
  for (int e = 0; e < width; e++) s += row[e] - row[e];
  if (s == 0) return;
  for (int e = 0; e < width; e++) check_finite(row + e, 1, "features", e, i);
}

void check_rows(const double* values, std::size_t count, int width) {
  for (std::size_t i = 0; i < count; i++) check_row(values, width, i);
}

class MatrixSource final : public FeatureSource {
 public:
  explicit MatrixSource(const FeatureMatrix& features) : features_(features) {}
  int width() const override { return features_.width; }
  std::size_t count() const override { return features_.count; }
  const double* weights() const override { return features_.weights.data(); }
  std::size_t scratch_size() const override { return 3 * padded(features_.width); }
  // With few features elimination costs next to nothing. An occasional split of a group then costs less than the rows
  // that would avoid it.
  double singles_per_feature() const override { return features_.width <= 64 ? 3.5 : kSinglesPerFeature; }
  bool exact() const override { return true; }

  void sums(const Segment* segments, const std::uint32_t* first, int columns, bool weighted, double* out,
            std::size_t stride, double* scratch, DoubleDoubleSums* exact) const override {
    const int N = features_.width;
    double *high = scratch, *low = high + padded(N), *magnitude = low + padded(N);
    if (!weighted) {  // single rows
      const double* row[kBlock];
      for (int c = 0; c < columns; c++) row[c] = features_.values + segments[c].begin * usize(N);
      if (columns == kBlock) {
        for (int e = 0; e < N; e++)
          for (int c = 0; c < kBlock; c++) out[usize(e) * stride + usize(c)] = row[c][e];
      } else {
        for (int e = 0; e < N; e++)
          for (int c = 0; c < columns; c++) out[usize(e) * stride + usize(c)] = row[c][e];
      }
      if (exact != nullptr)
        add(segments, first[columns], exact->high.data(), exact->low.data(), exact->magnitude.data());
      return;
    }
    for (int c = 0; c < columns; c++) {
      std::fill_n(scratch, 3 * padded(N), 0.0);
      add(segments + first[c], first[c + 1] - first[c], high, low, magnitude);
      for (int e = 0; e < N; e++) out[usize(e) * stride + usize(c)] = high[e] + low[e];
      if (exact != nullptr) exact->add(high, low, magnitude);
    }
  }

 private:
  void add(const Segment* segments, std::size_t count, double* high, double* low, double* magnitude) const {
    simd().matrix_sums(features_.values, features_.count, usize(features_.width), features_.weights.data(), segments,
                       count, high, low, magnitude);
  }
  const FeatureMatrix& features_;
};

// The chosen rows, and their sums in double-double. Rows that are short are copied, so that they lie together. Long
// ones stay where they are: their copy would take as much memory as half of the tableau.
class ChosenRows {
 public:
  ChosenRows(const FeatureMatrix& features, const List<std::uint32_t>& rows)
      : features_(features), rows_(rows), width_(usize(features.width)) {
    if (width_ >= kLong) return;
    copy_.reset(product(rows.size(), width_));
    for (std::size_t j = 0; j < rows.size(); j++)
      std::memcpy(copy_.data() + j * width_, row(j), width_ * sizeof(double));
  }
  DoubleDoubleSums sums(const List<double>& weights) const {
    DoubleDoubleSums sums(static_cast<int>(padded(features_.width)));
    if (copy_.size() > 0) {
      const Segment all{0, rows_.size()};
      simd().matrix_sums(copy_.data(), rows_.size(), width_, weights.data(), &all, 1, sums.high.data(), sums.low.data(),
                         sums.magnitude.data());
      return sums;
    }
    List<double> by_row(features_.count, 0.0);
    List<Segment> segments;
    for (std::size_t j = 0; j < rows_.size(); j++) {
      by_row[rows_[j]] = weights[j];
      segments.push_back({rows_[j], std::size_t{rows_[j]} + 1});
    }
    simd().matrix_sums(features_.values, features_.count, width_, by_row.data(), segments.data(), segments.size(),
                       sums.high.data(), sums.low.data(), sums.magnitude.data());
    return sums;
  }
  Eigen::MatrixXd columns() const {
    Eigen::MatrixXd out(features_.width, static_cast<Eigen::Index>(rows_.size()));
    for (std::size_t j = 0; j < rows_.size(); j++)
      std::memcpy(out.col(static_cast<Eigen::Index>(j)).data(), row(j), width_ * sizeof(double));
    return out;
  }

 private:
  static constexpr std::size_t kLong = 3000;
  const double* row(std::size_t j) const { return features_.values + std::size_t{rows_[j]} * width_; }
  const FeatureMatrix& features_;
  const List<std::uint32_t>& rows_;
  std::size_t width_;
  Array<double> copy_;
};

// The largest |target - sums| / magnitude; infinite where numbers are beyond all doubles.
double residual_of(const DoubleDoubleSums& target, const DoubleDoubleSums& sums, int width) {
  double most = 0;
  for (int e = 0; e < width; e++) {
    const double off = std::fabs(static_cast<double>(target[e] - sums[e]));
    if (off > 0 || std::isnan(off)) most = std::max(most, std::isnan(off) ? HUGE_VAL : off / target.magnitude[e]);
  }
  return most;
}

// Whether a row of positive weight has a number other than 0 in this column.
bool has_entries(const FeatureMatrix& features, int column) {
  for (std::size_t i = 0; i < features.count; i++)
    if (features.values[i * usize(features.width) + usize(column)] != 0 &&
        (features.weights.size() == 0 || features.weights[i] > 0))
      return true;
  return false;
}

// Names the column that is furthest off: " (column 3: 0.5 instead of 0.25)".
std::string furthest(const DoubleDoubleSums& target, const DoubleDoubleSums& sums, int width) {
  int worst = -1;
  double most = 0;
  for (int e = 0; e < width; e++) {
    const double off = std::fabs(static_cast<double>(target[e] - sums[e])) / target.magnitude[e];
    if (!(off > most) || !std::isfinite(off)) continue;
    most = off;
    worst = e;
  }
  if (worst < 0) return "";
  const auto wanted = static_cast<double>(target[worst]), got = static_cast<double>(sums[worst]);
  return " (column " + std::to_string(worst) + ": " + shown(got, wanted) + " instead of " + shown(wanted, got) + ")";
}

}  // namespace

FeatureMatrix::FeatureMatrix(const PointsView& view, const NumbersView& w, bool borrowed)
    : count(narrow<std::uint32_t>(view.count)), width(view.dimension) {
  const bool rows = !view.numbers.is_float32 && view.numbers.stride == 1 && view.row_stride == width;
  const auto* given = static_cast<const double*>(view.numbers.data);
  if (rows && borrowed) {
    values = given;
  } else {
    copy_.reset(product(count, width));
    if (rows) {
      std::memcpy(copy_.data(), given, count * usize(width) * sizeof(double));
    } else {
      for (std::size_t i = 0; i < count; i++) {
        double* to = copy_.data() + i * usize(width);
        const auto start = static_cast<std::ptrdiff_t>(i) * view.row_stride;
        for (int e = 0; e < width; e++) to[e] = view.numbers[start + e * view.numbers.stride];
      }
    }
    values = copy_.data();
    check_rows(values, count, width);
  }
  if (w.data == nullptr) return;
  copy_weights(w, count, weights);
  if (copy_.size() == 0)  // the sums of the others show numbers that are not finite
    for (std::size_t i = 0; i < count; i++)
      if (weights[i] == 0) check_row(values, width, i);
  exponent = bring_into_range(weights);
  lost.assign(width, 0.0);
  if (exponent <= 0) return;
  for (std::size_t i = 0; i < count; i++)
    if (weights[i] < std::numeric_limits<double>::min() && w[static_cast<std::ptrdiff_t>(i) * w.stride] > 0)
      for (int e = 0; e < width; e++) lost[e] += kLost * std::fabs(values[i * usize(width) + usize(e)]);
}

namespace {

Recombined recombine_scaled(const FeatureMatrix& features, int threads, Monitor& monitor) {
  const int N = features.width;
  const MatrixSource source(features);
  struct Attempt {
    List<std::uint32_t> indices;
    List<double> weights;
    double residual = HUGE_VAL;
    int rank = 0;
    std::string worst;  // of a refused result: the worst column, and by how much it is off
  };
  const auto attempt = [&](double tolerance) {
    Attempt out;
    BasicSolutionFinder finder(source, threads, monitor, tolerance);
    const bool solved = finder.run();
    const DoubleDoubleSums& target = finder.target();
    for (int e = 0; e < N; e++)
      if (!std::isfinite(target.high[e] + target.magnitude[e])) {
        check_rows(features.values, features.count, N);
        // The numbers are finite, but their sum overflows.
        throw refusal("the sum of column " + std::to_string(e), HUGE_VAL, "smaller numbers");
      }
    out.rank = finder.rank();
    if (!solved) return out;
    const ChosenRows chosen(features, finder.indices());
    const auto sums = [&](const List<double>& w) { return chosen.sums(w); };
    List<double>& weights = finder.weights();
    out.residual = finder.refine(target, sums);
    if (out.residual > kAcceptedResidual) out.residual = refine_weights(chosen.columns(), target, sums, weights);
    if (out.residual > kAcceptedResidual && N <= kMaxMinNorm)
      out.residual = refine_weights_min_norm(chosen.columns(), target, sums, weights);
    if (features.exponent < 0)  // in the caller's unit, subnormal weights have fewer digits
      for (double& w : weights) w = std::ldexp(std::ldexp(w, features.exponent), -features.exponent);
    out.residual = std::max(out.residual, residual_of(target, chosen.sums(weights), N));
    // The sums here do not see every digit of a column of subnormal numbers, nor those of weights that became
    // subnormal.
    const double each = kLost * static_cast<double>(features.count + weights.size());
    for (int e = 0; e < N; e++) {
      const double of_weights = features.lost.empty() ? 0 : features.lost[e], magnitude = target.magnitude[e];
      if (magnitude == 0 && (of_weights > 0 || has_entries(features, e))) out.residual = HUGE_VAL;
      if (magnitude > 0 && each + of_weights > kEpsilon * magnitude)
        out.residual = std::max(out.residual, (each + of_weights) / magnitude);
    }
    if (out.residual > kRefusedResidual) out.worst = furthest(target, chosen.sums(weights), N);
    out.indices = finder.indices();
    out.weights = std::move(weights);
    return out;
  };
  Attempt best = attempt(kRankTolerance);
  if (best.residual > kAcceptedResidual) {  // features that seemed dependent may have mattered
    Attempt other = attempt(kMinTolerance);
    if (other.residual < best.residual) best = std::move(other);
  }
  Recombined result;
  result.rank = best.rank;
  result.residual = best.residual;
  const List<double>& weights = best.weights;
  if (result.residual > kAcceptedResidual) {
    List<std::uint32_t> rows;
    List<double> w;
    for (std::size_t i = 0; i < features.count && rows.size() <= static_cast<std::size_t>(N); i++)
      if (features.weights.size() == 0 || features.weights[i] > 0) {
        rows.push_back(static_cast<std::uint32_t>(i));
        w.push_back(features.weights.size() == 0 ? 1 : features.weights[i]);
      }
    // All rows may stay: they are kept as they are, unless their weights have lost digits.
    if (rows.size() <= static_cast<std::size_t>(N) &&
        std::ranges::all_of(features.lost, [](double e) { return e == 0; })) {
      result.indices = std::move(rows);
      result.weights = std::move(w);
      result.residual = 0;
      return result;
    }
  }
  if (!(result.residual <= kRefusedResidual))
    throw refusal("the column sums" + best.worst, result.residual, "columns that are better conditioned");
  List<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return best.indices[a] < best.indices[b]; });
  for (const std::size_t j : order)
    if (weights[j] > 0) {
      result.indices.push_back(best.indices[j]);
      result.weights.push_back(weights[j]);
    }
  return result;
}

}  // namespace

Recombined recombine(FeatureMatrix&& features, int wanted, Monitor& monitor) {
  Recombined result = recombine_scaled(features, usable_threads(wanted), monitor);
  for (double& w : result.weights) {
    w = std::ldexp(w, features.exponent);
    if (std::isinf(w))
      throw Error(Code::Weight, "a weight of the result would be beyond the largest double; divide the weights");
  }
  return result;
}

}  // namespace fewpoints
