// The active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23) for
//   min |A x - b|, x >= 0,
// with a factorisation of the passive columns that is changed column by column, never made anew. It can be given one
// right-hand side after the other and starts each time where it stands.
#pragma once
#include <cstdint>

#include "base/array.hpp"
#include "base/list.hpp"
#include "base/status.hpp"

namespace fewpoints {

// Row-major, rows a multiple of 8 doubles apart and aligned, zeros after the last column.
struct RowMajor {
  RowMajor() = default;
  RowMajor(std::size_t rows, std::size_t columns);  // all zeros. Throws std::bad_alloc
  std::size_t rows = 0, columns = 0, stride = 0;
  Array<double> values;
  double* row(std::size_t i) { return values.data() + i * stride; }
  const double* row(std::size_t i) const { return values.data() + i * stride; }
};

// The factorisation. P: the passive columns of A, k of them. For j < k it holds the stacked vector (q_j; v_j) with
// q_j = P v_j, the q_j orthonormal. So the least squares solution on P is x + V d for any x on P, d = Q'(b - P x). No
// triangular system is solved. A new column costs one pass of Gram-Schmidt (twice is enough) over the stacked vectors,
// and a column that leaves costs one reflection of them. The error of V grows with the condition of P, but V multiplies
// only differences, and refine() takes these from the data themselves.
class ActiveSet {
 public:
  // The matrix must outlive this. It should have columns of norm between 2^-300 and 2^300, or 0.
  ActiveSet(const RowMajor& matrix, int threads, Monitor& monitor);

  // b: as many numbers as there are rows. Throws Cancelled, std::bad_alloc, Error Infeasible when the steps run out,
  // which only rounding could bring about.
  void solve(const double* b);

  // The solution: columns of x > 0 and their values. Unordered.
  const List<std::uint32_t>& passive() const { return passive_; }
  double value(std::size_t slot) const { return x_[slot]; }
  double residual_norm() const;    // |b - A x| before x is rounded
  double rounded_residual_norm();  // and after
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
  std::size_t rows_, length_, capacity_ = 0;   // rows_: padded; length_: of a stacked vector
  std::size_t max_passive_;                    // passive columns at most
  Array<double> vectors_, columns_;            // capacity_ x length_; the passive columns, capacity_ x rows_
  List<double> d_, factor_;                    // d; scratch
  Array<double> r_, b_, z_, work_;             // r_: b - P (x + V d)
  List<std::uint32_t> passive_;                // slot -> column
  List<double> x_;                             // slot -> value, > 0
  Array<double> norm_, scale_, reduced_cost_;  // columns: |a|; 1 / |a|, or 0 when it may not enter; a'r / |a|
  List<std::uint32_t> excluded_;
  double size_ = 0, b_norm_ = 0;
  double best_ = 0;      // the smallest |r| reached
  double min_cost_ = 0;  // reduced cost from which a column may enter
  std::size_t steps_ = 0;

  // Large matrices: the most promising columns, side by side, looked at many times for one pass over the whole.
  bool uses_candidates_ = false;
  RowMajor candidate_matrix_;
  List<std::uint32_t> candidates_;
  Array<double> candidate_scale_, candidate_cost_;
  double candidate_cosine_ = 0;
};

}  // namespace fewpoints
