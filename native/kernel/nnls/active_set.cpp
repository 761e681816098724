#include "nnls/active_set.hpp"

#include <algorithm>
#include <cmath>

#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// A column enters when its reduced cost, a'r / |a|, is above this share of |b| + sum |a_j| x_j: the rounding errors of
// r are epsilons of that sum. When r has just been refined, a reduced cost above this share of |r| is enough.
constexpr double kDual = 16 * kEpsilon;
// |r| below this share of that sum is nothing but the rounding of x.
constexpr double kZero = 2 * kEpsilon;
// A column whose distance from the span of the passive ones is below this share of its norm counts as dependent on
// them. It cannot lower |r| by more than this share.
constexpr double kDependent = 2e-13;
// Gram-Schmidt is repeated when less than this share of a vector is left ("twice is enough", Kahan; Daniel et al.
// 1976).
constexpr double kKept = 0.7;
// Steps per column and row, at most. The theory has no small bound; 2,500 random and degenerate problems needed at most
// 1.3.
constexpr std::size_t kMaxSteps = 40;
// Doubles. When a matrix is larger than the second-level cache, most steps look at some of its columns only: see
// choose_candidates().
constexpr std::size_t kLargeMatrix = std::size_t{1} << 15;
// Doubles per thread in a pass over the matrix: fewer are not worth waking up another thread.
constexpr std::size_t kThreadShare = std::size_t{1} << 20;
// Columns per task of such a pass.
constexpr std::size_t kCostBlock = 512;

std::size_t padded(std::size_t n) { return (n + 7) / 8 * 8; }

}  // namespace

RowMajor::RowMajor(std::size_t r, std::size_t c) : rows(r), columns(c), stride(padded(c)) {
  // Rows a multiple of 4 KiB apart would share the same few sets of the first-level cache.
  if (stride % 512 == 0) stride += 8;
  values.reset(product(rows, stride));
  std::fill_n(values.data(), rows * stride, 0.0);
}

ActiveSet::ActiveSet(const RowMajor& matrix, int threads, Monitor& monitor)
    : matrix_(matrix),
      threads_(threads),
      monitor_(monitor),
      rows_(padded(matrix.rows)),
      max_passive_(std::min(matrix.rows, matrix.columns)) {
  length_ = rows_ + padded(max_passive_);
  if (length_ % 512 == 0) length_ += 8;
  const std::size_t columns = padded(matrix.columns);
  r_.reset(rows_);
  b_.reset(rows_);
  work_.reset(length_);
  z_.reset(padded(max_passive_));
  norm_.reset(columns);
  scale_.reset(columns);
  reduced_cost_.reset(columns);
  std::fill_n(r_.data(), rows_, 0.0);
  std::fill_n(b_.data(), rows_, 0.0);
  simd().nnls_column_sizes(matrix.rows, columns, matrix.stride, matrix.values.data(), norm_.data(),
                           reduced_cost_.data());
  for (std::size_t j = 0; j < columns; j++) {
    norm_[j] = std::sqrt(norm_[j]);
    scale_[j] = norm_[j] > 0 ? 1 / norm_[j] : 0;
  }
  uses_candidates_ = matrix.rows * matrix.stride > kLargeMatrix && matrix.columns > 128;
}

double ActiveSet::residual_norm() const {
  double square = 0;
  simd().nnls_dots(rows_, rows_, 1, r_.data(), r_.data(), &square);
  return std::sqrt(square);
}

double ActiveSet::rounded_residual_norm() {
  simd().nnls_residual(rows_, rows_, passive_.size(), columns_.data(), x_.data(), b_.data(), work_.data());
  double square = 0;
  simd().nnls_dots(rows_, rows_, 1, work_.data(), work_.data(), &square);
  return std::sqrt(square);
}

void ActiveSet::update_size() {
  size_ = b_norm_;
  for (std::size_t i = 0; i < passive_.size(); i++) size_ += norm_[passive_[i]] * x_[i];
}

