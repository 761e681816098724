// Solves one cell in its present basis: its moments in one streaming pass, the elimination of the candidates, the walk
// to a basic feasible solution, refinement. The residual of every answer has been measured.
#pragma once
#include "simd/cell/cell_memory.hpp"
#include "simd/cell/cell_points.hpp"
#include "simd/cell/inverse_walk.hpp"
#include "simd/cell/tableau.hpp"
#include "simd/cell/tableau_elimination.hpp"
#include "simd/cell/tableau_walk.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Entries are of order 1. A pivot below kIllConditioned means that the basis of the box has lost about half of the
// digits on these points, unless it is below kDependent. Then the feature depends on others, and the pivot is rounding.
constexpr double kIllConditioned = 1e-9, kDependent = 1e-13;
// In a fitted basis, rows with a smaller pivot than this wait until all others have theirs. The row with the largest
// entry is then next. So small pivots come last, where they spoil no other row.
constexpr double kDeferred = 1e-3;
// For a feature that depends on the others on all candidates. Its moment vanishes when it is below kConsistent times
// the mass. If not, it is free on points with an entry above kLeastFree; one above kFree needs no search for a better
// one.
constexpr double kConsistent = 1e-13, kFree = 1e-3, kLeastFree = 1e-9;
// When no entry in the row is below minus this, the exchange would be badly conditioned. A candidate outside the
// tableau is then searched for.
constexpr double kEnterTolerance = 1e-3;
// Negative weights above minus this, relative to the mass, are rounding.
constexpr double kZero = 1e-15;
// Refinement goes on while the residual is above kRefined, at most kMaxRefinements times. It is needed because
// exchanges with small pivots cost the inverse digits.
constexpr double kRefined = 2e-16;
constexpr int kMaxRefinements = 3;
// A larger residual, or NaN, is no answer. The caller asks for much less.
constexpr double kLargestResidual = 1;

template <class F>
class SolveInBasis {
 public:
  // memory holds the candidates. fitted: the basis is fitted, not that of the box. most_steps: of the walk.
  SolveInBasis(const Cell<F>& cell, const CellMemory<F>& memory, bool fitted, size_t most_steps)
      : cell_(cell),
        points_(cell.points),
        memory_(memory),
        fitted_(fitted),
        most_steps_(most_steps),
        N(cell.count()),
        padded(round_up(N)),
        tableau_(N, memory.S, memory.stride, memory.T, memory.tableau),
        candidates_end_(tableau_.used) {
    for (int c = memory.S; c < candidates_end_; c++) memory.candidates[c] = memory.candidates[0];
  }

  CellResult run(uint32_t* chosen, double* weights) {
    cell_.moments(memory_.b, memory_.lost, reinterpret_cast<Vec*>(memory_.scratch));
    if (points_.stop()) return {kCellNotSolved, 0};
    cell_.prefetch_next();
    mass_ = memory_.b[0];
    if (!eliminate()) return {kCellNotSolved, 0};
    if (!complete_rank()) return {kCellTooMany, 0};
    if (!walk()) return {searches_ == kMaxSearches || out_of_steps_ ? kCellTooMany : kCellNotSolved, 0};
    const int* const support = find_support();
    const double residual = refine();
    if (!(residual <= kLargestResidual)) return {kCellNotSolved, residual};
    int kept = 0;
    for (int i = 0; i < N; i++)
      if (tableau_.v[i] > 0) {
        chosen[kept] = static_cast<uint32_t>(support[i]);
        weights[kept++] = tableau_.v[i];
      }
    return {kept, residual};
  }

 private:
  // The point of a column. Columns from candidates_end_ on were appended by searches.
  int point(int column) const {
    return column < candidates_end_ ? memory_.candidates[column] : appended_[column - candidates_end_];
  }
  double weight(int column) const { return points_.w ? points_.w[point(column)] : 1.0; }

