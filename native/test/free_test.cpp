// Free support: points that are no rows, their moments, weights and boxes, and the sets that keep rows.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <tuple>

#include "base/list.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "expect.hpp"
#include "free_support/free_solver.hpp"
#include "partition/partition.hpp"

using namespace fewpoints;

namespace {

constexpr double kEps = 0x1p-52, kKept = 50 * kEps;

using Random = std::mt19937_64;
using Draw = std::function<double(Random&, std::size_t row, int column)>;

struct Set {
  int m;
  List<double> x, w;  // w empty: all 1
  std::size_t count() const { return x.size() / usize(m); }
  PointSet points() const {
    return PointSet(PointsView{{x.data(), false, 1}, m, count(), m}, NumbersView{w.empty() ? nullptr : w.data()});
  }
};

Set make(int m, std::size_t count, const Draw& draw, bool weighted = false) {
  Random random(count + usize(m));
  Set set{m, {}, {}};
  for (std::size_t i = 0; i < count; i++)
    for (int a = 0; a < m; a++) set.x.push_back(draw(random, i, a));
  std::lognormal_distribution<double> weight(0, 1);
  for (std::size_t i = 0; weighted && i < count; i++) set.w.push_back(weight(random));
  return set;
}

double uniform(Random& random, std::size_t, int) { return std::uniform_real_distribution<double>(-1, 1)(random); }
double normal(Random& random, std::size_t, int) { return std::normal_distribution<double>()(random); }

CompressOptions options_of(int m, int order, std::size_t size, bool best, int threads = 1) {
  CompressOptions options;
  options.space = PolynomialSpace::total(m, order);
  options.size = size;
  options.best = best;
  options.threads = threads;
  options.support = CompressOptions::Support::Free;
  return options;
}

Compressed run(const Set& set, const CompressOptions& options) {
  Monitor monitor;
  return compress(set.points(), options, monitor);
}

void check(const Set& set, const CompressOptions& options, const Compressed& c, const std::string& name) {
  Monitor monitor;
  const std::size_t m = usize(set.m);
  expect(c.indices.empty(), name + ": no indices");
  expect(c.weights.size() <= options.size, name + ": at most the size");
  expect(c.points.size() == c.weights.size() * m, name + ": lengths");
  expect(std::all_of(c.weights.begin(), c.weights.end(), [](double w) { return w > 0 && std::isfinite(w); }),
         name + ": positive weights");
  bool inside = true;
  for (std::size_t a = 0; a < m; a++) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < set.count(); i++) {
      low = std::min(low, set.x[i * m + a]);
      high = std::max(high, set.x[i * m + a]);
    }
    for (std::size_t i = 0; i < c.weights.size(); i++)
      inside = inside && c.points[i * m + a] >= low && c.points[i * m + a] <= high;
  }
  expect(inside, name + ": in the box of the points");
  const Set kept{set.m, c.points, c.weights};
  const double residual = verify(set.points(), kept.points(), options.space, 1, monitor).residual;
  expect(residual <= kKept, name + ": moments, " + std::to_string(residual / kEps) + " eps");
  expect(c.residual <= kKept, name + ": residual");
}

bool same(const Compressed& a, const Compressed& b) {
  const auto bits = [](const auto& u, const auto& v) {
    return u.size() == v.size() && std::memcmp(u.data(), v.data(), u.size() * sizeof(u[0])) == 0;
  };
  return bits(a.points, b.points) && bits(a.weights, b.weights);
}

int highest_order(int dimension) {
  constexpr int kHighest[] = {0, 31, 20, 10, 7, 5, 4, 3, 3};
  return kHighest[dimension];
}

// The cells of a partition, and their points once they are solved.
struct Cells {
  Cells(const Set& set, int order, std::size_t size) : solver(set.m, order), points(set.points()) {
    const PartitionOptions cutting{List<double>(set.m, 1.0), order, usize(solver.nodes()), size, 1};
    partition = std::make_unique<Partition>(points, cutting, monitor);
  }
  std::size_t count() const { return partition->cells().size(); }
  // Those of more points than nodes. turned: rules are turned from cell to cell.
  void solve(bool turned) {
    const std::size_t m = usize(points.dimension()), nodes = usize(solver.nodes());
    x = List<double>(count() * nodes * m);
    w = List<double>(count() * nodes);
    columns.assign(count(), {});
    for (std::size_t i = 0; i < count(); i++) {
      const CellRange range = partition->cells()[i];
      if (range.size() <= nodes) continue;
      for (int a = 0; a < points.dimension(); a++) columns[i].push_back(partition->column(a) + range.begin);
      const double* const weights = partition->weights();
      cells.push_back({{columns[i].data(), weights ? weights + range.begin : nullptr, range.size(), points.dimension()},
                       turned ? i : 0,
                       &x[i * nodes * m],
                       &w[i * nodes]});
    }
    solver.solve(cells, monitor);
  }
  bool inside() const {
    const std::size_t m = usize(points.dimension());
    for (const FreeCell& cell : cells)
      for (std::size_t a = 0; a < m && cell.solved; a++) {
        const auto [low, high] = std::minmax_element(cell.points.x[a], cell.points.x[a] + cell.points.count);
        for (std::size_t j = 0; j < usize(solver.nodes()); j++)
          if (!(cell.x[j * m + a] >= *low && cell.x[j * m + a] <= *high)) return false;
      }
    return true;
  }
  Monitor monitor;
  FreeSolver solver;
  PointSet points;
  std::unique_ptr<Partition> partition;
  List<double> x, w;
  List<List<const double*>> columns;
  List<FreeCell> cells;
};

