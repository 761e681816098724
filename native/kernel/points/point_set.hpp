// The weighted set as the kernel holds it: a validated private copy, with one array per column (structure of arrays).
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "base/array.hpp"
#include "base/list.hpp"

namespace fewpoints {

// The caller's numbers, float32 or float64. They are read once, and no view is kept. Strides and offsets count
// elements.
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

// Rows of weight zero are left out, because they can never be chosen. So size() may be less than the view's count.
class PointSet {
 public:
  // Copies and validates in one pass. Later changes of the caller's arrays do not matter. Throws Error NotFinite (it
  // names the first row of the first column), Weight (a weight is negative or not finite, or none is positive) and
  // std::bad_alloc. name: the name of the array in messages ("points", "original").
  PointSet(const PointsView& points, const NumbersView& weights, const char* name = "points", int threads = 1);
  // The same for columns that were copied and checked, of `count` points each. Nothing is copied but the weights.
  // largest: at least the bits of the largest magnitude of each column.
  PointSet(List<Array<double>>&& columns, std::size_t count, const NumbersView& weights, List<std::uint64_t> largest,
           int threads = 1);

  std::size_t size() const { return size_; }
  int dimension() const { return static_cast<int>(columns_.size()); }
  const double* column(int a) const { return columns_[a].data(); }
  // nullptr when all weights are 1. That saves a third of the memory traffic on plain sets.
  const double* weights() const { return weights_.data(); }
  // The row in the caller's array. nullptr when no row was left out: then row i is i.
  const std::uint32_t* rows() const { return rows_.data(); }
  // Values are held times 2^-exponent(a), so that squares and products neither overflow nor vanish. The exponent is
  // zero unless the largest magnitude of the column is beyond 2^+-300. Scaling is undone exactly on the way out.
  int exponent(int a) const { return exponents_[a]; }
  int weight_exponent() const { return weight_exponent_; }
  // The number that the caller gave, where `held` stands for it. row: the row in the caller's array.
  double as_given(double held, std::uint32_t row, int column) const;

  // Whether points come often enough for merge_equal() to pay. Looks at a sample of them.
  bool has_many_equal() const;
  // Equal points become one: the first of them, with the weight of all. Takes one pass.
  void merge_equal();
  // Brings the points, which a partition has permuted, back into the sequence of their rows.
  void sort_by_rows();

  // For the partition, which permutes these arrays in place.
  Array<double>& mutable_column(int a) { return columns_[a]; }
  Array<double>& mutable_weights() { return weights_; }
  Array<std::uint32_t>& mutable_rows() { return rows_; }

 private:
  List<std::size_t> take_weights(const NumbersView& weights, std::size_t chunk, int threads);
  List<std::size_t> leave_out_zero_weights(std::size_t chunk, int threads);
  void use_units(const List<std::uint64_t>& largest, int threads);
  void rescale(int column, int threads);

  std::size_t size_ = 0;
  List<Array<double>> columns_;
  Array<double> weights_;
  Array<std::uint32_t> rows_;
  List<int> exponents_;
  int weight_exponent_ = 0;
  // Numbers that are tiny beside the largest of their column, and lose digits when they are held in its units.
  std::map<std::pair<std::uint32_t, int>, double> inexact_originals_;
};

// Copies points, one array per column. Returns the bits of the largest magnitude of each. Throws Error NotFinite,
// naming row and column.
List<std::uint64_t> copy_finite(const PointsView& points, const char* name, List<Array<double>>& columns,
                                int threads = 1);

// Copies `count` rows from `first` on. to: one array per column. largest: per column, the bits of the largest magnitude
// so far. They are those of an infinity or a NaN when there is one.
void copy_unchecked(const PointsView& points, std::size_t first, std::size_t count, double* const* to,
                    List<std::uint64_t>& largest);

struct WeightsSeen {
  double largest = 0;
  bool zeros = false;  // some are 0
  bool ones = true;    // all others are 1
};
// Copies weights, one per point. Throws Error Weight when one is negative or not finite, or when none is positive.
WeightsSeen copy_weights(const NumbersView& view, std::size_t count, Array<double>& to, int threads = 1);

// When the largest weight is above 2^200 or below 2^-200, divides all weights by a power of two that brings it to
// between 1 and 2, so that their products and reciprocals neither overflow nor vanish. Returns the exponent. Returns 0
// and changes nothing for all other weights.
int bring_into_range(Array<double>& weights);
// Checks one column. Throws Error NotFinite with `name`, the row (counted from first_row) and the column.
void check_finite(const double* x, std::size_t count, const char* name, int column, std::size_t first_row = 0);

}  // namespace fewpoints
