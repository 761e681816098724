#include "free_support/free_solver.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "free_support/gauss.hpp"
#include "free_support/rules.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// A cell is tried with so many orientations of the rule. Of uneven sets a few per cent need a second one.
constexpr int kTries = 4;
// The numbers of these orientations are so far apart: never a reflection of one that was tried.
constexpr std::size_t kNextTry = 2;

// A Gauss rule of n points is exact up to order 2n - 1. One point would be the mean, whose error has one sign in all
// cells.
int gauss_points(int order) { return std::max(2, order / 2 + 1); }

int exact_order(int dimension, int order) { return dimension == 1 ? 2 * gauss_points(order) - 1 : order; }

}  // namespace

int free_points_per_cell(int dimension, int order) {
  constexpr int kMostGaussPoints = 16;
  if (dimension == 1) return gauss_points(order) <= kMostGaussPoints ? gauss_points(order) : 0;
  const FreeRule* rule = dimension > 0 ? free_rule(dimension, order) : nullptr;
  return rule ? rule->count : 0;
}

FreeSolver::FreeSolver(int dimension, int order) : indices_(dimension, exact_order(dimension, order)) {
  const int N = indices_.count, m = dimension, k = indices_.order;
  std::map<List<std::uint16_t>, int> number;
  for (int e = 0; e < N; e++) {
    norm_.push_back(e == 0 ? 1.0 : norm_[indices_.parent[e]] * std::sqrt(2.0 * indices_.degree[e] + 1));
    const List<std::uint16_t> row = indices_.row(e);
    unsigned odd = 0;
    for (int a = 0; a < m; a++) odd |= (row[a] % 2u) << a;
    odd_.push_back(odd);
    number[row] = e;
  }
  for (int rotated = 0; rotated < m; rotated++)
    for (int e = 0; e < N; e++) {
      const List<std::uint16_t> row = indices_.row(e);
      List<std::uint16_t> of_rule(m);
      for (int a = 0; a < m; a++) of_rule[(a + rotated) % m] = row[a];
      place_.push_back(number.at(of_rule));
    }
  moments_shape_ = {m, k, N, 0, indices_.parent.data(), indices_.axis.data(), indices_.degree.data(), norm_.data(), 1,
                    simd().cell_instance(m, k), false, 0};
  shape_ = {m, k, N, free_points_per_cell(m, order), indices_.parent.data(), indices_.axis.data(),
            indices_.degree.data(), nullptr, nullptr, nullptr};
  if (m == 1) return;
  const FreeRule& rule = *free_rule(m, order);
  shape_.points = rule.points;
  shape_.weights = rule.weights;
  const int stride = (shape_.nodes * (m + 1) + 7) / 8 * 8;
  first_.reset(product(N, stride));
  Array<double> workspace(simd().free_workspace(shape_));
  simd().free_first(shape_, first_.data(), workspace.data());
  shape_.first = first_.data();
}

// Neighbours i and i ^ 1 are reflections of each other in the centre. Then come the other reflections, then rotations.
FreeSolver::Turn FreeSolver::turn(std::size_t number) const {
  const int m = indices_.dimension;
  const std::size_t half = std::size_t{1} << (m - 1), pair = number / 2;
  auto reflected = static_cast<unsigned>(pair % half);
  if (number % 2 == 1) reflected ^= static_cast<unsigned>(2 * half - 1);
  return {reflected, static_cast<int>(pair / half % usize(m))};
}

void FreeSolver::moments_to_rule(const Turn& turn, const double* moments, double* target) const {
  const int* const place = &place_[turn.rotated * indices_.count];
  for (int e = 0; e < indices_.count; e++) {
    const bool negative = std::popcount(odd_[e] & turn.reflected) % 2 != 0;
    target[place[e]] = negative ? -moments[e] : moments[e];
  }
}

void FreeSolver::points_to_box(const Turn& turn, const double* t, const double* low, const double* high,
                               double* x) const {
  const int m = indices_.dimension;
  for (int j = 0; j < shape_.nodes; j++)
    for (int a = 0; a < m; a++) {
      const double of_rule = t[j * m + (a + turn.rotated) % m];
      const double centre = 0.5 * low[a] + 0.5 * high[a], half = 0.5 * high[a] - 0.5 * low[a];
      const double along = half * ((turn.reflected >> a & 1u) ? -of_rule : of_rule);
      x[j * m + a] = std::clamp(centre + along, low[a], high[a]);
    }
}

void FreeSolver::solve(List<FreeCell>& cells, const Monitor& monitor) const {
  const int m = indices_.dimension, N = indices_.count, n = shape_.nodes;
  const std::size_t padded = usize(N + 7) / 8 * 8, count = cells.size();
  Array<double> workspace(std::max(simd().moment_workspace(moments_shape_), simd().free_workspace(shape_)));
  Array<double> moments(product(count, padded)), boxes(product(count, 2 * m)), targets(product(count, N));
  Array<double> points(product(count, n, m)), weights(product(count, n)), residuals(count);
  List<std::size_t> open;
  for (std::size_t i = 0; i < count; i++) {
    const PointColumns& p = cells[i].points;
    double* const low = boxes.data() + i * usize(2 * m);
    cells[i].solved = false;
    if (simd().cell_moments(moments_shape_, {p.x, p.w, p.count, stop_of(monitor)}, workspace.data(), low, low + m,
                            moments.data() + i * padded))
      open.push_back(i);
    monitor.check();
  }
  for (int t = 0; t < (m == 1 ? 1 : kTries) && !open.empty(); t++) {
    std::size_t taken = 0;
    List<std::size_t> batch;
    const auto turn_of = [&](std::size_t i) { return turn(m == 1 ? 0 : (cells[i].number + usize(t) * kNextTry) % turns()); };
    for (const std::size_t i : open) {
      const double *const b = moments.data() + i * padded, *const low = boxes.data() + i * usize(2 * m);
      double* const target = targets.data() + taken * usize(N);
      moments_to_rule(turn_of(i), b, target);
      for (int e = 0; e < N; e++) target[e] /= b[0];
      if (m == 1 && !gauss_rule(cells[i].points, low[0], low[1], n, points.data() + taken * usize(n),
                                weights.data() + taken * usize(n)))
        continue;
      taken++;
      batch.push_back(i);
    }
    simd().free_points(shape_,
                       {static_cast<int>(taken), m > 1, targets.data(), points.data(), weights.data(), residuals.data(),
                        stop_of(monitor)},
                       workspace.data());
    monitor.check();
    open.clear();
    for (std::size_t c = 0; c < taken; c++) {
      const std::size_t i = batch[c];
      if (!std::isfinite(residuals[c])) {
        open.push_back(i);
        continue;
      }
      const double* const low = boxes.data() + i * usize(2 * m);
      const double mass = moments[i * padded];
      points_to_box(turn_of(i), points.data() + c * usize(n * m), low, low + m, cells[i].x);
      for (int j = 0; j < n; j++) cells[i].w[j] = mass * weights[c * usize(n) + usize(j)];
      cells[i].solved = true;
    }
  }
}

}  // namespace fewpoints
