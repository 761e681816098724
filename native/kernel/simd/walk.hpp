// The walk to a basic feasible solution: from given weights on all columns of a tableau to non-negative weights on the
// columns of a basis, with the same sums. A parametric simplex method (Gass and Saaty 1955) without an objective.
//
// u holds the current weights of the basis, and v = B^-1 b those that the basis alone would need. While u moves towards
// v, all other weights shrink together. The basis weight that reaches zero first leaves; the column with the most
// negative entry in its row enters, with the weight that it has by then. Such a column exists, because b is a positive
// combination of the columns. The state is feasible at every step. The walk ends when v >= 0: the weights of all other
// columns are then zero.
#pragma once
#include <cstddef>

namespace fewpoints {

// Entries of B^-1 T are of order 1. An entry below this is rounding, and dividing by it would lose all digits.
constexpr double kSmallestPivot = 1e-11;

constexpr int kNothingEnters = -1, kGiveUp = -2;

// Tableau: the steps of the walk on one kind of storage.
//   first_to_vanish()    the row whose weight reaches zero first on the way from u to v; -1 when none does
//   move_to(r)           moves u to the point where the weight of row r is zero, and shrinks all other weights
//   entering(r)          the column to enter for row r, kNothingEnters, or kGiveUp
//   exchange(r, column)  enters the column; false when its entry in row r is not negative
//   negligible(r)        whether v of row r is below zero by rounding only; v is then set to zero
//   stopped()            whether to give up at once
// Returns false when no column enters although a weight must leave, after most_steps, and when stopped.
template <class Tableau>
bool walk_to_basic_solution(Tableau& tableau, std::size_t most_steps) {
  for (std::size_t steps = 0;; steps++) {
    const int r = tableau.first_to_vanish();
    if (r < 0) return true;
    if (steps >= most_steps || tableau.stopped()) return false;
    tableau.move_to(r);
    const int column = tableau.entering(r);
    if (column >= 0) {
      if (!tableau.exchange(r, column)) return false;
    } else if (column == kGiveUp || !tableau.negligible(r)) {
      return false;
    }
  }
}

}  // namespace fewpoints
