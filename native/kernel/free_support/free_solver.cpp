#include "free_support/free_solver.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "base/double_double.hpp"
#include "free_support/gauss.hpp"
#include "free_support/rules.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {
namespace {

// A cell is tried with so many orientations of the rule. Of uneven sets a few per cent need a second one.
constexpr std::size_t kTries = 4;
// The numbers of these orientations are so far apart: never a reflection of one that was tried.
constexpr std::size_t kNextTry = 2;
// Then the way from the moments of the rule to those of the cell is gone in steps. A step that fails is tried shorter.
constexpr double kFirstStep = 0.25, kShorter = 0.4, kLonger = 1.5, kLeastStep = 0.02;
constexpr int kMostRounds = 16;

// A Gauss rule of n points is exact up to order 2n - 1. One point would be the mean, whose error has one sign in all
// cells.
int gauss_points(int order) { return std::max(2, order / 2 + 1); }

int exact_order(int dimension, int order) { return dimension == 1 ? 2 * gauss_points(order) - 1 : order; }

// The mean of the points, with the weight of all.
void mean_of(FreeCell& cell) {
  const PointColumns& p = cell.points;
  const auto weight = [&](std::size_t i) { return p.w ? p.w[i] : 1.0; };
  DoubleDouble mass;
  for (std::size_t i = 0; i < p.count; i++) mass = mass + DoubleDouble(weight(i));
  cell.w[0] = static_cast<double>(mass);
  for (int a = 0; a < p.dimension; a++) {
    const double* const x = p.x[a];
    DoubleDouble sum;
    for (std::size_t i = 0; i < p.count; i++) accumulate_product(sum.high, sum.low, weight(i), x[i]);
    const auto [low, high] = std::minmax_element(x, x + p.count);
    cell.x[a] = std::clamp(static_cast<double>(sum / mass), *low, *high);
  }
  cell.solved = true;
}

}  // namespace

int free_points_per_cell(int dimension, int order) {
  constexpr int kMostGaussPoints = 16;
  if (dimension == 1) return gauss_points(order) <= kMostGaussPoints ? gauss_points(order) : 0;
  const FreeRule* rule = dimension > 0 ? free_rule(dimension, order == 1 ? 2 : order) : nullptr;
  return rule ? rule->count : 0;
}

