// The active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23) for
//   min |A x - b|, x >= 0,
// with a factorisation of the passive columns that is updated column by column and never made again. It solves for one
// right-hand side after another, and starts each time from the last passive columns.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

// Row-major. Rows are aligned, a multiple of 8 doubles apart, and padded with zeros.
struct RowMajor {
  RowMajor() = default;
  RowMajor(std::size_t rows, std::size_t columns);  // all zeros. Throws std::bad_alloc
  std::size_t rows = 0, columns = 0, stride = 0;
  Array<double> values;
  double* row(std::size_t i) { return values.data() + i * stride; }
  const double* row(std::size_t i) const { return values.data() + i * stride; }
};

// The factorisation. P is the matrix of the k passive columns of A. For j < k the stacked vector (q_j; v_j) is held,
// with q_j = P v_j and the q_j orthonormal. So for any x on P, the least squares solution on P is x + V d, where
// d = Q'(b - P x). No triangular system is solved. A new column takes one pass of Gram-Schmidt over the stacked vectors
// (repeated: "twice is enough"). A column that leaves takes one reflection of them. The error of V grows with the
// condition number of P. But V only multiplies differences, and refine() computes these from the data themselves.
class ActiveSet {
 public:
  // The matrix must outlive this. The norms of its columns should be between 2^-300 and 2^300, or 0.
  ActiveSet(const RowMajor& matrix, int threads, Monitor& monitor);

  // b: one number per row. Throws Cancelled, std::bad_alloc. Throws Error Infeasible when the steps run out, which can
  // only happen by rounding.
  void solve(const double* b);

  // The solution: the columns with x > 0, in no order, and their values.
  const List<std::uint32_t>& passive() const { return passive_; }
  double value(std::size_t slot) const { return x_[slot]; }
  double residual_norm() const;    // |b - A x| before x is rounded
  double rounded_residual_norm();  // |b - A x| of the rounded x
  std::size_t steps() const { return steps_; }

 private:
  double* vector(std::size_t j) { return vectors_.data() + j * length_; }
  bool enter(std::uint32_t column);
  void leave(std::size_t slot);
  void inner_loop(std::size_t first);
  void refine();
  std::int64_t next();
  std::int64_t next_candidate();
  void compute_reduced_costs();
  void choose_candidates();
  void exclude(std::uint32_t column);
  void admit_excluded();
  void grow();
  void update_size();

  const RowMajor& matrix_;
  const int threads_;
  Monitor& monitor_;
  std::size_t rows_, length_, capacity_ = 0;   // rows_: padded; length_: that of a stacked vector
  std::size_t max_passive_;                    // the most passive columns there can be
  Array<double> vectors_, columns_;            // capacity_ x length_; the passive columns, capacity_ x rows_
  List<double> d_, factor_;                    // d; scratch
  Array<double> r_, b_, z_, work_;             // r_: b - P (x + V d)
  List<std::uint32_t> passive_;                // slot -> column
  List<double> x_;                             // slot -> value, > 0
  Array<double> norm_, scale_, reduced_cost_;  // per column: |a|; 1 / |a|, or 0 when it may not enter; a'r / |a|
  List<std::uint32_t> excluded_;
  double size_ = 0, b_norm_ = 0;
  double best_ = 0;      // the smallest |r| reached
  double min_cost_ = 0;  // reduced cost from which a column may enter
  std::size_t steps_ = 0;

  // Large matrices: the most promising columns, copied side by side. Many steps look at these alone, per pass over the
  // whole matrix.
  bool uses_candidates_ = false;
  RowMajor candidate_matrix_;
  List<std::uint32_t> candidates_;
  Array<double> candidate_scale_, candidate_cost_;
  double candidate_cosine_ = 0;
};

}  // namespace fewpoints
