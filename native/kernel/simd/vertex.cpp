// The homotopy push on columns that are all given: one round of the general path (halving.hpp).
#include "parts.hpp"
#include "tableau.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

size_t vertex_workspace(int rows, int columns) {
  return Tableau::doubles(rows, round_up(columns)) + 2 * static_cast<size_t>(round_up(columns)) + 64;
}

TableauResult vertex(int rows, int columns, size_t stride, double* T, const double* start, double tolerance, double* multipliers,
                     double* workspace) {
  double* length = workspace;
  double* weight = length + round_up(columns);
  Tableau tableau(rows, columns, static_cast<int>(stride), T, weight + round_up(columns));

  // Columns of length 1 and rows of largest entry 1, so that one tolerance means the same everywhere. Powers of two would
  // keep the bits; the last refinement makes that unnecessary.
  for (int c = 0; c < columns; c++) length[c] = 0;
  for (int e = 0; e < rows; e++)
    for (int c = 0; c < columns; c++) {
      const double m = absolute(T[e * stride + c]);
      length[c] = m > length[c] ? m : length[c];
    }
  for (int c = 0; c < columns; c++) {
    weight[c] = start[c] * length[c];
    if (!(length[c] > 0)) length[c] = 1;
  }
  for (int e = 0; e < rows; e++) {
    double* Te = T + e * stride;
    double most = 0;
    for (int c = 0; c < columns; c++) {
      Te[c] /= length[c];
      most = absolute(Te[c]) > most ? absolute(Te[c]) : most;
    }
    for (size_t c = columns; c < stride; c++) Te[c] = 0;
    double b = 0, lost = 0;
    for (int c = 0; c < columns; c++) {
      if (most > 0) Te[c] /= most;
      const double y = Te[c] * weight[c] - lost, s = b + y;
      lost = (s - b) - y;
      b = s;
    }
    tableau.v[e] = b;
  }
  double mass = 0;
  for (int c = 0; c < columns; c++) {
    mass += weight[c];
    multipliers[c] = 0;
  }
  tableau.eliminate(tolerance, true, 1);
  const bool solved = tableau.push([&](int c) { return weight[c]; },
                                   [](const double*, double, double*, Tableau&) { return -1; }, kSmallestPivot, 1e-9 * mass,
                                   static_cast<size_t>(8) * columns + 64);
  for (int e = 0; e < rows; e++)
    if (tableau.basis[e] >= 0 && tableau.v[e] > 0) multipliers[tableau.basis[e]] = tableau.v[e] / length[tableau.basis[e]];
  return {tableau.rank, solved};
}

}  // namespace fewpoints::FEWPOINTS_SIMD
