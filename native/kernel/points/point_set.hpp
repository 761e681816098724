// The weighted set as the kernel holds it: a validated private copy, one array per column (structure of arrays).
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "base/array.hpp"
#include "base/list.hpp"

namespace fewpoints {

// Somebody else's numbers, float32 or float64, read once and never kept. Strides and offsets are in elements.
struct NumbersView {
  const void* data = nullptr;  // nullptr: absent
  bool is_float32 = false;
  std::ptrdiff_t stride = 1;
  double operator[](std::ptrdiff_t i) const {
    return is_float32 ? static_cast<double>(static_cast<const float*>(data)[i]) : static_cast<const double*>(data)[i];
  }
};

struct PointsView {
  NumbersView numbers;  // numbers.stride is the stride between columns
  std::ptrdiff_t row_stride = 0;
  std::size_t count = 0;
  int dimension = 0;
};

// Rows of weight zero are left out (they can never be chosen), so size() may be less than the view's count.
class PointSet {
 public:
  // Copies and validates in one pass, on the calling thread. The caller may change the arrays afterwards. Throws Error
  // NotFinite (naming row and column), Weight (negative, not finite, or none positive), Memory. name: what the message
  // calls the array ("points", "original").
  PointSet(const PointsView& points, const NumbersView& weights, const char* name = "points");

  std::size_t size() const { return size_; }
  int dimension() const { return static_cast<int>(columns_.size()); }
  const double* column(int a) const { return columns_[a].data(); }
  // nullptr when all weights are 1, which saves a third of the memory traffic on plain sets.
  const double* weights() const { return weights_.data(); }
  // Row of the caller's array; nullptr when no row was left out and row i is i.
  const std::uint32_t* rows() const { return rows_.empty() ? nullptr : rows_.data(); }
  // Values are held times 2^-exponent(a): zero unless a column's largest magnitude is beyond 2^+-300, so that squares
  // and products neither overflow nor vanish. Exact, and undone exactly on the way out.
  int exponent(int a) const { return exponents_[a]; }
  int weight_exponent() const { return weight_exponent_; }
  // The number that the caller gave for `held`; row of the caller's array.
  double as_given(double held, std::uint32_t row, int column) const;

  // The partition permutes in place; these hand it the arrays.
  Array<double>& mutable_column(int a) { return columns_[a]; }
  Array<double>& mutable_weights() { return weights_; }
  List<std::uint32_t>& mutable_rows() { return rows_; }

 private:
  void leave_out_zero_weights();

  std::size_t size_ = 0;
  List<Array<double>> columns_;
  Array<double> weights_;
  List<std::uint32_t> rows_;
  List<int> exponents_;
  int weight_exponent_ = 0;
  // Numbers so small beside the largest of their column that they lose digits when they are held in its units.
  std::map<std::pair<std::uint32_t, int>, double> inexact_originals_;
};

// For the other things that are copied in: points (throws Error NotFinite, naming row and column), one array per
// column; returns the bits of the largest magnitude of each; weights (throws Error Weight); the check of one column.
List<std::uint64_t> copy_finite(const PointsView& points, const char* name, List<Array<double>>& columns);
void copy_weights(const NumbersView& view, std::size_t count, Array<double>& to);

// Weights whose largest is beyond 2^200 or below 2^-200 are divided by a power of two that brings it to 1, so that
// their products and reciprocals neither overflow nor vanish. Returns its exponent; 0, and nothing is touched, for all
// others.
int bring_into_range(Array<double>& weights);
void check_finite(const double* x, std::size_t count, const char* name, int column, std::size_t first_row = 0);

}  // namespace fewpoints
