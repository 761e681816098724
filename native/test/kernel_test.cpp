// Properties of the kernel, without Node. A plain program, which also runs under sanitizers and with every instruction
// set (FEWPOINTS_ISA). Prints every failure, and exits with 1 if there was one.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "base/array.hpp"
#include "base/list.hpp"
#include "build_info.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "expect.hpp"
#include "partition/partition.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/space.hpp"
#include "products_test.hpp"
#include "recombination/recombine.hpp"

using namespace fewpoints;

namespace {
int passed = 0, failed = 0;
}  // namespace

std::string place;

long double legendre(int degree, long double t) {
  long double before = 1, now = t;
  if (degree == 0) return before;
  for (int j = 1; j < degree; j++) {
    const long double next = ((2 * j + 1) * t * now - j * before) / (j + 1);
    before = now;
    now = next;
  }
  return now;
}

void expect(bool condition, const std::string& what) {
  if (condition) {
    passed++;
    return;
  }
  failed++;
  std::printf("FAILED %s: %s\n", place.c_str(), what.c_str());
}

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

struct Set {
  List<double> x, w;  // row-major; w empty: all 1
  int m;
  std::size_t count() const { return x.size() / usize(m); }
  PointsView points() const { return {{x.data(), false, 1}, m, count(), m}; }
  NumbersView weights() const { return {w.empty() ? nullptr : w.data(), false, 1}; }
};

using Draw = std::function<double(std::mt19937_64&, std::size_t row, int column)>;

Set make(int m, std::size_t d, const Draw& draw, const Draw& weight = {}) {
  std::mt19937_64 random(usize(m * 1000) + d);
  Set set{{}, {}, m};
  for (std::size_t i = 0; i < d; i++)
    for (int a = 0; a < m; a++) set.x.push_back(draw(random, i, a));
  if (weight)
    for (std::size_t i = 0; i < d; i++) set.w.push_back(weight(random, i, 0));
  return set;
}

double uniform(std::mt19937_64& r, std::size_t, int) { return std::uniform_real_distribution<double>(-1, 1)(r); }
double gauss(std::mt19937_64& r, std::size_t, int) { return std::normal_distribution<double>()(r); }
double heavy(std::mt19937_64& r, std::size_t, int) { return std::student_t_distribution<double>(3)(r); }
double lattice(std::mt19937_64& r, std::size_t, int) { return static_cast<double>(r() % 5); }
double offset(std::mt19937_64& r, std::size_t i, int a) { return 0x1p30 + gauss(r, i, a); }
double units(std::mt19937_64& r, std::size_t i, int a) { return gauss(r, i, a) * std::pow(10, 6 * a - 6); }
double circle(std::mt19937_64&, std::size_t i, int a) {
  const double angle = 0.7 * static_cast<double>(i);
  return a == 0 ? std::cos(angle) : a == 1 ? std::sin(angle) : 1;
}
double line(std::mt19937_64&, std::size_t i, int a) { return (a + 1) * std::sqrt(2.0 + static_cast<double>(i)); }
double equal(std::mt19937_64&, std::size_t, int a) { return 0.1 * (a + 1); }
double positive(std::mt19937_64& r, std::size_t i, int a) { return 0.5 + std::fabs(uniform(r, i, a)); }
double decades(std::mt19937_64& r, std::size_t i, int a) { return std::pow(10, 8 * uniform(r, i, a)); }
double some_zero(std::mt19937_64& r, std::size_t i, int a) { return i % 3 == 0 ? 0 : positive(r, i, a); }

Compressed run(const Set& set, int order, std::size_t size, int threads) {
  Monitor monitor;
  CompressOptions options;
  options.space = PolynomialSpace::total(set.m, order);
  options.size = size;
  options.threads = threads;
  return compress(PointSet(set.points(), set.weights()), options, monitor);
}

bool same(const Compressed& a, const Compressed& b) {
  const auto bits = [](const auto& u, const auto& v) {
    return u.size() == v.size() && (u.empty() || std::memcmp(u.data(), v.data(), u.size() * sizeof(u[0])) == 0);
  };
  return bits(a.indices, b.indices) && bits(a.weights, b.weights) && bits(a.points, b.points);
}

