#include "points/point_set.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/list.hpp"
#include "base/status.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// Beyond these bounds a square or a product of a few values could overflow or vanish. A column with such values is
// rescaled by a power of two.
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

bool all_finite(std::uint64_t largest_bits) { return std::isfinite(std::bit_cast<double>(largest_bits)); }

}  // namespace

void copy_weights(const NumbersView& view, std::size_t count, Array<double>& to) {
  to.reset(count);
  double* const column = to.data();
  std::uint64_t largest;
  simd().copy_columns({view.data, view.is_float32, view.stride, 0}, count, 1, &column, &largest);
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
  if (all_finite(simd().largest_bits(x, count))) return;
  for (std::size_t i = 0; i < count; i++)
    if (!std::isfinite(x[i]))
      throw Error(Code::NotFinite, std::string(name) + ", row " + std::to_string(first_row + i) + ", column " +
                                       std::to_string(column) + " is " + shown(x[i]) + "; expected a finite number");
}

List<std::uint64_t> copy_finite(const PointsView& points, const char* name, List<Array<double>>& columns) {
  columns.resize(points.dimension);
  List<double*> to(points.dimension);
  List<std::uint64_t> largest(points.dimension);
  for (int a = 0; a < points.dimension; a++) {
    columns[a].reset(points.count);
    to[a] = columns[a].data();
  }
  // The copy is checked, not the caller's array, which may change at any time.
  simd().copy_columns({points.numbers.data, points.numbers.is_float32, points.row_stride, points.numbers.stride},
                      points.count, points.dimension, to.data(), largest.data());
  for (int a = 0; a < points.dimension; a++)
    if (!all_finite(largest[a])) check_finite(to[a], points.count, name, a);
  return largest;
}

// Rows are numbered in 32 bits, so narrow() refuses larger sets.
PointSet::PointSet(const PointsView& points, const NumbersView& weights, const char* name)
    : size_(narrow<std::uint32_t>(points.count)) {
  const std::size_t n = points.count;
  exponents_.assign(points.dimension, 0);
  List<std::uint64_t> largest = copy_finite(points, name, columns_);
  if (weights.data != nullptr) {
    copy_weights(weights, n, weights_);
    weight_exponent_ = exponent_for(std::bit_cast<double>(simd().largest_bits(weights_.data(), size_)));
    if (weight_exponent_ != 0)  // weights that vanish here are below 2^-1074 of the largest
      for (std::size_t i = 0; i < size_; i++) weights_[i] = std::ldexp(weights_[i], -weight_exponent_);
    leave_out_zero_weights();
    bool ones = true;
    for (std::size_t i = 0; i < size_ && ones; i++) ones = weights_[i] == 1;
    if (ones) weights_ = Array<double>();
  }
  for (int a = 0; a < points.dimension; a++) {
    if (size_ < n) largest[a] = simd().largest_bits(columns_[a].data(), size_);  // rows were left out
    exponents_[a] = exponent_for(std::bit_cast<double>(largest[a]));
    if (exponents_[a] != 0)
      for (std::size_t i = 0; i < size_; i++) {
        const double x = columns_[a][i], held = std::ldexp(x, -exponents_[a]);
        if (std::ldexp(held, exponents_[a]) != x)
          inexact_originals_[{rows_.empty() ? static_cast<std::uint32_t>(i) : rows_[i], a}] = x;
        columns_[a][i] = held;
      }
  }
}

double PointSet::as_given(double held, std::uint32_t row, int column) const {
  const int e = exponents_[column];
  if (e == 0) return held;
  if (!inexact_originals_.empty()) {
    const auto found = inexact_originals_.find({row, column});
    if (found != inexact_originals_.end()) return found->second;
  }
  return std::ldexp(held, e);
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

int bring_into_range(Array<double>& weights) {
  constexpr int kFar = 200;
  double* const w = weights.data();
  const int exponent = std::ilogb(*std::max_element(w, w + weights.size()));
  if (std::abs(exponent) <= kFar) return 0;
  for (std::size_t i = 0; i < weights.size(); i++) w[i] = std::ldexp(w[i], -exponent);
  return exponent;
}

}  // namespace fewpoints
