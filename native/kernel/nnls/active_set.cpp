#include "nnls/active_set.hpp"

#include <algorithm>
#include <cmath>

#include "base/tolerances.hpp"
#include "parallel/parallel_for.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {
namespace {

// A column enters when its price, the cosine of its angle with r times |r|, is above this share of |b| + sum |a_j| x_j,
// which the rounding errors of r are epsilons of; when r has just been refined, above this share of |r|.
constexpr double kDual = 16 * kEpsilon;
// |r| below this share of it is 0 but for the rounding of x.
constexpr double kZero = 2 * kEpsilon;
// A column whose distance from the span of the passive ones is below this share of its norm is dependent on them: it
// cannot lower |r| by more than that share of it.
constexpr double kDependent = 2e-13;
// Gram-Schmidt is repeated when less than this is left ("twice is enough", Kahan; Daniel et al. 1976).
constexpr double kKept = 0.7;
// Steps for each column and row. The theory has no small bound; 2,500 random and degenerate problems needed at
// most 1.3.
constexpr std::size_t kMaxSteps = 40;
// Doubles. A matrix beyond the second-level cache is priced in part: see choose_few().
constexpr std::size_t kLargeMatrix = std::size_t{1} << 15;
// Doubles a thread should have before a second one is woken up for a pass over the matrix.
constexpr std::size_t kThreadShare = std::size_t{1} << 20;
// Columns of one task of such a pass.
constexpr std::size_t kPriceBlock = 512;

std::size_t padded(std::size_t n) { return (n + 7) / 8 * 8; }

}  // namespace

RowMajor::RowMajor(std::size_t r, std::size_t c) : rows(r), columns(c), stride(padded(c)) {
  // Rows that are a multiple of 4 KiB apart share the same few places in the first-level cache.
  if (stride % 512 == 0) stride += 8;
  values.reset(product(rows, stride));
  std::fill_n(values.data(), rows * stride, 0.0);
}

