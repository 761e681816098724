// The code for one cell alone: that of every (m, k) that has its own, and that for any (m, k). Checks the count, the
// rows and the weights, and the moments by another path, in long double. The points fill their box evenly, or they are
// degenerate, concentrated or of very uneven weights.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <set>
#include <string>

#include "base/array.hpp"
#include "base/list.hpp"
#include "expect.hpp"
#include "polynomial/space.hpp"
#include "simd/kernels.hpp"

using namespace fewpoints;

namespace {

constexpr double kAccepted = 1.5e-14;

// Points of one cell, one array per column. Nothing comes after them, so that sanitizers notice a kernel that reads too
// far.
struct PointColumns {
  PointColumns() = default;
  PointColumns(int m, std::size_t n) : columns(static_cast<std::size_t>(m)) {
    std::mt19937_64 random(static_cast<std::uint64_t>(m) * 1000 + n);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (auto& column : columns) {
      for (std::size_t i = 0; i < n; i++) column.push_back(3 + uniform(random));
      x.push_back(column.data());
    }
    for (std::size_t i = 0; i < n; i++) weights.push_back(1 + 0.5 * uniform(random));
  }
  List<List<double>> columns;
  List<const double*> x;
  List<double> weights;
};

// The tables of all polynomials of m columns up to degree k.
struct Tables {
  Tables(int m, int k) : indices(m, k), norm(static_cast<std::size_t>(indices.count), 1.0) {
    for (int e = 0; e < indices.count; e++)
      for (int a = 0; a < m; a++) norm[static_cast<std::size_t>(e)] *= std::sqrt(2.0 * indices.row(e)[a] + 1);
    shape.dimension = m;
    shape.order = k;
    shape.count = indices.count;
    shape.samples = (3 * indices.count + 7) / 8 * 8;
    shape.parent = indices.parent.data();
    shape.axis = indices.axis.data();
    shape.degree = indices.degree.data();
    shape.norm = norm.data();
    shape.pivot_share = 1;
    shape.instance = -1;
    shape.mixable = true;
    shape.accepted = kAccepted;
  }
  MultiIndices indices;
  List<double> norm;
  CellShape shape{};
};

// Orthonormal products of Legendre polynomials on the box of the points: n rows of N. A constant column is 0.
List<List<long double>> terms_of(const PointColumns& points, const MultiIndices& indices, const List<double>& norm) {
  const std::size_t m = points.columns.size(), n = points.weights.size(), N = norm.size();
  List<List<long double>> terms(n, List<long double>(N));
  for (std::size_t e = 0; e < N; e++)
    for (std::size_t i = 0; i < n; i++) terms[i][e] = norm[e];
  for (std::size_t a = 0; a < m; a++) {
    const auto [low, high] = std::minmax_element(points.columns[a].begin(), points.columns[a].end());
    const long double width = 0.0L + *high - *low;
    for (std::size_t i = 0; i < n; i++) {
      const long double t = width > 0 ? (2.0L * points.columns[a][i] - *low - *high) / width : 0;
      for (std::size_t e = 0; e < N; e++) terms[i][e] *= legendre(indices.row(static_cast<int>(e))[a], t);
    }
  }
  return terms;
}

void check_even(int m, int k, const MultiIndices& indices, const CellShape& shape, std::size_t n, bool weighted) {
  const auto N = static_cast<std::size_t>(shape.count);
  place = "cell m=" + std::to_string(m) + " k=" + std::to_string(k) + " n=" + std::to_string(n) +
          (weighted ? " weights" : "") + (shape.instance < 0 ? " any" : "");
  const PointColumns set(m, n);
  Array<double> workspace(simd().cell_workspace(shape, n));
  List<std::uint32_t> chosen(N);
  List<double> weights(N);
  const CellPoints points{set.x.data(), weighted ? set.weights.data() : nullptr, n, {}};
  const CellResult result = simd().cell(shape, points, workspace.data(), chosen.data(), weights.data());
  expect(result.count > 0 && result.count <= shape.count, "count " + std::to_string(result.count));
  if (result.count <= 0) return;
  chosen.resize(static_cast<std::size_t>(result.count));
  weights.resize(chosen.size());
  expect(std::set<std::uint32_t>(chosen.begin(), chosen.end()).size() == chosen.size() &&
             *std::max_element(chosen.begin(), chosen.end()) < n,
         "each row once");
  expect(*std::min_element(weights.begin(), weights.end()) > 0, "weights are positive");
  const List<double> norm(shape.norm, shape.norm + N);
  const auto terms = terms_of(set, indices, norm);
  long double worst = 0;
  for (std::size_t e = 0; e < N; e++) {
    long double s = 0;
    for (std::size_t i = 0; i < chosen.size(); i++) s += weights[i] * terms[chosen[i]][e];
    for (std::size_t i = 0; i < n; i++) s -= (weighted ? set.weights[i] : 1) * terms[i][e];
    worst = std::max(worst, std::fabs(s) / static_cast<long double>(n));
  }
  expect(worst <= 1e-13L, "moments are kept to " + std::to_string(static_cast<double>(worst * 1e13L)) + "e-13");
  expect(result.residual <= 1e-14, "residual " + std::to_string(result.residual * 1e15) + "e-15");
}

// ---- points that do not fill their box

struct Kind {
  const char* name;
  // Column a of row i of n. `shared` is a number of the row, uniform on [-1, 1].
  std::function<double(int a, std::size_t i, std::size_t n, double shared, std::mt19937_64& random)> value;
  // The rank of the polynomials up to degree k on these points, when they are many; 0: all N.
  std::function<int(int m, int k)> rank;
  int certain = 1000;  // cells of fewer features must be answered
  double share = 0.9;  // the least share of all cells that must be answered
};

int binomial(int n, int k) {
  int b = 1;
  for (int i = 1; i <= k; i++) b = b * (n - k + i) / i;
  return b;
}

double uniform(std::mt19937_64& random) { return std::uniform_real_distribution<double>(-1, 1)(random); }
double normal(std::mt19937_64& random) { return std::normal_distribution<double>()(random); }

const Kind kKinds[] = {
    {"a constant column",
     [](int a, std::size_t, std::size_t, double, std::mt19937_64& random) { return a == 0 ? 5 : uniform(random); },
     [](int m, int k) { return binomial(m - 1 + k, k); }},
    // The polynomials are those of the other columns up to degree k, and 0/1 times those up to k - 1. The evenly spread
    // candidates may miss the three rows.
    {"a rare second value",
     [](int a, std::size_t i, std::size_t n, double, std::mt19937_64& random) {
       const bool rare = i == n / 3 + 1 || i == n / 2 + 3 || i == n - 2;
       return a == 0 ? (rare ? 1 : 0) : uniform(random);
     },
     [](int m, int k) { return binomial(m - 1 + k, k) + std::min(3, binomial(m - 1 + k - 1, k - 1)); }, 0},
    {"a line",
     [](int a, std::size_t, std::size_t, double shared, std::mt19937_64&) { return a + 1 + (a - 0.4) * shared; },
     [](int, int k) { return k + 1; }},
    {"a parabola",
     [](int a, std::size_t, std::size_t, double shared, std::mt19937_64&) { return a % 2 ? shared * shared : shared; },
     [](int m, int k) { return m == 1 ? k + 1 : 2 * k + 1; }, 20},
    {"all equal but one",
     [](int a, std::size_t i, std::size_t n, double, std::mt19937_64&) { return i == n / 2 ? a + 2.5 : 1.5; },
     [](int, int) { return 2; }},
    {"nearly collinear",
     [](int, std::size_t, std::size_t, double shared, std::mt19937_64& random) {
       return shared + 1e-6 * uniform(random);
     },
     {},
     0},
    {"integers",
     [](int, std::size_t, std::size_t, double, std::mt19937_64& random) { return static_cast<double>(random() % 7); },
     [](int m, int k) {  // powers below 7 in each column
       const MultiIndices all(m, k);
       int rank = 0;
       for (int e = 0; e < all.count; e++) {
         const auto powers = all.row(e);
         rank += *std::max_element(powers.begin(), powers.end()) < 7;
       }
       return rank;
     },
     20},
    {"normal", [](int, std::size_t, std::size_t, double, std::mt19937_64& random) { return normal(random); }, {}},
    {"Cauchy",
     [](int, std::size_t, std::size_t, double, std::mt19937_64& random) { return normal(random) / normal(random); },
     {},
     0,
     0.7},
};

PointColumns points_of(const Kind& kind, int m, std::size_t n, bool weighted) {
  PointColumns points;
  points.columns.resize(static_cast<std::size_t>(m));
  std::mt19937_64 random(n * 100 + static_cast<std::uint64_t>(m));
  for (std::size_t i = 0; i < n; i++) {
    const double shared = uniform(random);
    for (int a = 0; a < m; a++)
      points.columns[static_cast<std::size_t>(a)].push_back(kind.value(a, i, n, shared, random));
    // Weights of two standard deviations to either side are ten decades apart.
    points.weights.push_back(weighted ? std::exp(5.75 * normal(random)) : 1);
  }
  for (const auto& column : points.columns) points.x.push_back(column.data());
  return points;
}

// The largest error of a moment: relative to the sum of w |phi|, and relative to that and at least the mass.
struct MomentError {
  double strict = 0, lenient = 0;
};
MomentError error_of(const PointColumns& points, const Tables& tables, const List<std::uint32_t>& rows,
                     const List<double>& weights) {
  const auto terms = terms_of(points, tables.indices, tables.norm);
  MomentError worst;
  long double mass = 0;
  for (const double w : points.weights) mass += w;
  for (std::size_t e = 0; e < tables.norm.size(); e++) {
    long double sum = 0, size = 0;
    for (std::size_t i = 0; i < points.weights.size(); i++) {
      sum -= points.weights[i] * terms[i][e];
      size += points.weights[i] * std::fabs(terms[i][e]);
    }
    for (std::size_t i = 0; i < rows.size(); i++) sum += weights[i] * terms[rows[i]][e];
    if (sum == 0) continue;
    worst.strict = std::max(worst.strict, static_cast<double>(std::fabs(sum) / size));
    worst.lenient = std::max(worst.lenient, static_cast<double>(std::fabs(sum) / std::max(size, mass)));
  }
  return worst;
}

std::string shown(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2e", x);
  return text;
}

// Returns whether the cell was answered.
bool check_uneven(const Kind& kind, const Tables& tables, std::size_t n, bool weighted) {
  const CellShape& shape = tables.shape;
  place = "cell m=" + std::to_string(shape.dimension) + " k=" + std::to_string(shape.order) +
          " n=" + std::to_string(n) + ", " + kind.name + (weighted ? ", weights" : "") +
          (shape.instance < 0 ? ", any" : "");
  const PointColumns set = points_of(kind, shape.dimension, n, weighted);
  Array<double> workspace(simd().cell_workspace(shape, n));
  List<std::uint32_t> rows(static_cast<std::size_t>(shape.count));
  List<double> weights(rows.size());
  const CellPoints points{set.x.data(), weighted ? set.weights.data() : nullptr, n, {}};
  const CellResult result = simd().cell(shape, points, workspace.data(), rows.data(), weights.data());
  expect(result.count != 0 && result.count <= static_cast<int>(std::min<std::size_t>(n, rows.size())),
         "count " + std::to_string(result.count));
  const bool answered = result.count > 0 && result.residual <= kAccepted;
  // Other cells may be left to the general path. A hundred features over many decades of weights can cost more digits
  // than double has. So can features of which many depend on each other.
  const bool certain = shape.count < (weighted ? std::min(kind.certain, 100) : kind.certain);
  if (certain) expect(answered, "is answered: " + std::to_string(result.count) + ", " + shown(result.residual));
  if (result.count <= 0) return false;
  rows.resize(std::min(static_cast<std::size_t>(result.count), rows.size()));
  weights.resize(rows.size());
  const std::set<std::uint32_t> distinct(rows.begin(), rows.end());
  expect(distinct.size() == rows.size() && *distinct.rbegin() < n, "each row once");
  if (*distinct.rbegin() >= n) return false;
  expect(*std::min_element(weights.begin(), weights.end()) > 0, "weights are positive");
  const MomentError error = error_of(set, tables, rows, weights);
  // A large residual says that the answer is wrong, not by how much.
  if (result.residual <= 1e-6)
    expect(error.lenient <= 1000 * result.residual + 1e-14,
           "the residual is that of the answer: " + shown(result.residual) + ", and the error of the moments is " +
               shown(error.lenient));
  if (!answered) return false;
  expect(error.strict <= (certain ? 1e-12 : 1e-10), "moments are kept to " + shown(error.strict));
  if (kind.rank && shape.count < 100)
    expect(result.count <= kind.rank(shape.dimension, shape.order),
           "count " + std::to_string(result.count) + ", and the rank is " +
               std::to_string(kind.rank(shape.dimension, shape.order)));
  return true;
}

void test_uneven() {
  // Orders with code of their own, and others. From a hundred features on, cells are walked with the inverse.
  constexpr int kShapes[][2] = {{1, 3}, {1, 9}, {2, 1}, {2, 3}, {2, 6},  {3, 2},
                                {3, 4}, {4, 3}, {5, 2}, {6, 2}, {2, 13}, {3, 7}};
  for (const Kind& kind : kKinds) {
    int cells = 0, answered = 0;
    for (const auto& [m, k] : kShapes) {
      Tables tables(m, k);
      const auto N = static_cast<std::size_t>(tables.shape.count);
      const int own = simd().cell_instance(m, k);
      for (const int instance : {own, -1}) {
        tables.shape.instance = instance;
        for (const bool weighted : {false, true})
          for (const std::size_t n : {N + 1, 2 * N + 3, 5 * N, 12 * N}) {
            cells++;
            answered += check_uneven(kind, tables, n, weighted);
          }
        if (own < 0) break;
      }
    }
    place = std::string("cells, ") + kind.name;
    expect(answered >= kind.share * cells, std::to_string(answered) + " of " + std::to_string(cells) + " are answered");
  }
}

}  // namespace

void test_cell() {
  std::set<int> seen;
  for (int m = 1; m <= 6; m++)
    for (int k = 1; k <= 12; k++) {
      const int own = simd().cell_instance(m, k);
      if (own < 0 && (k > 3 || m < 5))
        continue;  // the code for any (m, k) is also tested where a pair has code of its own
      if (own >= 0) seen.insert(own);
      Tables tables(m, k);
      CellShape& shape = tables.shape;
      const auto N = static_cast<std::size_t>(shape.count);
      for (const int instance : {own, -1}) {
        shape.instance = instance;
        for (const bool weighted : {false, true})
          for (const std::size_t n : {N + 1, 3 * N + 1, 10 * N + 3})
            check_even(m, k, tables.indices, shape, n, weighted);
        if (own < 0) break;
      }
    }
  test_uneven();
  place = "cell";
  for (int i = 0; i < static_cast<int>(seen.size()); i++) expect(seen.count(i) == 1, "every code was run");
  expect(simd().cell_instance(2, 3) >= 0 && seen.size() >= 32, "as many as there are: " + std::to_string(seen.size()));
}