void ActiveSet::solve(const double* b) {
  double square = 0;
  for (std::size_t i = 0; i < matrix_.rows; i++) {
    b_[i] = b[i];
    square += b[i] * b[i];
  }
  b_norm_ = std::sqrt(square);
  best_ = HUGE_VAL;
  admit_excluded();
  candidates_.clear();
  refine();
  const std::size_t max_steps = kMaxSteps * (matrix_.rows + matrix_.columns) + steps_;
  bool refined = true;
  for (;;) {
    monitor_.check();
    monitor_.report(Stage::Solve, passive_.size(), max_passive_ + 1);
    // After refinement, the error of r is epsilons of |r|, however small |r| is.
    const double norm = residual_norm();
    min_cost_ = !refined ? kDual * size_ : norm <= kZero * size_ ? HUGE_VAL : kDual * norm;
    const std::int64_t column = next();
    if (column < 0) {
      if (refined) return;
      refine();
      refined = true;
      continue;
    }
    if (steps_ >= max_steps)
      throw Error(Code::Infeasible, "nnls: no solution after " + std::to_string(steps_) +
                                        " steps; the columns are too nearly dependent, try to scale or to drop some");
    if (!enter(static_cast<std::uint32_t>(column))) {
      exclude(static_cast<std::uint32_t>(column));
      continue;
    }
    steps_++;
    refined = false;
    inner_loop(passive_.size() - 1);
    update_size();
    // In exact arithmetic every step lowers |r|. A step that does not is due to rounding. Its column is excluded until
    // there is progress again, so that no set of columns returns again and again.
    const double now = residual_norm();
    if (now < best_) {
      best_ = now;
      admit_excluded();
    } else {
      exclude(static_cast<std::uint32_t>(column));
    }
  }
}

void ActiveSet::exclude(std::uint32_t column) {
  scale_[column] = 0;
  excluded_.push_back(column);
}

void ActiveSet::admit_excluded() {
  if (excluded_.empty()) return;
  for (const std::uint32_t j : excluded_) scale_[j] = norm_[j] > 0 ? 1 / norm_[j] : 0;
  for (const std::uint32_t j : passive_) scale_[j] = 0;
  excluded_.clear();
}

// The column to enter, or -1.
std::int64_t ActiveSet::next() {
  if (passive_.size() == max_passive_ && max_passive_ == matrix_.rows) return -1;  // r is nothing but rounding
  if (uses_candidates_) {
    const std::int64_t column = next_candidate();
    if (column >= 0) return column;
    compute_reduced_costs();
    choose_candidates();
    return candidates_.empty() ? -1 : next_candidate();
  }
  const std::size_t j =
      simd().nnls_reduced_costs(matrix_.rows, padded(matrix_.columns), matrix_.stride, matrix_.values.data(), r_.data(),
                                scale_.data(), reduced_cost_.data());
  return reduced_cost_[j] > min_cost_ ? static_cast<std::int64_t>(j) : -1;
}

void ActiveSet::compute_reduced_costs() {
  const std::size_t columns = padded(matrix_.columns), blocks = (columns + kCostBlock - 1) / kCostBlock;
  const int team = static_cast<int>(
      std::clamp<std::size_t>(matrix_.rows * columns / kThreadShare, 1, static_cast<std::size_t>(threads_)));
  const auto block = [&](std::size_t k) {
    const std::size_t begin = k * kCostBlock, end = std::min(columns, begin + kCostBlock);
    simd().nnls_reduced_costs(matrix_.rows, end - begin, matrix_.stride, matrix_.values.data() + begin, r_.data(),
                              scale_.data() + begin, reduced_cost_.data() + begin);
  };
  if (team <= 1) {
    for (std::size_t k = 0; k < blocks; k++) block(k);
    return;
  }
  Monitor quiet;  // the loop's count of tasks is no progress of the job
  parallel_for(blocks, team, quiet, Stage::Recombine, [&](std::size_t k, int) { block(k); });
}