void check_boxes(const Set& set, int order, const std::string& name) {
  Cells cells(set, order, usize(6 * free_points_per_cell(set.m, order)));
  cells.solve(true);
  expect(std::any_of(cells.cells.begin(), cells.cells.end(), [](const FreeCell& cell) { return cell.solved; }),
         name + ": cells are solved");
  expect(cells.inside(), name + ": points are in the boxes of their cells");
}

// Every rule, on random weighted points, and the same bits for any number of threads.
void test_rules() {
  for (int m = 1; m <= 8; m++)
    for (int k = 1; k <= 32; k++) {
      const int nodes = free_points_per_cell(m, k);
      expect((nodes > 0) == (k <= highest_order(m)), "orders that have free points");
      if (nodes == 0) continue;
      const std::size_t size = usize(6 * nodes + 3);
      const Set set = make(m, 20 * size, m % 2 == 0 && k <= 5 ? normal : uniform, k % 2 == 0);
      const std::string name = "free " + std::to_string(m) + "," + std::to_string(k);
      const Compressed c = run(set, options_of(m, k, size, false));
      check(set, options_of(m, k, size, false), c, name);
      expect(c.free_cells >= 3, name + ": cells of free points");
      check_boxes(set, k, name);
      if (nodes > 40) continue;
      for (const int threads : {2, 3})
        expect(same(c, run(set, options_of(m, k, size, false, threads))), name + ": bits, threads");
    }
}

// Many cells, of which some keep rows; 'best' and 'auto'.
void test_uneven() {
  const Set cloud = make(3, 20000, normal, true);
  for (const bool best : {false, true})
    for (const int order : {1, 3, 6}) {
      const CompressOptions options = options_of(3, order, 2000, best);
      const Compressed c = run(cloud, options);
      const std::string name = "free, cloud of order " + std::to_string(order) + (best ? ", best" : "");
      check(cloud, options, c, name);
      expect(c.weights.size() >= 1900, name + ": the size is used");
      expect(c.free_cells > 0 && c.free_cells + c.row_cells <= c.cells, name + ": counts of cells");
      CompressOptions three = options;
      three.threads = 3;
      expect(same(c, run(cloud, three)), name + ": bits, threads");
    }
  CompressOptions options = options_of(2, 0, 500, true);
  options.automatic = true;
  const Compressed c = run(make(2, 5000, uniform), options);
  expect(c.order > 3 && c.free_cells > 0, "free, auto: order " + std::to_string(c.order));
  options.space = PolynomialSpace::total(2, c.order);
  check(make(2, 5000, uniform), options, c, "free, auto");
}

void test_rows() {
  const auto expect_rows = [](const std::string& name, const Set& set, int order) {
    const CompressOptions options = options_of(set.m, order, set.count() / 10, false);
    const Compressed c = run(set, options);
    check(set, options, c, name);
    expect(c.free_cells == 0 && c.row_cells == 0, name + ": rows");
  };
  expect_rows("lattice", make(3, 8000, [](Random& r, std::size_t, int) { return static_cast<double>(r() % 20); }), 4);
  expect_rows(
      "labels",
      make(3, 8000,
           [](Random& r, std::size_t i, int a) { return a == 0 ? static_cast<double>(r() % 3) : normal(r, i, a); }),
      4);
  expect_rows("curve",
              make(3, 8000,
                   [](Random&, std::size_t i, int a) {
                     const double t = 0.001 * static_cast<double>(i);
                     return a == 0 ? std::cos(t) : a == 1 ? std::sin(t) : t;
                   }),
              4);
  expect_rows("far from the origin",
              make(2, 8000, [](Random& r, std::size_t i, int a) { return 1e9 + normal(r, i, a); }), 5);
  expect_rows("few values", make(1, 8000, [](Random& r, std::size_t, int) { return static_cast<double>(r() % 4); }), 7);
  // A part of the set is a lattice: its cells alone keep rows.
  const Set half = make(2, 20000, [](Random& r, std::size_t i, int a) {
    return i % 4 == 0 ? 10 + static_cast<double>(r() % 20) / 16 : normal(r, i, a);
  });
  const CompressOptions options = options_of(2, 5, 2000, false);
  const Compressed c = run(half, options);
  check(half, options, c, "part of a lattice");
  expect(c.free_cells > 0 && c.row_cells > 0, "part of a lattice: both kinds of cells");
}