FreeSolver::FreeSolver(int dimension, int order)
    : is_mean_(order == kMeanOrder), indices_(dimension, is_mean_ ? kMeanOrder : exact_order(dimension, order)) {
  if (is_mean_) {
    shape_.nodes = 1;
    return;
  }
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
  const int *const parent = indices_.parent.data(), *const axis = indices_.axis.data();
  const int* const degree = indices_.degree.data();
  moments_shape_ = {m, k, N, 0, parent, axis, degree, norm_.data(), 1, simd().cell_instance(m, k), false, 0};
  shape_ = {m, k, N, free_points_per_cell(m, order), parent, axis, degree, nullptr, nullptr, nullptr};
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

// The cells of one call, and what is known of them.
struct FreeSolver::Work {
  Work(const FreeSolver& solver, List<FreeCell>& all)
      : cells(all),
        m(usize(solver.indices_.dimension)),
        N(usize(solver.indices_.count)),
        n(usize(solver.nodes())),
        padded((N + 7) / 8 * 8),
        workspace(std::max(simd().moment_workspace(solver.moments_shape_), simd().free_workspace(solver.shape_))),
        moments(product(all.size(), padded)),
        boxes(product(all.size(), 2 * m)),
        targets(product(all.size(), N)),
        points(product(all.size(), n, m)),
        weights(product(all.size(), n)),
        residuals(all.size()) {}

  List<FreeCell>& cells;
  const std::size_t m, N, n, padded;
  Array<double> workspace;
  Array<double> moments, boxes;                       // by cell
  Array<double> targets, points, weights, residuals;  // by place in the batch at hand
  double* low(std::size_t cell) { return boxes.data() + cell * 2 * m; }
  double* target(std::size_t place) { return targets.data() + place * N; }
  double* point(std::size_t place) { return points.data() + place * n * m; }
  double* weight(std::size_t place) { return weights.data() + place * n; }
};

void FreeSolver::solve(List<FreeCell>& cells, const Monitor& monitor) const {
  if (is_mean_) {
    for (FreeCell& cell : cells) {
      mean_of(cell);
      monitor.check();
    }
    return;
  }
  Work work(*this, cells);
  List<std::size_t> open;
  for (std::size_t i = 0; i < cells.size(); i++) {
    const PointColumns& p = cells[i].points;
    cells[i].solved = false;
    if (simd().cell_moments(moments_shape_, {p.x, p.w, p.count, stop_of(monitor)}, work.workspace.data(), work.low(i),
                            work.low(i) + work.m, work.moments.data() + i * work.padded))
      open.push_back(i);
    monitor.check();
  }
  if (work.m == 1) {
    polish_gauss(work, open, monitor);
    return;
  }
  for (std::size_t t = 0; t < kTries && !open.empty(); t++) correct_rule(work, open, t * kNextTry, monitor);
  if (!open.empty()) continue_from_rule(work, open, monitor);
}

// Writes the target of a cell in the orientation of the rule.
void FreeSolver::aim(Work& work, std::size_t cell, const Turn& turn, std::size_t place) const {
  const double* const b = work.moments.data() + cell * work.padded;
  double* const target = work.target(place);
  moments_to_rule(turn, b, target);
  for (std::size_t e = 0; e < work.N; e++) target[e] /= b[0];
}

// Brings points and weights of the batch to their targets.
void FreeSolver::run(Work& work, std::size_t count, bool from_rule, const Monitor& monitor) const {
  simd().free_points(shape_,
                     {static_cast<int>(count), from_rule, work.targets.data(), work.points.data(), work.weights.data(),
                      work.residuals.data(), stop_of(monitor)},
                     work.workspace.data());
  monitor.check();
}

void FreeSolver::answer(Work& work, std::size_t cell, const Turn& turn, const double* points,
                        const double* weights) const {
  FreeCell& to = work.cells[cell];
  points_to_box(turn, points, work.low(cell), work.low(cell) + work.m, to.x);
  const double mass = work.moments[cell * work.padded];
  for (std::size_t j = 0; j < work.n; j++) to.w[j] = mass * weights[j];
  to.solved = true;
}

// The points of a Gauss rule have the moments to a few dozen epsilons; one step of Newton's method is left to do.
void FreeSolver::polish_gauss(Work& work, const List<std::size_t>& open, const Monitor& monitor) const {
  const Turn none{0, 0};
  List<std::size_t> batch;
  for (const std::size_t i : open) {
    const std::size_t place = batch.size();
    aim(work, i, none, place);
    if (gauss_rule(work.cells[i].points, work.low(i)[0], work.low(i)[1], nodes(), work.point(place),
                   work.weight(place)))
      batch.push_back(i);
  }
  run(work, batch.size(), false, monitor);
  for (std::size_t c = 0; c < batch.size(); c++)
    if (std::isfinite(work.residuals[c])) answer(work, batch[c], none, work.point(c), work.weight(c));
}

// Tries an orientation of the rule on the open cells, and leaves those open that were not solved.
void FreeSolver::correct_rule(Work& work, List<std::size_t>& open, std::size_t next, const Monitor& monitor) const {
  const auto turn_of = [&](std::size_t cell) { return turn(work.cells[cell].number + next); };
  for (std::size_t c = 0; c < open.size(); c++) aim(work, open[c], turn_of(open[c]), c);
  run(work, open.size(), true, monitor);
  List<std::size_t> left;
  for (std::size_t c = 0; c < open.size(); c++) {
    if (std::isfinite(work.residuals[c]))
      answer(work, open[c], turn_of(open[c]), work.point(c), work.weight(c));
    else
      left.push_back(open[c]);
  }
  open = std::move(left);
}

// Brings the moments of the rule to those of the cell by and by.
void FreeSolver::continue_from_rule(Work& work, const List<std::size_t>& open, const Monitor& monitor) const {
  struct Path {
    std::size_t cell;
    double done = 0, step = kFirstStep;  // shares of the way
    List<double> points, weights;
  };
  List<Path> paths;
  for (const std::size_t i : open) {
    Path path{i, 0, kFirstStep, {}, {}};
    path.points.assign(shape_.points, shape_.points + work.n * work.m);
    path.weights.assign(shape_.weights, shape_.weights + work.n);
    paths.push_back(std::move(path));
  }
  for (int round = 0; round < kMostRounds && !paths.empty(); round++) {
    for (std::size_t c = 0; c < paths.size(); c++) {
      const Path& path = paths[c];
      aim(work, path.cell, turn(work.cells[path.cell].number), c);
      const double share = std::min(1.0, path.done + path.step);
      if (share < 1)
        for (std::size_t e = 0; e < work.N; e++)
          work.target(c)[e] = e == 0 ? 1 : share * work.target(c)[e];  // the rule has the moments 1, 0, 0, ...
      std::copy(path.points.begin(), path.points.end(), work.point(c));
      std::copy(path.weights.begin(), path.weights.end(), work.weight(c));
    }
    run(work, paths.size(), false, monitor);
    List<Path> left;
    for (std::size_t c = 0; c < paths.size(); c++) {
      Path& path = paths[c];
      if (!std::isfinite(work.residuals[c])) {
        path.step *= kShorter;
      } else {
        path.done = std::min(1.0, path.done + path.step);
        path.step *= kLonger;
        path.points.assign(work.point(c), work.point(c) + work.n * work.m);
        path.weights.assign(work.weight(c), work.weight(c) + work.n);
      }
      if (path.done == 1)
        answer(work, path.cell, turn(work.cells[path.cell].number), path.points.data(), path.weights.data());
      else if (path.step > kLeastStep)
        left.push_back(std::move(path));
    }
    paths = std::move(left);
  }
}

}  // namespace fewpoints
