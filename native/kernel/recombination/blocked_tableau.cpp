#include "recombination/blocked_tableau.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "simd/kernels.hpp"
#include "simd/walk.hpp"

namespace fewpoints {
namespace {

// The number of rows that are eliminated together, and of exchanges that are applied together. One pass over the
// tableau, which lies in memory, then does this many multiplications for each number that it loads and stores.
constexpr std::size_t kPanel = 64;
// The number of rows of a panel that are eliminated one by one.
constexpr std::size_t kInner = 8;
// The number of columns of one task, at least. An update takes longer stretches where there are enough for all threads.
constexpr std::size_t kTaskColumns = 256;
// The rows of one task of solve(), and the columns that it is given together.
constexpr std::size_t kTaskRows = 96, kSlice = 256;
// A smaller update is not worth waking other threads.
constexpr double kParallelWork = 4e6;
// A preferred column enters before all others when its entry is below minus this.
constexpr double kPreferred = 1e-2;
// A negative basis weight is rounding when its size is below this share of the mass and no column can enter for it.
constexpr double kRounding = 1e-12;

std::size_t round_up(std::size_t n) { return (n + 7) / 8 * 8; }

// Rows are an odd multiple of 64 bytes apart. If their distance were a power of two, they would all compete for the
// same places of the cache.
std::size_t stride_for(std::size_t columns) {
  const std::size_t n = round_up(columns);
  return n % 16 == 0 ? n + 8 : n;
}

// The result is finite also for subnormal x. The numbers that it scales then stay below 1, which does no harm.
double reciprocal(double x) { return std::min(1 / x, std::numeric_limits<double>::max()); }

}  // namespace

BlockedTableau::BlockedTableau(std::size_t rows, std::size_t columns)
    : rows_(rows),
      room_(columns),
      stride_(stride_for(columns)),
      padded_(round_up(rows)),
      capacity_(std::clamp<std::size_t>(rows / 2, 8, kPanel)),
      T_(product(rows, stride_)),
      eta_(product(capacity_, padded_)),
      rho_(product(capacity_, stride_)),
      factors_(product(rows, kPanel)),
      v_(padded_),
      u_(padded_),
      start_(stride_),
      open_(stride_),
      preferred_(stride_),
      eligible_(stride_),
      length_(stride_),
      height_(rows),
      work_(std::max(padded_, stride_)),
      basis_(rows),
      home_(rows),
      packed_(1) {
  for (std::size_t e = 0; e < rows; e++) std::fill_n(T_.data() + e * stride_ + columns, stride_ - columns, 0.0);
}

void BlockedTableau::begin(std::size_t columns, std::size_t preferred, const double* weights, int threads,
                           Monitor& monitor) {
  columns_ = columns;
  packed_.resize(std::max(threads, 1));
  for (Array<double>& packed : packed_)
    if (packed.size() == 0) packed.reset(kPanel * kPackedColumns);
  rank_ = pending_ = 0;
  remaining_ = 1;
  const std::size_t blocks = (stride_ + kTaskColumns - 1) / kTaskColumns;
  const int team = static_cast<double>(rows_) * static_cast<double>(stride_) > kParallelWork ? threads : 1;
  parallel_for(blocks, team, monitor, Stage::Recombine, [&](std::size_t i, int) {
    const std::size_t from = i * kTaskColumns, to = std::min(stride_, from + kTaskColumns);
    for (std::size_t e = 0; e < rows_; e++)
      if (columns < to) std::fill(T_.data() + e * stride_ + std::max(from, columns), T_.data() + e * stride_ + to, 0.0);
    simd().largest_of_columns(T_.data() + from, stride_, rows_, to - from, length_.data() + from);
  });
  mass_ = 0;
  for (std::size_t c = 0; c < stride_; c++) {
    const bool there = c < columns && length_[c] > 0 && weights[c] > 0;
    if (!(length_[c] > 0)) length_[c] = 1;
    open_[c] = there ? 1 : 0;
    preferred_[c] = c < preferred ? open_[c] : 0;
    start_[c] = there ? weights[c] * length_[c] : 0;
    mass_ += start_[c];
    eligible_[c] = reciprocal(length_[c]);
  }
  parallel_for(rows_, team, monitor, Stage::Recombine, [&](std::size_t e, int) {
    double* row = T_.data() + e * stride_;
    const double most = simd().scale_columns(row, eligible_.data(), stride_);
    height_[e] = most > 0 ? most : 1;
    if (most > 0) simd().scale_row(row, reciprocal(most), stride_);
  });
  std::fill(basis_.begin(), basis_.end(), -1);
  std::fill(home_.begin(), home_.end(), -1);
  std::fill_n(v_.data(), padded_, 0.0);
  std::fill_n(u_.data(), padded_, 0.0);
}

void BlockedTableau::update(double* T, std::size_t stride, std::size_t row, std::size_t rows, std::size_t columns,
                            const double* factors, std::size_t factor_stride, int rank, const double* panel,
                            std::size_t panel_stride, int threads, Monitor& monitor) {
  if (rows == 0 || rank == 0) return;
  const auto part = [&](std::size_t from, std::size_t to, int thread) {
    simd().rank_update(T + row * stride + from, stride, rows, to - from, factors + row * factor_stride, factor_stride,
                       rank, panel + from, panel_stride, packed_[thread].data());
  };
  if (static_cast<double>(rows) * static_cast<double>(columns) * rank < kParallelWork) {
    part(0, columns, 0);
    return;
  }
  const std::size_t each = std::clamp(round_up(columns / (4 * usize(threads))), kTaskColumns, kPackedColumns);
  parallel_for((columns + each - 1) / each, threads, monitor, Stage::Recombine,
               [&](std::size_t i, int thread) { part(i * each, std::min(columns, (i + 1) * each), thread); });
}

// Divides row r by its entry in column p, and clears that column in the other rows of [begin, end). Column p then holds
// its column of the inverse.
void BlockedTableau::eliminate_row(std::size_t r, int p, std::size_t begin, std::size_t end) {
  double* row = T_.data() + r * stride_;
  open_[p] = preferred_[p] = eligible_[p] = 0;
  basis_[r] = home_[r] = p;
  rank_++;
  const double inverse = 1 / row[p];
  row[p] = 1;
  simd().scale_row(row, inverse, stride_);
  for (std::size_t i = begin; i < end; i++) {
    if (i == r) continue;
    double* other = T_.data() + i * stride_;
    const double f = other[p];
    other[p] = 0;
    if (f != 0) simd().combine_rows(other, other, &f, 1, row, stride_, stride_);
  }
}

// Rows that depend on those before them change no other row. Where there are more features than points, those are most.
bool BlockedTableau::has_pivot(std::size_t begin, std::size_t end) const {
  return std::any_of(basis_.begin() + static_cast<std::ptrdiff_t>(begin),
                     basis_.begin() + static_cast<std::ptrdiff_t>(end), [](int column) { return column >= 0; });
}

bool BlockedTableau::eliminate_panel(std::size_t begin, std::size_t end, double tolerance, bool drop, int threads,
                                     Monitor& monitor) {
  for (std::size_t from = begin; from < end; from += kInner) {
    const std::size_t to = std::min(end, from + kInner);
    for (std::size_t r = from; r < to; r++) {
      double best;
      const int p = simd().largest_entry(T_.data() + r * stride_, eligible_.data(), stride_, &best);
      if (p >= 0 && best > tolerance)
        eliminate_row(r, p, from, to);
      else if (!drop)
        return false;
    }
    if (!has_pivot(from, to)) continue;
    // Updates the rest of the panel with all these rows at once.
    double* factors = factors_.data();
    for (std::size_t i = begin; i < end; i++) {
      if (i == from) i = to;
      if (i >= end) break;
      double* row = T_.data() + i * stride_;
      for (std::size_t s = from; s < to; s++) {
        factors[i * kPanel + s - from] = basis_[s] >= 0 ? row[basis_[s]] : 0;
        if (basis_[s] >= 0) row[basis_[s]] = 0;
      }
    }
    const double* panel = T_.data() + from * stride_;
    const int rank = static_cast<int>(to - from);
    update(T_.data(), stride_, begin, from - begin, stride_, factors, kPanel, rank, panel, stride_, threads, monitor);
    update(T_.data(), stride_, to, end - to, stride_, factors, kPanel, rank, panel, stride_, threads, monitor);
  }
  return true;
}

bool BlockedTableau::eliminate(bool among_preferred, double tolerance, bool drop, int threads, Monitor& monitor) {
  std::copy_n(among_preferred ? preferred_.data() : open_.data(), stride_, eligible_.data());
  for (std::size_t begin = 0; begin < rows_; begin += kPanel) {
    monitor.check();
    const std::size_t end = std::min(rows_, begin + kPanel);
    if (!eliminate_panel(begin, end, tolerance, drop, threads, monitor)) return false;
    if (!has_pivot(begin, end)) continue;
    for (std::size_t i = 0; i < rows_; i++) {
      if (i == begin) i = end;
      if (i >= rows_) break;
      double* row = T_.data() + i * stride_;
      double* factors = factors_.data() + i * kPanel;
      for (std::size_t s = begin; s < end; s++) {
        factors[s - begin] = basis_[s] >= 0 ? row[basis_[s]] : 0;
        if (basis_[s] >= 0) row[basis_[s]] = 0;
      }
    }
    const double* panel = T_.data() + begin * stride_;
    const int rank = static_cast<int>(end - begin);
    update(T_.data(), stride_, 0, begin, stride_, factors_.data(), kPanel, rank, panel, stride_, threads, monitor);
    update(T_.data(), stride_, end, rows_ - end, stride_, factors_.data(), kPanel, rank, panel, stride_, threads,
           monitor);
  }
  finish_elimination(threads, monitor);
  return true;
}

void BlockedTableau::eliminate_completely(double tolerance, int threads, Monitor& monitor) {
  std::copy_n(open_.data(), stride_, eligible_.data());
  List<double> best(rows_);
  List<int> at(rows_);
  const auto look = [&](std::size_t i) {
    at[i] = simd().largest_entry(T_.data() + i * stride_, eligible_.data(), stride_, &best[i]);
  };
  for (std::size_t i = 0; i < rows_; i++) look(i);
  const std::size_t block = std::max<std::size_t>(1, static_cast<std::size_t>(kParallelWork / 16) / stride_);
  while (true) {
    std::size_t r = rows_;
    for (std::size_t i = 0; i < rows_; i++)
      if (basis_[i] < 0 && at[i] >= 0 && best[i] > tolerance && (r == rows_ || best[i] > best[r])) r = i;
    if (r == rows_) break;
    const int p = at[r];
    eliminate_row(r, p, r, r);
    const double* row = T_.data() + r * stride_;
    parallel_for((rows_ + block - 1) / block, threads, monitor, Stage::Recombine, [&](std::size_t task, int) {
      for (std::size_t i = task * block; i < std::min(rows_, (task + 1) * block); i++) {
        if (i == r) continue;
        double* other = T_.data() + i * stride_;
        const double f = other[p];
        other[p] = 0;
        if (f != 0) simd().combine_rows(other, other, &f, 1, row, stride_, stride_);
        if (basis_[i] < 0) look(i);
      }
    });
  }
  finish_elimination(threads, monitor);
}

// The walk goes from u, the present weights of the basis, to v, those that it has when all other weights are zero:
// v = u + B^-1 (the other columns times their weights). v = B^-1 target would be the same without rounding. But where
// the basis is badly conditioned, B^-1 of the target is as far from u as rounding takes it, even when no other weight
// is left.
void BlockedTableau::finish_elimination(int threads, Monitor& monitor) {
  for (std::size_t c = 0; c < stride_; c++) eligible_[c] = open_[c] != 0 ? start_[c] : 0;
  const std::size_t block = std::max<std::size_t>(1, static_cast<std::size_t>(kParallelWork / 16) / stride_);
  parallel_for((rows_ + block - 1) / block, threads, monitor, Stage::Recombine, [&](std::size_t task, int) {
    for (std::size_t i = task * block; i < std::min(rows_, (task + 1) * block); i++) {
      double high = 0, low = 0;
      if (basis_[i] >= 0) simd().weighted_sum(T_.data() + i * stride_, eligible_.data(), stride_, &high, &low);
      u_[i] = basis_[i] >= 0 ? start_[basis_[i]] : 0;
      v_[i] = u_[i] + (high + low);
    }
  });
}

void BlockedTableau::current_row(std::size_t r, double* row) {
  double factors[kPanel];
  for (int s = 0; s < pending_; s++) factors[s] = eta_[usize(s) * padded_ + r];
  simd().combine_rows(row, T_.data() + r * stride_, factors, pending_, rho_.data(), stride_, stride_);
}

void BlockedTableau::current_column(int c, double* column) {
  for (std::size_t i = 0; i < rows_; i++) work_[i] = T_[i * stride_ + usize(c)];
  for (std::size_t i = rows_; i < padded_; i++) work_[i] = 0;
  double factors[kPanel];
  for (int s = 0; s < pending_; s++) factors[s] = rho_[usize(s) * stride_ + usize(c)];
  std::memcpy(column, work_.data(), padded_ * sizeof(double));
  simd().combine_rows(column, column, factors, pending_, eta_.data(), padded_, padded_);
  for (std::size_t i = 0; i < rows_; i++)
    if (basis_[i] < 0) column[i] = 0;
}

// Enters a column for row r. row and column are the present ones of the tableau, in the place of the next correction.
void BlockedTableau::enter(std::size_t r, int entering, double* row, double* column) {
  const double pivot = column[r];
  simd().scale_row(row, 1 / pivot, stride_);
  const double vr = v_[r] / pivot;
  column[r] = pivot - 1;
  simd().combine_rows(v_.data(), v_.data(), &vr, 1, column, padded_, padded_);
  v_[r] = vr;
  basis_[r] = entering;
  u_[r] = remaining_ * start_[entering];
  open_[entering] = preferred_[entering] = 0;
  pending_++;
}

void BlockedTableau::flush(int threads, Monitor& monitor) {
  for (std::size_t i = 0; i < rows_; i++)
    for (int s = 0; s < pending_; s++) factors_[i * kPanel + usize(s)] = eta_[usize(s) * padded_ + i];
  update(T_.data(), stride_, 0, rows_, stride_, factors_.data(), kPanel, pending_, rho_.data(), stride_, threads,
         monitor);
  pending_ = 0;
}

// The steps of simd/walk.hpp on this tableau.
struct BlockedTableau::Walk {
  BlockedTableau& t;
  const double zero;
  const int threads;
  Monitor& monitor;
  double *row = nullptr, *column = nullptr;