  // Chooses a basis among the candidates. False: the basis of polynomials is too badly conditioned.
  bool eliminate() {
    cell_.features([&](int c) { return memory_.candidates[c]; }, memory_.S, candidates_end_, memory_.stride, memory_.T);
    for (int e = 0; e < padded; e += W) store(tableau_.v + e, load(memory_.b + e));
    if (!fitted_) return tableau_.eliminate(kIllConditioned, kDependent, cell_.shape.pivot_share);
    tableau_.eliminate(kDeferred, kDeferred, cell_.shape.pivot_share);
    if (tableau_.rank < N) tableau_.raise_deferred(kDependent);
    return true;
  }

  // A feature that depends on the others on all candidates may be free on other points of the cell. Its moment shows
  // that. Columns on which it is free are then searched for. What remains is left to the residual. False: there were
  // too many searches.
  bool complete_rank() {
    for (int j = 0; j < N && tableau_.rank < N; j++) {
      if (tableau_.basis[j] >= 0 || absolute(tableau_.v[j]) <= kConsistent * mass_) continue;
      if (tableau_.raise_rank(j, kFree)) continue;
      double* const y = memory_.step;
      const double moment = tableau_.dependence(j, y);
      if (moment > 0)
        for (int e = 0; e < padded; e++) y[e] = -y[e];
      const double mean = absolute(moment) / mass_;  // some point has at least this
      const int found = append_to_tableau(y, -(0.5 * mean > kLeastFree ? 0.5 * mean : kLeastFree));
      if (found == kGiveUp) return false;
      if (found > 0) tableau_.raise_rank(j, kLeastFree);
    }
    return true;
  }

  // Searches for points outside the columns with y . phi below `than`. Returns how many it found, or kGiveUp.
  int search(const double* y, double than) {
    unsigned char* const gone = memory_.gone;
    if (searches_ == 0) {
      for (size_t i = 0; i < points_.count; i++) gone[i] = 0;
      for (int c = 0; c < memory_.S; c++) gone[memory_.candidates[c]] = 1;
    }
    if (searches_ == kMaxSearches) return kGiveUp;
    found_ = appended_ + searches_ * kBatch;
    const int count = cell_.search(y, than, gone, found_);
    if (count == 0) return 0;
    searches_++;
    for (int l = 0; l < count; l++) gone[found_[l]] = 1;  // no point is appended twice
    for (int l = count; l < kBatch; l++) found_[l] = found_[0];
    return count;
  }
  int append_to_tableau(const double* y, double than) {
    const int count = search(y, than);
    if (count <= 0) return count;
    cell_.features([&](int l) { return found_[l]; }, count, kBatch, kBatch, memory_.scratch);
    tableau_.append(memory_.scratch, count);
    return count;
  }

  static constexpr bool kMayBeLarge = F::N == 0 || F::N >= kLargeCell;
  bool is_large() const { return kMayBeLarge && N >= kLargeCell; }

  // Few exchanges are cheapest in the tableau, unless it is very wide. A large cell goes on with the inverse alone when
  // the tableau has no room for more.
  bool walk() {
    const auto start = [this](int column) { return weight(column); };
    const auto outside = [this](const double* y, double than) { return append_to_tableau(y, than); };
    const bool many = memory_.S > cell_.shape.samples;
    size_t few = most_steps_;
    if (is_large()) few = many ? 0 : usize(tableau_.room_for_exchanges());
    if (tableau_.walk(start, outside, kEnterTolerance, kZero * mass_, few < most_steps_ ? few : most_steps_,
                      points_.stop))
      return true;
    if constexpr (kMayBeLarge)
      if (is_large() && usize(tableau_.exchanges()) >= few) return walk_with_inverse();
    return false;
  }