// The defect of a rule in the next degree has the same sign in every cell, for a function all of whose derivatives are
// positive. It cancels only when the rule is turned from cell to cell.
void test_turned() {
  constexpr int m = 3, k = 2;
  const Set set = make(m, 32000, uniform);
  const List<List<double>> directions{{1, 1, 1}, {1.5, 0.5, 1}, {0.3, 1, 1.7}, {1, 1.9, 0.4}};
  const auto f = [&](const double* x, std::size_t d) {
    double sum = 0;
    for (int a = 0; a < m; a++) sum += directions[d][a] * x[a];
    return std::exp(sum);
  };
  const auto errors = [&](bool turned) {
    Cells cells(set, k, 3200);
    cells.solve(turned);
    expect(cells.cells.size() == cells.count() &&
               std::all_of(cells.cells.begin(), cells.cells.end(), [](const FreeCell& cell) { return cell.solved; }),
           "cells are solved");
    double error = 0;
    for (std::size_t d = 0; d < directions.size(); d++) {
      double sum = 0;
      for (std::size_t i = 0; i < set.count(); i++) sum += f(&set.x[i * m], d);
      for (std::size_t j = 0; j < cells.w.size(); j++) sum -= cells.w[j] * f(&cells.x[j * m], d);
      error += std::fabs(sum);
    }
    return error;
  };
  const double turned = errors(true), fixed = errors(false);
  expect(turned < fixed / 4, "turned rules: errors " + std::to_string(turned) + " and " + std::to_string(fixed));
}

// Points of equal weight, as many as were asked for, and the same bits for any number of threads.
void test_equal_weights() {
  for (const bool weighted : {false, true})
    for (const auto& [m, order, size] : {std::tuple{1, 5, 9}, {2, 5, 25}, {3, 4, 40}, {5, 2, 300}}) {
      const std::string name = "equal weights, " + std::to_string(m) + " columns" + (weighted ? ", weighted" : "");
      const Set set = make(m, 3000, normal, weighted);
      CompressOptions options = options_of(m, order, usize(size), true);
      options.equal_weights = true;
      const Compressed c = run(set, options);
      check(set, options, c, name);
      expect(c.weights.size() == options.size, name + ": as many points as were asked for");
      expect(std::all_of(c.weights.begin(), c.weights.end(), [&](double w) { return w == c.weights[0]; }), name);
      for (const int threads : {2, 3}) {
        options.threads = threads;
        expect(same(c, run(set, options)), name + ": bits, threads");
      }
    }
}

void test_refusals() {
  const auto code_of = [](const Set& set, const CompressOptions& options) {
    try {
      run(set, options);
    } catch (const Error& e) {
      return static_cast<int>(e.code);
    }
    return -1;
  };
  CompressOptions blocks = options_of(2, 2, 100, false);
  blocks.space.block = {0, 1};
  blocks.space.order = {2, 1};
  expect(code_of(make(2, 1000, uniform), blocks) == static_cast<int>(Code::Option), "blocks are refused");
  const Set lattice = make(3, 1000, [](Random& r, std::size_t, int) { return static_cast<double>(r() % 6); });
  expect(code_of(lattice, options_of(3, 4, 12, false)) == static_cast<int>(Code::Size), "no room for rows");
  CompressOptions equal = options_of(2, 5, 9, false);
  equal.equal_weights = true;
  expect(code_of(make(2, 1000, uniform), equal) == static_cast<int>(Code::Size), "fewer coordinates than moments");
  equal.size = 10;
  expect(code_of(make(2, 1000, [](Random& r, std::size_t i, int a) { return std::exp(5 * normal(r, i, a)); }), equal) ==
             static_cast<int>(Code::Infeasible),
         "no equal weights for heavy tails");
  equal.size = 500;
  for (const CompressOptions& options : {options_of(2, 5, 500, false), equal}) {
    Monitor monitor;
    monitor.cancel();
    bool cancelled = false;
    try {
      compress(make(2, 5000, uniform).points(), options, monitor);
    } catch (const Cancelled&) {
      cancelled = true;
    }
    expect(cancelled, "cancelled");
  }
}

}  // namespace

void test_free() {
  test_rules();
  test_uneven();
  test_rows();
  test_turned();
  test_equal_weights();
  test_refusals();
}