  int first_to_vanish() const {
    double lambda = 2;
    std::size_t first = t.rows_;
    for (std::size_t i = 0; i < t.rows_; i++)
      if (t.v_[i] < 0 && t.basis_[i] >= 0) {
        const double l = t.u_[i] / (t.u_[i] - t.v_[i]);
        if (l < lambda) {
          lambda = l;
          first = i;
        }
      }
    return first == t.rows_ ? -1 : static_cast<int>(first);
  }

  bool stopped() const {
    monitor.check();
    return false;
  }

  void move_to(int r) {
    const double lambda = t.u_[r] / (t.u_[r] - t.v_[r]);
    for (std::size_t i = 0; i < t.rows_; i++) t.u_[i] = std::max(0.0, t.u_[i] + lambda * (t.v_[i] - t.u_[i]));
    t.remaining_ *= 1 - lambda;
    t.u_[r] = 0;
  }

  int entering(int r) {
    if (static_cast<std::size_t>(t.pending_) == t.capacity_) t.flush(threads, monitor);
    row = t.rho_.data() + usize(t.pending_) * t.stride_;
    column = t.eta_.data() + usize(t.pending_) * t.padded_;
    t.current_row(usize(r), row);
    double best;
    int p = simd().most_negative_entry(row, t.preferred_.data(), t.stride_, &best);
    if (p < 0 || best > -kPreferred) p = simd().most_negative_entry(row, t.open_.data(), t.stride_, &best);
    return p >= 0 && best < -kSmallestPivot ? p : kNothingEnters;
  }