  // The elimination has left the inverse in the columns of the first basis. T gets the features again.
  bool walk_with_inverse() {
    const size_t done = usize(tableau_.exchanges());
    tableau_.flush();
    double* const inverse = memory_.inverse;
    for (int i = 0; i < N; i++) {
      double* const row = inverse + usize(i) * usize(padded);
      for (int e = 0; e < padded; e++) {
        const int home = e < N && tableau_.basis[i] >= 0 ? tableau_.home[e] : -1;
        row[e] = home >= 0 ? memory_.T[usize(i) * usize(memory_.stride) + usize(home)] : 0;
      }
    }
    for (int c = 0; c < tableau_.used; c++) memory_.open[c] = tableau_.open[c] != 0;
    cell_.features([&](int c) { return point(c); }, tableau_.used, tableau_.used, memory_.stride, memory_.T);
    int columns = tableau_.used;
    const auto start = [this](int column) { return weight(column); };
    const auto outside = [&](const double* y, double than) {
      const int count = search(y, than);
      if (count <= 0) return count;
      cell_.features([&](int l) { return found_[l]; }, count, kBatch, memory_.stride, memory_.T + columns);
      for (int l = 0; l < kBatch; l++) memory_.open[columns + l] = l < count;
      columns += kBatch;
      return count;
    };
    InverseWalk<TableauOf<F::N>, decltype(start), decltype(outside)> steps{
        tableau_, inverse, columns,         memory_.step,  memory_.prices, memory_.open,
        start,    outside, kEnterTolerance, kZero * mass_, points_.stop};
    has_inverse_ = true;
    const size_t left = most_steps_ > done ? most_steps_ - done : 0;
    const bool found = walk_to_basic_solution(steps, left);
    out_of_steps_ = !found && steps.exchanges >= left;
    return found;
  }

  // The points of the basis, and their features, which are evaluated again. Rows without a column have weight 0.
  const int* find_support() {
    int* const support = reinterpret_cast<int*>(memory_.lost);
    for (int i = 0; i < N; i++) support[i] = tableau_.basis[i] >= 0 ? point(tableau_.basis[i]) : 0;
    cell_.features([&](int i) { return support[i]; }, N, padded, padded, memory_.at_support);
    for (int i = N; i < padded; i++) tableau_.v[i] = 0;
    return support;
  }

  // Refines the weights with the inverse. Returns the residual. In the basis of the box a defect counts relative to the
  // mass; in a fitted basis relative to the sum of v |phi_e|, but at least to the mass.
  double refine() {
    double *const v = tableau_.v, *const defect = memory_.defect, *const step = memory_.step;
    const auto unit_of = [&](int e) {
      if (!fitted_) return cell_.shape.norm[e];
      const double* row = memory_.at_support + usize(e) * usize(padded);
      Vec s = {};
      for (int i = 0; i < padded; i += W) s = madd(magnitude(load(row + i)), load(v + i), s);
      const double size = sum(s);
      return size > mass_ ? mass_ / size : 1.0;
    };
    // One step is enough for nearly all cells; the residual is then the rounding of the sums.
    for (int pass = 0;; pass++) {
      multiply(memory_.at_support, N, padded, padded, v, defect);
      for (int e = 0; e < padded; e += W) store(defect + e, load(memory_.b + e) - load(defect + e));
      double residual = 0;
      for (int e = 0; e < N; e++) {
        const double r = absolute(defect[e]) * unit_of(e);
        if (!(r <= residual)) residual = r;  // also when r is NaN
      }
      residual /= mass_;
      if (pass == kMaxRefinements || (pass > 0 && residual <= kRefined)) return residual;
      if (has_inverse_)
        multiply(memory_.inverse, N, padded, padded, defect, step);
      else
        tableau_.solve(defect, step);
      for (int i = 0; i < padded; i += W) store(v + i, maximum(load(v + i) + load(step + i), Vec{}));
    }
  }

  const Cell<F>& cell_;
  const CellPoints& points_;
  const CellMemory<F>& memory_;
  const bool fitted_;
  const size_t most_steps_;
  const int N, padded;
  TableauOf<F::N> tableau_;
  const int candidates_end_;
  double mass_ = 0;
  int searches_ = 0, appended_[kMaxSearches * kBatch];
  int* found_ = nullptr;  // the points of the last search
  bool out_of_steps_ = false, has_inverse_ = false;
};

}  // namespace fewpoints::FEWPOINTS_SIMD