void check_compressed(const Set& set, int order, std::size_t size, const Compressed& c, double bound) {
  const std::size_t count = c.indices.size();
  expect(count <= size, "count " + std::to_string(count) + " above size " + std::to_string(size));
  expect(c.weights.size() == count && c.points.size() == count * usize(set.m), "lengths");
  bool good = true, equal_rows = true, ascending = true;
  long double before = 0, after = 0;
  for (std::size_t i = 0; i < count; i++) {
    good = good && c.weights[i] > 0 && std::isfinite(c.weights[i]);
    good = good && (set.w.empty() || set.w[c.indices[i]] > 0);
    ascending = ascending && (i == 0 || c.indices[i - 1] < c.indices[i]);
    equal_rows = equal_rows && std::memcmp(&c.points[i * usize(set.m)], &set.x[c.indices[i] * usize(set.m)],
                                           usize(set.m) * sizeof(double)) == 0;
    after += c.weights[i];
  }
  for (std::size_t i = 0; i < set.count(); i++) before += set.w.empty() ? 1.0 : set.w[i];
  expect(good, "weights positive, on rows of positive weight");
  expect(ascending, "indices ascend");
  expect(equal_rows, "rows are bit-equal");
  expect(std::fabs(static_cast<double>((after - before) / before)) <= 16 * kEpsilon, "total weight");
  expect(c.residual <= bound, "residual " + std::to_string(c.residual / kEpsilon) + " eps");
  // The same through verify, which starts from the caller's arrays.
  Monitor monitor;
  const Set kept{c.points, c.weights, set.m};
  const Verification v = verify(PointSet(set.points(), set.weights()), PointSet(kept.points(), kept.weights()),
                                PolynomialSpace::total(set.m, order), 2, monitor);
  expect(v.residual <= bound, "verified residual " + std::to_string(v.residual / kEpsilon) + " eps");
}

void test_compress() {
  struct Kind {
    const char* name;
    Draw draw, weight;
    double bound;
  };
  const Kind kinds[] = {
      {"uniform", uniform, {}, 50},
      {"gauss", gauss, positive, 50},
      {"heavy tails", heavy, {}, 50},
      {"lattice", lattice, {}, 50},
      {"lattice, weights", lattice, decades, 50},
      {"offset 2^30", offset, positive, 50},
      {"units", units, {}, 50},
      {"circle", circle, {}, 50},
      {"line", line, positive, 50},
      {"all equal", equal, decades, 50},
      {"zero weights", gauss, some_zero, 50},
      {"16 decades", uniform, decades, 50},
  };
  for (const Kind& kind : kinds)
    for (const int m : {1, 2, 3, 5})
      for (const int k : {0, 1, 2, 3, 5}) {
        const auto N = static_cast<std::size_t>(moment_count(m, k));
        for (const std::size_t d : {std::size_t{1}, N - (N > 1), N, N + 1, 3 * N + 5, std::size_t{4000}}) {
          const Set set = make(m, d, kind.draw, kind.weight);
          for (const std::size_t size : {N, 3 * N + 1, std::size_t{700}}) {
            if (size < N || (!set.w.empty() && d < 2 && set.w[0] == 0)) continue;
            place = std::string(kind.name) + " m=" + std::to_string(m) + " k=" + std::to_string(k) +
                    " d=" + std::to_string(d) + " size=" + std::to_string(size);
            try {
              const Compressed one = run(set, k, size, 1);
              check_compressed(set, k, size, one, kind.bound * kEpsilon);
              if (d == 4000) expect(same(one, run(set, k, size, 3)), "same bits with three threads");
            } catch (const std::exception& error) {
              expect(false, error.what());
            }
          }
        }
      }
}

void test_rank() {
  place = "rank";
  const auto kept = [](const Set& set, int k) { return run(set, k, usize(moment_count(set.m, k)), 2).indices.size(); };
  expect(kept(make(2, 2000, circle), 3) <= 7, "circle, order 3: trigonometric polynomials, 2k+1");
  expect(kept(make(2, 2000, circle), 5) <= 11, "circle, order 5");
  expect(kept(make(3, 2000, line), 4) <= 5, "line: k+1");
  expect(kept(make(2, 2000, equal), 4) == 1, "all equal: one point");
  expect(kept(make(2, 3, equal), 4) == 1, "three equal points: one");
  expect(kept(make(1, 2000, lattice), 8) <= 5, "five distinct values");
}