  bool exchange(int r, int p) {
    t.current_column(p, column);
    if (!(column[r] < 0)) return false;
    t.enter(usize(r), p, row, column);
    return true;
  }

  bool negligible(int r) {
    if (!(t.v_[r] > -zero)) return false;
    t.v_[r] = 0;
    return true;
  }
};

bool BlockedTableau::walk(bool last, int threads, Monitor& monitor) {
  Walk steps{*this, last ? mass_ : kRounding * mass_, threads, monitor};
  return walk_to_basic_solution(steps, 2 * stride_ + rows_ + 1);  // a column enters at most once
}

void BlockedTableau::present(List<std::uint32_t>& columns, List<double>& weights) const {
  List<double> now(columns_, 0.0);
  for (std::size_t c = 0; c < columns_; c++)
    if (open_[c] != 0) now[c] = remaining_ * start_[c];
  for (std::size_t r = 0; r < rows_; r++)
    if (basis_[r] >= 0) now[basis_[r]] = u_[r];
  columns.clear();
  weights.clear();
  for (std::size_t c = 0; c < columns_; c++)
    if (now[c] > 0) {
      columns.push_back(static_cast<std::uint32_t>(c));
      weights.push_back(now[c] / length_[c]);
    }
}

List<std::uint32_t> BlockedTableau::free_columns() const {
  List<char> used(columns_, 0);
  for (std::size_t r = 0; r < rows_; r++) {
    if (home_[r] >= 0) used[home_[r]] = 1;
    if (basis_[r] >= 0) used[basis_[r]] = 1;
  }
  List<std::uint32_t> free;
  for (std::size_t c = 0; c < columns_; c++)
    if (!used[c]) free.push_back(static_cast<std::uint32_t>(c));
  return free;
}

// Writes B^-1 fine to the columns `at`, kPanel features at a time. The factors are columns of the inverse, negative
// because rank_update() subtracts.
void BlockedTableau::solve(double* fine, std::size_t stride, const std::uint32_t* at, std::size_t count, int threads,
                           Monitor& monitor) {
  List<Array<double>> solved(std::max(threads, 1));
  parallel_for(
      (rows_ + kTaskRows - 1) / kTaskRows, threads, monitor, Stage::Recombine, [&](std::size_t task, int thread) {
        const std::size_t from = task * kTaskRows, to = std::min(rows_, from + kTaskRows);
        Array<double>& out = solved[thread];
        if (out.size() == 0) out.reset(kTaskRows * stride);
        std::fill_n(out.data(), (to - from) * stride, 0.0);
        for (std::size_t begin = 0; begin < rows_; begin += kPanel) {
          const std::size_t end = std::min(rows_, begin + kPanel);
          for (std::size_t i = from; i < to; i++)
            for (std::size_t e = begin; e < end; e++)
              factors_[i * kPanel + e - begin] =
                  home_[e] >= 0 && basis_[i] >= 0 ? -T_[i * stride_ + usize(home_[e])] : 0;
          simd().rank_update(out.data(), stride, to - from, stride, factors_.data() + from * kPanel, kPanel,
                             static_cast<int>(end - begin), fine + begin * stride, stride, packed_[thread].data());
        }
        for (std::size_t i = from; i < to; i++)
          for (std::size_t j = 0; j < count; j++) T_[i * stride_ + at[j]] = out[(i - from) * stride + j];
      });
}

bool BlockedTableau::replace(const List<Split>& splits, const Fill& fill, int threads, Monitor& monitor) {
  flush(threads, monitor);
  std::fill_n(open_.data(), stride_, 0.0);
  std::fill_n(preferred_.data(), stride_, 0.0);
  std::copy_n(v_.data(), padded_, u_.data());
  remaining_ = 1;
  List<std::uint32_t> at;
  List<double> multiplier;
  for (const Split& split : splits)
    for (const std::uint32_t c : split.at) {
      at.push_back(c);
      multiplier.push_back(v_[split.row] / length_[basis_[split.row]]);
    }
  const std::size_t most = std::min(round_up(at.size()), kSlice);
  Array<double> fine(product(rows_, most)), largest(most);
  for (std::size_t first = 0; first < at.size(); first += kSlice) {
    const std::size_t count = std::min(at.size() - first, kSlice), stride = round_up(count);
    std::fill_n(fine.data(), rows_ * stride, 0.0);
    fill(first, count, fine.data(), stride);
    // Brings the parts to the units of the tableau: rows as they were divided at the start, columns of largest entry 1.
    for (std::size_t e = 0; e < rows_; e++) simd().scale_row(fine.data() + e * stride, reciprocal(height_[e]), stride);
    simd().largest_of_columns(fine.data(), stride, rows_, stride, largest.data());
    for (std::size_t j = 0; j < count; j++) {
      const std::uint32_t c = at[first + j];
      length_[c] = largest[j] > 0 ? largest[j] : 1;
      open_[c] = largest[j] > 0 ? 1 : 0;
      start_[c] = open_[c] != 0 ? multiplier[first + j] * length_[c] : 0;
      eligible_[j] = reciprocal(length_[c]);
    }
    for (std::size_t j = count; j < stride; j++) eligible_[j] = 0;
    for (std::size_t e = 0; e < rows_; e++) simd().scale_columns(fine.data() + e * stride, eligible_.data(), stride);
    solve(fine.data(), stride, at.data() + first, count, threads, monitor);
  }

  for (std::size_t i = 0; i < splits.size(); i++) {
    const Split& split = splits[i];
    if (static_cast<std::size_t>(pending_) == capacity_) flush(threads, monitor);
    double* row = rho_.data() + usize(pending_) * stride_;
    current_row(split.row, row);
    // The parts of the group sum to its column, so one of them has a positive entry in its row.
    int best = -1;
    for (const std::uint32_t c : split.at)
      if (open_[c] != 0 && (best < 0 || row[c] > row[best])) best = static_cast<int>(c);
    double* column = eta_.data() + usize(pending_) * padded_;
    if (best >= 0) current_column(best, column);
    if (best < 0 || !(column[split.row] > kSmallestPivot)) {
      // These groups stay whole, so their parts must not be open.
      for (std::size_t later = i; later < splits.size(); later++)
        for (const std::uint32_t c : splits[later].at) open_[c] = 0;
      return false;
    }
    enter(split.row, best, row, column);
  }
  return true;
}

void BlockedTableau::correct(const List<double>& residual, List<double>& change, int threads, Monitor& monitor) {
  if (pending_ > 0) flush(threads, monitor);
  for (std::size_t i = 0; i < rows_; i++) {
    if (basis_[i] < 0) continue;
    double s = 0;
    for (std::size_t e = 0; e < rows_; e++)
      if (home_[e] >= 0) s += T_[i * stride_ + usize(home_[e])] * (residual[e] / height_[e]);
    change[i] += s / length_[basis_[i]];
  }
}

}  // namespace fewpoints
