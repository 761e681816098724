// The code for one cell alone: that of every (m, k) that has its own, and that for any (m, k). Checks the count, the
// rows and the weights, and the moments by another path, in long double.
#include <algorithm>
#include <cmath>
#include <cstdint>
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

// Points of one cell, one array per column. Nothing comes after them, so that sanitizers notice a kernel that reads too
// far.
struct PointColumns {
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

// Orthonormal products of Legendre polynomials on the box of the points: n rows of N.
List<List<long double>> terms_of(const PointColumns& points, const MultiIndices& indices, const List<double>& norm) {
  const std::size_t m = points.columns.size(), n = points.weights.size(), N = norm.size();
  List<List<long double>> terms(n, List<long double>(N));
  for (std::size_t e = 0; e < N; e++)
    for (std::size_t i = 0; i < n; i++) terms[i][e] = norm[e];
  for (std::size_t a = 0; a < m; a++) {
    const auto [low, high] = std::minmax_element(points.columns[a].begin(), points.columns[a].end());
    for (std::size_t i = 0; i < n; i++) {
      const long double t = (2.0L * points.columns[a][i] - *low - *high) / (0.0L + *high - *low);
      for (std::size_t e = 0; e < N; e++) terms[i][e] *= legendre(indices.row(static_cast<int>(e))[a], t);
    }
  }
  return terms;
}

void check(int m, int k, const MultiIndices& indices, const CellShape& shape, std::size_t n, bool weighted) {
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

}  // namespace

void test_cell() {
  std::set<int> seen;
  for (int m = 1; m <= 6; m++)
    for (int k = 1; k <= 12; k++) {
      const int own = simd().cell_instance(m, k);
      if (own < 0 && (k > 3 || m < 5))
        continue;  // the code for any (m, k) is also tested where a pair has code of its own
      if (own >= 0) seen.insert(own);
      const MultiIndices indices(m, k);
      const auto N = static_cast<std::size_t>(indices.count);
      List<double> norm(N, 1.0);
      for (std::size_t e = 0; e < N; e++)
        for (int a = 0; a < m; a++) norm[e] *= std::sqrt(2.0 * indices.row(static_cast<int>(e))[a] + 1);
      CellShape shape{};
      shape.dimension = m;
      shape.order = k;
      shape.count = indices.count;
      shape.samples = (3 * indices.count + 7) / 8 * 8;
      shape.parent = indices.parent.data();
      shape.axis = indices.axis.data();
      shape.degree = indices.degree.data();
      shape.norm = norm.data();
      shape.pivot_share = 1;
      for (const int instance : {own, -1}) {
        shape.instance = instance;
        for (const bool weighted : {false, true})
          for (const std::size_t n : {N + 1, 3 * N + 1, 10 * N + 3}) check(m, k, indices, shape, n, weighted);
        if (own < 0) break;
      }
    }
  place = "cell";
  for (int i = 0; i < static_cast<int>(seen.size()); i++) expect(seen.count(i) == 1, "every code was run");
  expect(simd().cell_instance(2, 3) >= 0 && seen.size() >= 32, "as many as there are: " + std::to_string(seen.size()));
}