void test_scaling() {
  place = "powers of two";
  const Set set = make(3, 5000, gauss, positive);
  const Compressed reference = run(set, 3, 400, 2);
  Set scaled = set;
  for (std::size_t i = 0; i < scaled.x.size(); i++)
    scaled.x[i] = std::ldexp(scaled.x[i], static_cast<int>(i % 3) * 40 - 30);
  for (double& w : scaled.w) w = std::ldexp(w, -17);
  const Compressed other = run(scaled, 3, 400, 2);
  expect(reference.indices == other.indices, "indices");
  bool exact = reference.weights.size() == other.weights.size();
  for (std::size_t i = 0; exact && i < other.weights.size(); i++)
    exact = other.weights[i] == std::ldexp(reference.weights[i], -17);
  expect(exact, "weights");
  place = "extreme units";
  for (const int exponent : {-1000, 1000}) {
    Set far = set;
    for (double& x : far.x) x = std::ldexp(x, exponent);
    const Compressed c = run(far, 3, 400, 1);
    expect(c.indices == reference.indices, "indices");
  }
}

// The expected error of a cell of these rows, mass x diameter^(k+1).
double expected_error(const Set& set, const PartitionOptions& options, const std::uint32_t* rows, std::size_t count) {
  double mass = 0, square = 0;
  for (std::size_t i = 0; i < count; i++) mass += set.w.empty() ? 1 : set.w[rows[i]];
  for (int a = 0; a < set.m; a++) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < count; i++) {
      low = std::min(low, set.x[rows[i] * usize(set.m) + usize(a)]);
      high = std::max(high, set.x[rows[i] * usize(set.m) + usize(a)]);
    }
    square += std::pow((high - low) * options.units[a], 2);
  }
  return mass * std::pow(square, 0.5 * (options.order + 1));
}

struct Cut {
  List<CellRange> cells;
  List<std::uint32_t> rows;
  double error = 0;  // root of the sum of the squared expected errors of the cells
};

// Cuts a set. Checks that the bound holds, and that every row is in exactly one cell, with its point and its weight.
Cut cut(const Set& set, const PartitionOptions& options) {
  Monitor monitor;
  PointSet points(set.points(), set.weights());
  const Partition partition(points, options, monitor);
  Cut result{partition.cells(), {partition.rows(), partition.rows() + set.count()}, 0};
  std::size_t cost = 0, covered = 0;
  const std::set<std::uint32_t> distinct(result.rows.begin(), result.rows.end());
  bool right = true;
  for (const CellRange& cell : partition.cells()) {
    cost += std::min(cell.size(), options.features);
    right = right && cell.begin == covered && cell.end > cell.begin;
    covered = cell.end;
    for (std::size_t i = cell.begin; i < cell.end; i++) {
      const std::uint32_t row = partition.rows()[i];
      for (int a = 0; a < set.m; a++) right = right && partition.column(a)[i] == set.x[row * usize(set.m) + usize(a)];
      right = right && (set.w.empty() ? partition.weights() == nullptr : partition.weights()[i] == set.w[row]);
    }
    if (cell.size() > options.features)
      result.error += std::pow(expected_error(set, options, partition.rows() + cell.begin, cell.size()), 2);
  }
  result.error = std::sqrt(result.error);
  expect(cost <= options.size, "the bound is kept: " + std::to_string(cost));
  expect(covered == set.count() && distinct.size() == set.count() && right, "every row is in one cell, whole");
  return result;
}

double tight(std::mt19937_64& r, std::size_t i, int a) { return i == 0 ? 1e9 : 1e-3 * gauss(r, i, a); }
double subnormal(std::mt19937_64& r, std::size_t i, int a) {
  if (i == 0) return 1;
  return a == 0 ? std::ldexp(static_cast<double>(r() % 1000), -1074) : std::ldexp(uniform(r, 0, 0), -100);
}

void test_partition() {
  struct Kind {
    const char* name;
    Draw draw;
    bool divisible;  // can be divided into as many cells as the size allows
  };
  const Kind kinds[] = {{"uniform", uniform, true},  {"heavy tails", heavy, true},
                        {"line", line, true},        {"lattice", lattice, false},
                        {"all equal", equal, false}, {"outlier", tight, true},
                        {"units", units, true},      {"subnormal numbers", subnormal, false}};
  for (const Kind& kind : kinds)
    for (const int m : {1, 2, 4})
      for (const std::size_t d : {std::size_t{5}, std::size_t{3000}, std::size_t{150000}})
        for (const bool weighted : {false, true}) {
          place = std::string("partition, ") + kind.name + ", m=" + std::to_string(m) + " d=" + std::to_string(d);
          const Set set = make(m, d, kind.draw, weighted ? Draw(positive) : Draw());
          const std::size_t N = 20, size = std::max<std::size_t>(N, d / 50);
          PartitionOptions options{List<double>(m, 1.0), 3, N, size, 1};
          const Cut one = cut(set, options);
          std::size_t cost = 0;
          for (const CellRange& cell : one.cells) cost += std::min(cell.size(), N);
          if (kind.divisible && d > 10 * N) expect(cost > size - size / 10 - N, "the bound is used");
          options.threads = 3;
          const Cut three = cut(set, options);
          const auto equal_cells = [](const CellRange& a, const CellRange& b) {
            return a.begin == b.begin && a.end == b.end;
          };
          expect(one.rows == three.rows, "the same rows with three threads");
          expect(std::equal(one.cells.begin(), one.cells.end(), three.cells.begin(), three.cells.end(), equal_cells),
                 "the same cells with three threads");
        }
}