// Partial pricing. Any column of positive reduced cost may enter: |r| falls with each, so the method still ends. One
// pass over a large matrix picks many candidates. The following steps look at these only.
void ActiveSet::choose_candidates() {
  candidates_.clear();
  for (std::size_t j = 0; j < matrix_.columns; j++)
    if (reduced_cost_[j] > min_cost_) candidates_.push_back(static_cast<std::uint32_t>(j));
  const std::size_t max = std::clamp<std::size_t>(matrix_.columns / 8, 32, 256);
  const auto better = [&](std::uint32_t a, std::uint32_t b) {
    return reduced_cost_[a] > reduced_cost_[b] || (reduced_cost_[a] == reduced_cost_[b] && a < b);
  };
  if (candidates_.size() > max) {
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(max), candidates_.end(),
                     better);
    candidates_.resize(max);
  }
  if (candidates_.empty()) return;
  std::sort(candidates_.begin(), candidates_.end());
  const std::size_t columns = padded(candidates_.size());
  if (candidate_matrix_.values.size() == 0) {
    candidate_matrix_ = RowMajor(matrix_.rows, padded(max));
    candidate_scale_.reset(padded(max));
    candidate_cost_.reset(padded(max));
  }
  for (std::size_t i = 0; i < matrix_.rows; i++) {
    const double* from = matrix_.row(i);
    double* to = candidate_matrix_.row(i);
    for (std::size_t k = 0; k < candidates_.size(); k++) to[k] = from[candidates_[k]];
    for (std::size_t k = candidates_.size(); k < columns; k++) to[k] = 0;
  }
  candidate_matrix_.columns = columns;
  candidate_cosine_ = 0;
}

std::int64_t ActiveSet::next_candidate() {
  if (candidates_.empty()) return -1;
  std::size_t open = 0;
  for (std::size_t k = 0; k < candidate_matrix_.columns; k++) {
    candidate_scale_[k] = k < candidates_.size() ? scale_[candidates_[k]] : 0;
    open += candidate_scale_[k] > 0;
  }
  if (open == 0) return -1;
  const std::size_t k = simd().nnls_reduced_costs(candidate_matrix_.rows, candidate_matrix_.columns,
                                                  candidate_matrix_.stride, candidate_matrix_.values.data(), r_.data(),
                                                  candidate_scale_.data(), candidate_cost_.data());
  // The reduced cost divided by |r| is a cosine. When the cosine of the best candidate has fallen well below that right
  // after the pass, there are better columns elsewhere.
  const double cosine = candidate_cost_[k] / residual_norm();
  if (!(candidate_cost_[k] > min_cost_) || cosine < 0.5 * candidate_cosine_) {
    candidates_.clear();
    return -1;
  }
  if (candidate_cosine_ == 0) candidate_cosine_ = cosine;
  return candidates_[k];
}

void ActiveSet::grow() {
  if (passive_.size() < capacity_) return;
  const std::size_t wanted = std::min(max_passive_, std::max<std::size_t>(32, 2 * capacity_));
  Array<double> larger(wanted * length_);
  std::copy_n(vectors_.data(), passive_.size() * length_, larger.data());
  vectors_.swap(larger);
  Array<double> more(wanted * rows_);
  std::copy_n(columns_.data(), passive_.size() * rows_, more.data());
  columns_.swap(more);
  capacity_ = wanted;
  d_.resize(wanted);
  factor_.resize(wanted);
}

// Makes the column passive, with value 0. False when it depends on the passive ones, or does not lower |r|.
bool ActiveSet::enter(std::uint32_t column) {
  const std::size_t k = passive_.size();
  if (k == max_passive_) return false;
  grow();
  double* v = vector(k);
  for (std::size_t i = 0; i < matrix_.rows; i++) v[i] = matrix_.row(i)[column];
  std::fill(v + matrix_.rows, v + length_, 0.0);
  std::copy_n(v, rows_, columns_.data() + k * rows_);
  const auto norm = [&] {
    double s = 0;
    simd().nnls_dots(rows_, length_, 1, v, v, &s);
    return std::sqrt(s);
  };
  double before = norm_[column], after = before;
  for (int pass = 0; pass < 3 && k > 0; pass++) {
    simd().nnls_dots(rows_, length_, k, vectors_.data(), v, factor_.data());
    for (std::size_t j = 0; j < k; j++) factor_[j] = -factor_[j];
    simd().nnls_combine(length_, length_, k, vectors_.data(), factor_.data(), v);
    after = norm();
    if (!(after > kDependent * norm_[column])) return false;
    if (after > kKept * before) break;
    before = after;
  }
  v[rows_ + k] = 1;
  const double inverse = 1 / after;
  for (std::size_t i = 0; i < length_; i++) v[i] *= inverse;
  double gain = 0;
  simd().nnls_dots(rows_, length_, 1, v, r_.data(), &gain);
  if (!(gain > 0)) return false;
  std::fill_n(d_.data(), k, 0.0);
  d_[k] = gain;
  for (std::size_t i = 0; i < rows_; i++) r_[i] -= gain * v[i];
  passive_.push_back(column);
  x_.push_back(0);
  scale_[column] = 0;
  return true;
}

