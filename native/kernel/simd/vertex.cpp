// The homotopy push on columns that are all given: one round of the general path (halving.hpp).
#include "parts.hpp"
#include "tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {
namespace {

// Weights over very many decades can wear out the inverse. Every state on the way is feasible, so the push then begins
// again from where it stands, with a fresh factorisation of the columns that are left.
constexpr int kMostStarts = 6;
// Complete pivoting up to this many rows: beyond, its passes over a tableau larger than the cache take too long.
constexpr int kMostComplete = 256;
// A basis weight that should be negative by less than this share of the mass, with nothing to enter for it, is
// rounding.
constexpr double kRounding = 1e-12;

// Columns of largest entry 1 and rows likewise, so that one tolerance means the same everywhere.
void equilibrate(int rows, int columns, size_t stride, double* T, double* length) {
  for (int c = 0; c < columns; c++) length[c] = 0;
  for (int e = 0; e < rows; e++)
    for (int c = 0; c < columns; c++) {
      const double m = absolute(T[e * stride + c]);
      length[c] = m > length[c] ? m : length[c];
    }
  for (int c = 0; c < columns; c++) length[c] = length[c] > 0 ? length[c] : 1;
  for (int e = 0; e < rows; e++) {
    double* Te = T + e * stride;
    double most = 0;
    for (int c = 0; c < columns; c++) {
      Te[c] /= length[c];
      most = absolute(Te[c]) > most ? absolute(Te[c]) : most;
    }
    if (most > 0)
      for (int c = 0; c < columns; c++) Te[c] /= most;
  }
}

// T = the given columns, padded with zeros, and v = their weighted sum.
void copy_columns(int rows, int present, size_t stride, const double* given, const int* column, const double* weight,
                  double* T, double* v) {
  for (int e = 0; e < rows; e++) {
    double* Te = T + e * stride;
    double b = 0, lost = 0;
    for (int c = 0; c < present; c++) {
      Te[c] = given[e * stride + column[c]];
      const double y = Te[c] * weight[column[c]] - lost, s = b + y;
      lost = (s - b) - y;
      b = s;
    }
    for (size_t c = present; c < stride; c++) Te[c] = 0;
    v[e] = b;
  }
}

}  // namespace

size_t vertex_workspace(int rows, int columns) {
  const size_t stride = static_cast<size_t>(round_up(columns));
  return Tableau::doubles(rows, static_cast<int>(stride)) + 5 * stride + static_cast<size_t>(rows) * stride + 64;
}

TableauResult vertex(int rows, int columns, size_t stride, double* given, const double* start, double tolerance,
                     double* multipliers, double* workspace, SimdKernels::EliminateWide eliminate_wide, Stop stop) {
  const auto take = [&workspace](size_t count) {
    double* p = workspace;
    workspace += count;
    return p;
  };
  double* length = take(stride);
  double* weight = take(stride);
  int* column = reinterpret_cast<int*>(take(stride));
  int* order = reinterpret_cast<int*>(take(stride));
  int* moved = reinterpret_cast<int*>(take(stride));
  double* T = take(static_cast<size_t>(rows) * stride);
  equilibrate(rows, columns, stride, given, length);
  double mass = 0;
  for (int c = 0; c < columns; c++) {
    weight[c] = start[c] * length[c];
    mass += weight[c];
    column[c] = c;
    multipliers[c] = 0;
  }
  int present = columns;
  TableauResult result{0, false};
  bool wide = rows > kMostComplete;
  for (int attempt = 1; attempt <= kMostStarts && !result.solved && !stop(); attempt++) {
    Tableau tableau(rows, present, static_cast<int>(stride), T, workspace);
    copy_columns(rows, present, stride, given, column, weight, T, tableau.v);
    if (rows <= kMostComplete) {
      tableau.eliminate_completely(tolerance);
    } else {
      wide = wide && present >= rows && eliminate_wide(rows, present, stride, T, tableau.v, order) > tolerance;
      if (wide) {
        for (int c = 0; c < present; c++) moved[c] = column[order[c]];
        for (int c = 0; c < present; c++) column[c] = moved[c];
        tableau.begin_eliminated();
      } else {  // dependent rows
        copy_columns(rows, present, stride, given, column, weight, T, tableau.v);
        tableau.eliminate(tolerance, true, 1);
      }
    }
    result.rank = tableau.rank > result.rank ? tableau.rank : result.rank;
    // On the last start nothing is a failure any more: what cannot be exchanged is dropped, and the residual will tell.
    result.solved = tableau.push(
        [&](int c) { return weight[column[c]]; }, [](const double*, double, Tableau&) { return 0; }, kSmallestPivot,
        attempt < kMostStarts ? kRounding * mass : mass, static_cast<size_t>(8) * columns + 64, stop);
    if (result.solved) {
      for (int e = 0; e < rows; e++)
        if (tableau.basis[e] >= 0 && tableau.v[e] > 0) {
          const int c = column[tableau.basis[e]];
          multipliers[c] = tableau.v[e] / length[c];
        }
      break;
    }
    // Weights as they stand: the basis has u, open columns their remaining share, all others left for good.
    for (int c = 0; c < present; c++) weight[column[c]] *= tableau.open[c] != 0 ? tableau.remaining : 0;
    for (int e = 0; e < rows; e++)
      if (tableau.basis[e] >= 0) weight[column[tableau.basis[e]]] = tableau.u[e];
    int left = 0;
    for (int c = 0; c < present; c++)
      if (weight[column[c]] > 0) column[left++] = column[c];
    present = left;
  }
  return result;
}

}  // namespace fewpoints::FEWPOINTS_SIMD