// The square of the error of a balanced kd-tree: `cells` cells of equally many points.
double balanced_square(const Set& set, const PartitionOptions& options, std::uint32_t* rows, std::size_t count,
                       std::size_t cells) {
  if (cells < 2) return std::pow(expected_error(set, options, rows, count), 2);
  int axis = 0;
  double longest = -1;
  const auto at = [&](std::uint32_t row, int a) { return set.x[row * usize(set.m) + usize(a)]; };
  for (int a = 0; a < set.m; a++) {
    const auto [low, high] =
        std::minmax_element(rows, rows + count, [&](std::uint32_t r, std::uint32_t s) { return at(r, a) < at(s, a); });
    const double side = (at(*high, a) - at(*low, a)) * options.units[a];
    if (side > longest) longest = side, axis = a;
  }
  const std::size_t left = cells / 2, middle = count * left / cells;
  std::nth_element(rows, rows + middle, rows + count,
                   [&](std::uint32_t r, std::uint32_t s) { return at(r, axis) < at(s, axis); });
  return balanced_square(set, options, rows, middle, left) +
         balanced_square(set, options, rows + middle, count - middle, cells - left);
}

// Compares the cells with those of a balanced kd-tree by the error that they are chosen for.
void test_partition_error() {
  for (const int m : {1, 2, 3})
    for (const std::size_t d : {std::size_t{20000}, std::size_t{100000}}) {
      place = "error of the partition, m=" + std::to_string(m) + " d=" + std::to_string(d);
      const auto ratio = [&](const Draw& draw) {
        const Set set = make(m, d, draw);
        const PartitionOptions options{List<double>(m, 1.0), 3, 20, d / 10, 1};
        List<std::uint32_t> rows(d);
        std::iota(rows.begin(), rows.end(), 0u);
        return cut(set, options).error /
               std::sqrt(balanced_square(set, options, rows.data(), d, options.size / options.features));
      };
      expect(ratio(uniform) < 1.2, "even density");
      expect(ratio(heavy) < 0.1, "heavy tails");
    }
  place = "partition, a column left out";
  const Set set = make(3, 5000, gauss);
  Monitor monitor;
  PointSet points(set.points(), set.weights());
  const Partition partition(points, {{1, 0, 1}, 2, 10, 500, 1}, monitor);
  double narrowest = 1e9;
  for (const CellRange& cell : partition.cells()) {
    if (cell.size() < 50) continue;
    const auto [low, high] = std::minmax_element(partition.column(1) + cell.begin, partition.column(1) + cell.end);
    narrowest = std::min(narrowest, *high - *low);
  }
  expect(narrowest > 2, "cells go through the whole of it");
}

void test_moments() {
  place = "moments";
  const Set set = make(3, 3000, gauss, positive);
  Monitor monitor;
  const MultiIndices indices(3, 4);
  for (const Basis basis : {Basis::Monomial, Basis::Legendre}) {
    const List<double> got = moments(PointSet(set.points(), set.weights()), 4, basis, 2, monitor);
    double worst = 0;
    for (int e = 0; e < indices.count; e++) {
      long double sum = 0, magnitude = 0;
      for (std::size_t i = 0; i < set.count(); i++) {
        long double term = set.w[i];
        for (int a = 0; a < 3; a++) {
          const long double t = set.x[3 * i + usize(a)];
          const int degree = indices.row(e)[a];
          term *= basis == Basis::Legendre ? legendre(degree, t) : std::pow(t, degree);
        }
        sum += term;
        magnitude += std::fabs(term);
      }
      worst = std::max(worst, static_cast<double>(std::fabs(got[e] - sum) / magnitude));
    }
    expect(worst < 4 * kEpsilon, "against long double: " + std::to_string(worst / kEpsilon) + " eps");
  }
}