// Removes the column of this slot. A reflection makes all stacked vectors but the last one free of it.
void ActiveSet::leave(std::size_t slot) {
  const std::size_t k = passive_.size(), last = k - 1, at = rows_ + slot;
  double square = 0;
  for (std::size_t j = 0; j < k; j++) {
    factor_[j] = vector(j)[at];
    square += factor_[j] * factor_[j];
  }
  // Householder: g = u + sign(u_last) |u| e_last, beta = 1 / (|u| (|u| + |u_last|)).
  const double u = factor_[last], length = std::sqrt(square);
  if (length > 0) {
    factor_[last] = u + (u < 0 ? -length : length);
    const double beta = 1 / (length * (length + std::fabs(u)));
    std::fill_n(work_.data(), length_, 0.0);
    simd().nnls_combine(length_, length_, k, vectors_.data(), factor_.data(), work_.data());
    double y = 0;
    for (std::size_t j = 0; j < k; j++) y += d_[j] * factor_[j];
    for (std::size_t j = 0; j < k; j++) {
      factor_[j] *= beta;
      d_[j] -= factor_[j] * y;
    }
    simd().nnls_reflect(length_, length_, k, vectors_.data(), factor_.data(), work_.data());
  }
  const double* q = vector(last);
  for (std::size_t i = 0; i < rows_; i++) r_[i] += d_[last] * q[i];
  for (std::size_t j = 0; j < last; j++) {
    double* v = vector(j) + rows_;
    v[slot] = slot == last ? 0 : v[last];
    v[last] = 0;
  }
  const std::uint32_t column = passive_[slot];
  if (slot != last) std::copy_n(columns_.data() + last * rows_, rows_, columns_.data() + slot * rows_);
  passive_[slot] = passive_[last];
  x_[slot] = x_[last];
  passive_.pop_back();
  x_.pop_back();
  scale_[column] = 1 / norm_[column];
}

// The inner loop of Lawson and Hanson. Moves from x >= 0 towards x + V d, the solution on the passive columns. Columns
// that reach 0 on the way leave; this repeats until none does. The entries of d before `first` are 0.
void ActiveSet::inner_loop(std::size_t first) {
  for (;;) {
    const std::size_t k = passive_.size();
    std::fill_n(z_.data(), padded(k), 0.0);
    if (k > 0) simd().nnls_combine(padded(k), length_, k - first, vector(first) + rows_, d_.data() + first, z_.data());
    double step = 2;
    std::size_t nearest = k;
    for (std::size_t i = 0; i < k; i++) {
      z_[i] += x_[i];
      if (z_[i] > 0) continue;
      const double share = x_[i] > 0 ? x_[i] / (x_[i] - z_[i]) : 0;
      if (share < step) {
        step = share;
        nearest = i;
      }
    }
    if (nearest == k) {
      std::copy_n(z_.data(), k, x_.data());
      return;
    }
    for (std::size_t i = 0; i < k; i++) x_[i] = std::max(0.0, x_[i] + step * (z_[i] - x_[i]));
    x_[nearest] = 0;
    for (std::size_t j = 0; j < k; j++) d_[j] *= 1 - step;
    // From the back, because leave() moves the last slot into the free one.
    for (std::size_t i = k; i-- > 0;)
      if (x_[i] == 0 && (i == nearest || !(z_[i] > 0))) leave(i);
    first = 0;
  }
}

// A step of iterative refinement. The residual comes from the data themselves, as if computed in twice the precision.
void ActiveSet::refine() {
  const std::size_t k = passive_.size();
  simd().nnls_residual(rows_, rows_, k, columns_.data(), x_.data(), b_.data(), r_.data());
  if (k > 0) {
    simd().nnls_dots(rows_, length_, k, vectors_.data(), r_.data(), d_.data());
    for (std::size_t j = 0; j < k; j++) factor_[j] = -d_[j];
    simd().nnls_combine(rows_, length_, k, vectors_.data(), factor_.data(), r_.data());
    inner_loop(0);
  }
  update_size();
}

}  // namespace fewpoints
