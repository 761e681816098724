#include "points.hpp"

#include <cmath>
#include <limits>

#include "status.hpp"

namespace fewpoints {
namespace {

// Beyond these a square or a product of a few values could overflow or vanish, and the column is rescaled by a power of
// two.
constexpr double kLargest = 0x1p300, kSmallest = 0x1p-300;

std::string shown(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "Infinity" : "-Infinity";
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}

int exponent_for(double largest) {
  if (largest == 0 || (largest <= kLargest && largest >= kSmallest)) return 0;
  return std::ilogb(largest);
}

// A column goes to its place; the copy is what is checked, because the caller's array may change at any time.
template <class T>
void copy_column(const T* from, std::ptrdiff_t stride, std::size_t count, double* to) {
  for (std::size_t i = 0; i < count; i++) to[i] = static_cast<double>(from[static_cast<std::ptrdiff_t>(i) * stride]);
}

void copy_column(const NumbersView& view, std::ptrdiff_t start, std::ptrdiff_t stride, std::size_t count, double* to) {
  if (view.is_float32)
    copy_column(static_cast<const float*>(view.data) + start, stride, count, to);
  else
    copy_column(static_cast<const double*>(view.data) + start, stride, count, to);
}

// NaN and Inf are the only doubles whose difference with themselves is not zero; the sum stays zero otherwise.
bool all_finite(const double* x, std::size_t count) {
  double s = 0;
  for (std::size_t i = 0; i < count; i++) s += x[i] - x[i];
  return s == 0;
}

double largest_magnitude(const double* x, std::size_t count) {
  double m = 0;
  for (std::size_t i = 0; i < count; i++) m = std::fabs(x[i]) > m ? std::fabs(x[i]) : m;
  return m;
}

}  // namespace

void copy_weights(const NumbersView& view, std::size_t count, Array<double>& to) {
  to.reset(count);
  copy_column(view, 0, view.stride, count, to.data());
  bool any = false;
  for (std::size_t i = 0; i < count; i++) {
    const double w = to[i];
    if (!(w >= 0) || std::isinf(w))
      throw Error(Code::Weight,
                  "weights[" + std::to_string(i) + "] is " + shown(w) + "; expected a finite number >= 0");
    any = any || w > 0;
  }
  if (!any && count > 0) throw Error(Code::Weight, "all weights are 0; expected at least one positive weight");
}

void check_finite(const double* x, std::size_t count, const char* name, int column, std::size_t first_row) {
  if (all_finite(x, count)) return;
  for (std::size_t i = 0; i < count; i++)
    if (!std::isfinite(x[i]))
      throw Error(Code::NotFinite, std::string(name) + ", row " + std::to_string(first_row + i) + ", column " +
                                       std::to_string(column) + " is " + shown(x[i]) + "; expected a finite number");
}

PointSet::PointSet(const PointsView& points, const NumbersView& weights, const char* name) : size_(points.count) {
  const std::size_t n = points.count;
  columns_.resize(points.dimension);
  exponents_.assign(points.dimension, 0);
  for (int a = 0; a < points.dimension; a++) {
    columns_[a].reset(n);
    copy_column(points.numbers, a * points.numbers.stride, points.row_stride, n, columns_[a].data());
    check_finite(columns_[a].data(), n, name, a);
  }
  if (weights.data != nullptr) {
    copy_weights(weights, n, weights_);
    leave_out_zero_weights();
    bool ones = true;
    for (std::size_t i = 0; i < size_ && ones; i++) ones = weights_[i] == 1;
    if (ones) weights_ = Array<double>();
  }
  for (int a = 0; a < points.dimension; a++) {
    exponents_[a] = exponent_for(largest_magnitude(columns_[a].data(), size_));
    if (exponents_[a] != 0)
      for (std::size_t i = 0; i < size_; i++) columns_[a][i] = std::ldexp(columns_[a][i], -exponents_[a]);
  }
  if (weights_.size() != 0) {
    weight_exponent_ = exponent_for(largest_magnitude(weights_.data(), size_));
    if (weight_exponent_ != 0)
      for (std::size_t i = 0; i < size_; i++) weights_[i] = std::ldexp(weights_[i], -weight_exponent_);
  }
}

void PointSet::leave_out_zero_weights() {
  std::size_t kept = 0;
  while (kept < size_ && weights_[kept] > 0) kept++;
  if (kept == size_) return;
  rows_.resize(size_);
  for (std::size_t i = 0; i < kept; i++) rows_[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = kept; i < size_; i++) {
    if (!(weights_[i] > 0)) continue;
    for (auto& column : columns_) column[kept] = column[i];
    weights_[kept] = weights_[i];
    rows_[kept++] = static_cast<std::uint32_t>(i);
  }
  rows_.resize(kept);
  size_ = kept;
}

}  // namespace fewpoints