void test_recombine() {
  place = "recombine";
  for (const int width : {1, 5, 40, 200, 300, 700}) {
    std::mt19937_64 random(usize(width));
    const std::size_t n = 3000;
    List<double> features;
    for (std::size_t i = 0; i < n; i++)
      for (int e = 0; e < width; e++) features.push_back(e == 0 ? 1 : gauss(random, i, e));
    // The last column repeats the one before it: the rank is one less.
    if (width > 2)
      for (std::size_t i = 0; i < n; i++)
        features[i * usize(width) + usize(width) - 1] = 2 * features[i * usize(width) + usize(width) - 2];
    Monitor monitor;
    const Recombined r =
        recombine(FeatureMatrix({{features.data(), false, 1}, width, n, width}, {nullptr, false, 1}), 2, monitor);
    const int rank = width > 2 ? width - 1 : width;
    expect(r.rank == rank, "rank " + std::to_string(r.rank) + " of " + std::to_string(rank));
    expect(static_cast<int>(r.indices.size()) <= rank, "count");
    expect(r.residual <= 50 * kEpsilon, "residual " + std::to_string(r.residual / kEpsilon) + " eps");
  }
}

void test_errors() {
  place = "errors";
  const auto code = [](const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& e) {
      return static_cast<int>(e.code);
    }
    return -1;
  };
  Set set = make(2, 10, gauss, positive);
  set.x[7] = NAN;
  expect(code([&] { PointSet(set.points(), set.weights()); }) == static_cast<int>(Code::NotFinite), "NaN");
  set.x[7] = 0;
  set.w[3] = -1;
  expect(code([&] { PointSet(set.points(), set.weights()); }) == static_cast<int>(Code::Weight), "negative weight");
  for (double& w : set.w) w = 0;
  expect(code([&] { PointSet(set.points(), set.weights()); }) == static_cast<int>(Code::Weight), "all weights zero");

  class StopAtOnce : public Monitor {
    void report(Stage, std::size_t, std::size_t) noexcept override { cancel(); }
  } stop;
  const Set large = make(2, 100000, gauss);
  bool cancelled = false;
  try {
    CompressOptions options;
    options.space = PolynomialSpace::total(2, 3);
    options.size = 5000;
    compress(PointSet(large.points(), large.weights()), options, stop);
  } catch (const Cancelled&) {
    cancelled = true;
  }
  expect(cancelled, "cancel is noticed");
}

}  // namespace

// kernel-test [name...]: all tests, or those with these names.
int main(int argc, char** argv) {
  const std::pair<const char*, std::function<void()>> tests[] = {
      {"narrow", test_narrow},
      {"number rows", test_number_rows},
      {"dispatch", test_dispatch},
      {"cell", test_cell},
      {"indices", test_indices},
      {"free rules", test_free_rules},
      {"free", test_free},
      {"partition", test_partition},
      {"partition-error", test_partition_error},
      {"moments", test_moments},
      {"products", [] { test_products(expect); }},
      {"recombine", test_recombine},
      {"rank", test_rank},
      {"scaling", test_scaling},
      {"errors", test_errors},
      {"compress", test_compress},
      {"blas", test_blas},
      {"least-squares", test_least_squares},
      {"match-moments", test_match_moments},
      {"train", test_train},
      {"stream", test_stream},
      {"threads", test_threads},
      {"dirty-memory", test_dirty_memory},
  };
  const std::set<std::string> wanted(argv + 1, argv + argc);
  for (const std::string& name : wanted)
    if (std::none_of(std::begin(tests), std::end(tests), [&](const auto& test) { return name == test.first; })) {
      std::printf("there is no test '%s'\n", name.c_str());
      return 2;
    }
  try {
    initialise();
  } catch (const Error& e) {
    std::printf("%s\n", e.what());
    return 77;  // tells CTest to skip: the processor lacks the level
  }
  std::printf("instruction set %s, Eigen %s, BLAS %s\n", info().instruction_set.c_str(), info().eigen.c_str(),
              info().blas.c_str());
  for (const auto& [name, test] : tests) {
    if (!wanted.empty() && wanted.count(name) == 0) continue;
    const std::clock_t start = std::clock();
    place = name;
    test();
    std::printf("%-16s %6.1f s of processor time\n", name, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
