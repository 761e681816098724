// Moments of a weighted set: sum_i c_i phi_a(w_i) for every multi-index a of degree <= k, in graded lexicographic
// order.
#pragma once
#include <vector>

#include "points.hpp"
#include "products.hpp"
#include "status.hpp"

namespace fewpoints {

// Plain sums in the coordinates as given: products of powers, or of Legendre polynomials P_j (P_j(1) = 1).
// In double-double, added without rounding and rounded once: the same bits for any number of threads and any order of
// the points.
std::vector<double> moments(const PointSet& set, int order, Basis basis, int threads, Monitor& monitor);

// sum_i w_i P_e(t_i) for every multi-index e, P_e a product of Legendre polynomials (P_j(1) = 1), t = inverse (x -
// centre) axis by axis. w: nullptr: all 1. Plain double within 16384 points, double-double beyond: error about 1e-15 of
// sum w |P_e|, the same bits for any number of threads. Nothing is stored per point.
std::vector<double> legendre_sums(const double* const* x, const double* w, std::size_t n, const MultiIndices& indices,
                                  const std::vector<double>& centre, const std::vector<double>& inverse, int threads,
                                  Monitor& monitor, Stage stage = Stage::Recombine);

}  // namespace fewpoints
