// Properties of non-negative least squares and of matching moments, without Node.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "base/list.hpp"
#include "expect.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"

using namespace fewpoints;

namespace {

constexpr double kDual = 0x1p-44;  // see nnls()

// Optimality: no column has a positive reduced cost, and none with x > 0 has a negative one.
void expect_solved(const List<double>& A, const List<double>& b, std::size_t rows, std::size_t columns,
                   const std::string& what) {
  Monitor monitor;
  LeastSquares problem(columns);
  problem.set_matrix({{A.data(), false, 1}, static_cast<std::ptrdiff_t>(columns), rows, static_cast<int>(columns)},
                     {b.data(), false, 1});
  const LeastSquaresResult result = nnls(std::move(problem), 1, monitor);
  List<double> r(b), norm(columns, 0.0);
  double size = 0;
  for (std::size_t i = 0; i < rows; i++) {
    for (std::size_t j = 0; j < columns; j++) {
      r[i] -= A[i * columns + j] * result.x[j];
      norm[j] = std::hypot(norm[j], A[i * columns + j]);
    }
    size = std::hypot(size, b[i]);
  }
  for (std::size_t j = 0; j < columns; j++) size += norm[j] * result.x[j];
  double worst = 0;
  bool negative = false;
  for (std::size_t j = 0; j < columns; j++) {
    double reduced_cost = 0;
    for (std::size_t i = 0; i < rows; i++) reduced_cost += A[i * columns + j] * r[i];
    reduced_cost = norm[j] > 0 ? reduced_cost / norm[j] : 0;
    worst = std::max(worst, result.x[j] > 0 ? std::fabs(reduced_cost) : reduced_cost);
    negative = negative || !(result.x[j] >= 0);
  }
  expect(!negative, what + ": x >= 0");
  expect(worst <= kDual * size, what + ": optimal");
}

List<double> solved(const List<double>& A, const List<double>& b, std::size_t rows, std::size_t columns,
                    bool sum_is_one) {
  Monitor monitor;
  LeastSquares problem(columns);
  const auto stride = static_cast<std::ptrdiff_t>(columns);
  problem.set_matrix({{A.data(), false, 1}, stride, rows, static_cast<int>(columns)}, {b.data(), false, 1});
  const List<double> ones(columns, 1.0), one(1, 1.0);
  if (sum_is_one)
    problem.set_equality({{ones.data(), false, 1}, stride, 1, static_cast<int>(columns)}, {one.data(), false, 1});
  return nnls(std::move(problem), 1, monitor).x;
}

// A matrix of more than 2^20 numbers is reduced to a triangle first; one of exactly 2^20 is not. Tests both, with
// several blocks of rows of which the last is not full.
void test_tall() {
  place = "tall least squares";
  std::mt19937_64 random(5);
  std::normal_distribution<double> gauss;
  constexpr std::size_t columns = 16, limit = (std::size_t{1} << 20) / columns;
  for (const std::size_t rows : {limit, limit + 1, limit + 300})
    for (int kind = 0; kind < 3; kind++) {
      const std::string what = std::to_string(rows) + " rows, kind " + std::to_string(kind);
      List<double> A(rows * columns), b(rows), known(columns);
      for (double& a : A) a = gauss(random);
      for (std::size_t j = 0; j < columns; j++) known[j] = j % 3 == 0 ? 0 : 1 + static_cast<double>(j);
      if (kind == 2)  // every second column is the one before it
        for (std::size_t i = 0; i < rows; i++)
          for (std::size_t j = 1; j < columns; j += 2) A[i * columns + j] = A[i * columns + j - 1];
      for (std::size_t i = 0; i < rows; i++) {
        b[i] = kind == 1 ? gauss(random) : 0;
        for (std::size_t j = 0; j < columns && kind != 1; j++) b[i] += A[i * columns + j] * known[j];
      }
      expect_solved(A, b, rows, columns, what);
      const List<double> x = solved(A, b, rows, columns, false);
      double worst = 0;
      for (std::size_t j = 0; j < columns; j++) {
        if (kind == 0) worst = std::max(worst, std::fabs(x[j] - known[j]));
        if (kind == 2 && j % 2 == 1) worst = std::max(worst, std::fabs(x[j] + x[j - 1] - known[j] - known[j - 1]));
      }
      expect(worst <= 1e-12, what + ": the known answer");
    }
  // With sum x = 1. The answer is known, because b = A x for such an x.
  const std::size_t rows = limit + 1;
  List<double> A(rows * columns), b(rows, 0.0);
  for (double& a : A) a = gauss(random);
  for (std::size_t i = 0; i < rows; i++)
    for (std::size_t j = 0; j < 4; j++) b[i] += A[i * columns + j] / 4;
  const List<double> x = solved(A, b, rows, columns, true);
  double worst = 0;
  for (std::size_t j = 0; j < columns; j++) worst = std::max(worst, std::fabs(x[j] - (j < 4 ? 0.25 : 0)));
  expect(worst <= 1e-13, "with an equality");
}

}  // namespace

void test_least_squares() {
  test_tall();
  place = "least squares";
  std::mt19937_64 random(3);
  std::normal_distribution<double> gauss;
  for (const auto& [rows, columns] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {3, 9}, {21, 210}, {60, 20}, {50, 700}})
    for (int kind = 0; kind < 4; kind++) {
      List<double> A(rows * columns), b(rows);
      for (double& a : A) a = kind == 1 ? std::round(gauss(random)) : gauss(random);
      for (double& v : b) v = gauss(random);
      if (kind == 2)  // every column twice
        for (std::size_t i = 0; i < rows; i++)
          for (std::size_t j = 1; j < columns; j += 2) A[i * columns + j] = A[i * columns + j - 1];
      if (kind == 3)  // a solution exists
        for (std::size_t i = 0; i < rows; i++) {
          b[i] = 0;
          for (std::size_t j = 0; j < columns; j++) b[i] += A[i * columns + j] * (j % 3 == 0 ? 1 : 0);
        }
      expect_solved(A, b, rows, columns,
                    std::to_string(rows) + " x " + std::to_string(columns) + " kind " + std::to_string(kind));
    }
}

void test_match_moments() {
  place = "match moments";
  Monitor monitor;
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const int m = 2, order = 4;
  const std::size_t n = 3000;
  List<double> x(n * m), w(n);
  for (double& v : x) v = uniform(random);
  for (std::size_t i = 0; i < n; i++) w[i] = x[i * m] > 0.2 ? 1 : 0.01;
  const PointsView view{{x.data(), false, 1}, m, n, m};
  for (const Basis basis : {Basis::Monomial, Basis::Legendre}) {
    const PointSet weighted(view, {w.data(), false, 1}), plain(view, {nullptr, false, 1});
    const List<double> target = moments(weighted, order, basis, 1, monitor);
    const Matched one = match_moments(plain, n, target, order, basis, 1, monitor);
    const Matched two = match_moments(plain, n, target, order, basis, 2, monitor);
    expect(one.residual <= 0x1p-50, "residual");
    expect(one.weights == two.weights, "the same bits for any number of threads");
    expect(*std::min_element(one.weights.begin(), one.weights.end()) >= 0, "weights >= 0");
    List<double> impossible(target);
    impossible[3] = -1;  // a sum of squares
    bool refused = false;
    try {
      match_moments(plain, n, impossible, order, basis, 1, monitor);
    } catch (const Error& e) {
      refused = e.code == Code::Infeasible;
    }
    expect(refused, "a negative sum of squares is refused");
  }
}