ActiveSet::ActiveSet(const RowMajor& matrix, int threads, Monitor& monitor)
    : matrix_(matrix),
      threads_(threads),
      monitor_(monitor),
      rows_(padded(matrix.rows)),
      most_(std::min(matrix.rows, matrix.columns)) {
  length_ = rows_ + padded(most_);
  if (length_ % 512 == 0) length_ += 8;
  const std::size_t columns = padded(matrix.columns);
  r_.reset(rows_);
  b_.reset(rows_);
  work_.reset(length_);
  z_.reset(padded(most_));
  norm_.reset(columns);
  scale_.reset(columns);
  price_.reset(columns);
  std::fill_n(r_.data(), rows_, 0.0);
  std::fill_n(b_.data(), rows_, 0.0);
  simd().nnls_column_sizes(matrix.rows, columns, matrix.stride, matrix.values.data(), norm_.data(), price_.data());
  for (std::size_t j = 0; j < columns; j++) {
    norm_[j] = std::sqrt(norm_[j]);
    scale_[j] = norm_[j] > 0 ? 1 / norm_[j] : 0;
  }
  use_few_ = matrix.rows * matrix.stride > kLargeMatrix && matrix.columns > 128;
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

void ActiveSet::measure() {
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
  admit_barred();
  few_columns_.clear();
  refine();
  const std::size_t most = kMaxSteps * (matrix_.rows + matrix_.columns) + steps_;
  bool refined = true;
  for (;;) {
    monitor_.check();
    monitor_.report(Stage::Solve, passive_.size(), most_ + 1);
    // After refinement r is right to epsilons of |r|, however small it is.
    const double norm = residual_norm();
    least_ = !refined ? kDual * size_ : norm <= kZero * size_ ? HUGE_VAL : kDual * norm;
    const std::int64_t column = next();
    if (column < 0) {
      if (refined) return;
      refine();
      refined = true;
      continue;
    }
    if (steps_ >= most)
      throw Error(Code::Infeasible, "nnls: no solution after " + std::to_string(steps_) +
                                        " steps; the columns are too nearly dependent, try to scale or to drop some");
    if (!enter(static_cast<std::uint32_t>(column))) {
      bar(static_cast<std::uint32_t>(column));
      continue;
    }
    steps_++;
    refined = false;
    settle(passive_.size() - 1);
    measure();
    // Every step of exact arithmetic lowers |r|. One that does not is rounding at work: what it moved is barred until
    // there is progress again, so that no set of columns comes back for ever.
    const double now = residual_norm();
    if (now < best_) {
      best_ = now;
      admit_barred();
    } else {
      bar(static_cast<std::uint32_t>(column));
    }
  }
}

void ActiveSet::bar(std::uint32_t column) {
  scale_[column] = 0;
  barred_.push_back(column);
}

void ActiveSet::admit_barred() {
  if (barred_.empty()) return;
  for (const std::uint32_t j : barred_) scale_[j] = norm_[j] > 0 ? 1 / norm_[j] : 0;
  for (const std::uint32_t j : passive_) scale_[j] = 0;
  barred_.clear();
}

// The column to enter, or -1.
std::int64_t ActiveSet::next() {
  if (passive_.size() == most_ && most_ == matrix_.rows) return -1;  // r is 0 but for rounding
  if (use_few_) {
    const std::int64_t column = next_of_few();
    if (column >= 0) return column;
    price_all();
    choose_few();
    return few_columns_.empty() ? -1 : next_of_few();
  }
  const std::size_t j = simd().nnls_price(matrix_.rows, padded(matrix_.columns), matrix_.stride, matrix_.values.data(),
                                          r_.data(), scale_.data(), price_.data());
  return price_[j] > least_ ? static_cast<std::int64_t>(j) : -1;
}

void ActiveSet::price_all() {
  const std::size_t columns = padded(matrix_.columns), blocks = (columns + kPriceBlock - 1) / kPriceBlock;
  const int team = static_cast<int>(
      std::clamp<std::size_t>(matrix_.rows * columns / kThreadShare, 1, static_cast<std::size_t>(threads_)));
  const auto block = [&](std::size_t k) {
    const std::size_t begin = k * kPriceBlock, end = std::min(columns, begin + kPriceBlock);
    simd().nnls_price(matrix_.rows, end - begin, matrix_.stride, matrix_.values.data() + begin, r_.data(),
                      scale_.data() + begin, price_.data() + begin);
  };
  if (team <= 1) {
    for (std::size_t k = 0; k < blocks; k++) block(k);
    return;
  }
  Monitor quiet;  // the loop's own count is not the job's
  parallel_for(blocks, team, quiet, Stage::Recombine, [&](std::size_t k, int) { block(k); });
}

// Any column of positive price may enter (the method ends all the same, |r| falls with each), so a pass over a large
// matrix picks many, and the following steps look at those only.
void ActiveSet::choose_few() {
  few_columns_.clear();
  for (std::size_t j = 0; j < matrix_.columns; j++)
    if (price_[j] > least_) few_columns_.push_back(static_cast<std::uint32_t>(j));
  const std::size_t most = std::clamp<std::size_t>(matrix_.columns / 8, 32, 256);
  const auto dearer = [&](std::uint32_t a, std::uint32_t b) {
    return price_[a] > price_[b] || (price_[a] == price_[b] && a < b);
  };
  if (few_columns_.size() > most) {
    std::nth_element(few_columns_.begin(), few_columns_.begin() + static_cast<std::ptrdiff_t>(most), few_columns_.end(),
                     dearer);
    few_columns_.resize(most);
  }
  if (few_columns_.empty()) return;
  std::sort(few_columns_.begin(), few_columns_.end());
  const std::size_t columns = padded(few_columns_.size());
  if (few_.values.size() == 0) {
    few_ = RowMajor(matrix_.rows, padded(most));
    few_scale_.reset(padded(most));
    few_price_.reset(padded(most));
  }
  for (std::size_t i = 0; i < matrix_.rows; i++) {
    const double* from = matrix_.row(i);
    double* to = few_.row(i);
    for (std::size_t k = 0; k < few_columns_.size(); k++) to[k] = from[few_columns_[k]];
    for (std::size_t k = few_columns_.size(); k < columns; k++) to[k] = 0;
  }
  few_.columns = columns;
  few_least_ = 0;
}

std::int64_t ActiveSet::next_of_few() {
  if (few_columns_.empty()) return -1;
  std::size_t open = 0;
  for (std::size_t k = 0; k < few_.columns; k++) {
    few_scale_[k] = k < few_columns_.size() ? scale_[few_columns_[k]] : 0;
    open += few_scale_[k] > 0;
  }
  if (open == 0) return -1;
  const std::size_t k = simd().nnls_price(few_.rows, few_.columns, few_.stride, few_.values.data(), r_.data(),
                                          few_scale_.data(), few_price_.data());
  // Compared with |r|, the price is a cosine. When the best of the few has fallen well below what it was after the
  // pass, better ones are elsewhere.
  const double cosine = few_price_[k] / residual_norm();
  if (!(few_price_[k] > least_) || cosine < 0.5 * few_least_) {
    few_columns_.clear();
    return -1;
  }
  if (few_least_ == 0) few_least_ = cosine;
  return few_columns_[k];
}

void ActiveSet::grow() {
  if (passive_.size() < capacity_) return;
  const std::size_t wanted = std::min(most_, std::max<std::size_t>(32, 2 * capacity_));
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

// Takes the column in, with value 0. False: it is dependent on the passive ones, or does not lower |r|.
bool ActiveSet::enter(std::uint32_t column) {
  const std::size_t k = passive_.size();
  if (k == most_) return false;
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

// Takes the column of this slot out: a reflection makes all vectors but the last one free of it.
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

// From x >= 0 towards x + V d, the solution on the passive columns; those that reach 0 on the way leave, until none
// does. Of d, only what is behind `first` is not 0.
void ActiveSet::settle(std::size_t first) {
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
    // From the back: a leaving slot is filled with the last one.
    for (std::size_t i = k; i-- > 0;)
      if (x_[i] == 0 && (i == nearest || !(z_[i] > 0))) leave(i);
    first = 0;
  }
}

// A step of iterative refinement with the residual of the data themselves, as if computed in twice the precision.
void ActiveSet::refine() {
  const std::size_t k = passive_.size();
  simd().nnls_residual(rows_, rows_, k, columns_.data(), x_.data(), b_.data(), r_.data());
  if (k > 0) {
    simd().nnls_dots(rows_, length_, k, vectors_.data(), r_.data(), d_.data());
    for (std::size_t j = 0; j < k; j++) factor_[j] = -d_[j];
    simd().nnls_combine(rows_, length_, k, vectors_.data(), factor_.data(), r_.data());
    settle(0);
  }
  measure();
}

}  // namespace fewpoints
