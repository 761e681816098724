// The rules of free nodes: what they are exact for, where their nodes lie, and how well a cell can start from them.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include "base/list.hpp"
#include "base/narrow.hpp"
#include "expect.hpp"
#include "free_support/rules.hpp"

using namespace fewpoints;

namespace {

using Degrees = List<int>;

// Calls `visit` with the degrees of every monomial of total degree `from` to `to`.
void for_monomials(int dimension, int from, int to, const std::function<void(const Degrees&)>& visit) {
  Degrees degrees(usize(dimension), 0);
  const std::function<void(int, int)> choose = [&](int column, int left) {
    if (column == dimension) {
      if (to - left >= from) visit(degrees);
      return;
    }
    for (int degree = 0; degree <= left; degree++) {
      degrees[column] = degree;
      choose(column + 1, left - degree);
    }
    degrees[column] = 0;
  };
  choose(0, to);
}

// The rule's sum of a monomial, less its mean over the cube.
double error_of(const FreeRule& rule, const Degrees& degrees) {
  long double sum = 0, mean = 1;
  for (int j = 0; j < rule.count; j++) {
    long double term = rule.weights[j];
    for (int a = 0; a < rule.dimension; a++)
      for (int power = 0; power < degrees[a]; power++) term *= rule.points[j * rule.dimension + a];
    sum += term;
  }
  for (const int degree : degrees) mean *= degree % 2 == 0 ? 1.0L / (degree + 1) : 0.0L;
  return static_cast<double>(sum - mean);
}

// The mean squared relative step of a node on a cell of ten points per node: trace((A A')^-1) / (10 n^2), with A the
// derivatives of the orthonormal moments by relative changes of the weights and of the nodes' room within the cube.
double conditioning(const FreeRule& rule) {
  const int m = rule.dimension, n = rule.count, columns = n * (m + 1);
  List<List<long double>> A;
  for_monomials(m, 0, rule.order, [&](const Degrees& degrees) {
    List<long double> row(usize(columns), 0.0L);
    for (int j = 0; j < n; j++) {
      const double* const x = rule.points + j * m;
      const auto value = [&](int a) { return legendre(degrees[a], x[a]) * std::sqrt(2.0L * degrees[a] + 1); };
      const auto slope = [&](int a) {  // (1 - x^2) P_k' = k (P_(k-1) - x P_k)
        const int k = degrees[a];
        return k == 0 ? 0.0L : k * (legendre(k - 1, x[a]) - x[a] * legendre(k, x[a])) * std::sqrt(2.0L * k + 1);
      };
      for (int along = -1; along < m; along++) {  // -1: the weight
        long double product = rule.weights[j];
        for (int a = 0; a < m; a++) product *= a == along ? slope(a) : value(a);
        row[along < 0 ? j : n + j * m + along] = product;
      }
    }
    A.push_back(row);
  });
  const std::size_t N = A.size();
  List<List<long double>> L(N, List<long double>(N, 0.0L));
  for (std::size_t i = 0; i < N; i++)
    for (std::size_t j = 0; j <= i; j++) {
      long double rest = std::inner_product(A[i].begin(), A[i].end(), A[j].begin(), 0.0L);
      for (std::size_t k = 0; k < j; k++) rest -= L[i][k] * L[j][k];
      L[i][j] = i == j ? std::sqrt(std::max(rest, 1e-30L)) : rest / L[j][j];
    }
  long double trace = 0;
  for (std::size_t c = 0; c < N; c++) {
    List<long double> y(N, 0.0L);
    for (std::size_t i = c; i < N; i++) {
      long double rest = i == c ? 1 : 0;
      for (std::size_t k = c; k < i; k++) rest -= L[i][k] * y[k];
      y[i] = rest / L[i][i];
      trace += y[i] * y[i];
    }
  }
  return static_cast<double>(trace / (10.0L * n * n));
}

bool has_invariants(const FreeRule& rule) {
  if (rule.order % 2 == 0) return false;
  return rule.dimension <= 3 || (rule.dimension == 4 && rule.order == 5) || (rule.dimension == 5 && rule.order == 3);
}

void test_rule(const FreeRule& rule) {
  constexpr double kSum = 0x1p-50;        // the nodes are rounded to doubles, and there are up to 80
  constexpr double kSteepestStart = 0.3;  // see generate/list.mjs
  const int m = rule.dimension;
  const std::string name = "order " + std::to_string(rule.order) + " in " + std::to_string(m) + " columns";
  const double* const points_end = rule.points + rule.count * m;
  expect(std::all_of(rule.points, points_end, [](double x) { return std::fabs(x) < 1; }), name + ": in the cube");
  expect(std::all_of(rule.weights, rule.weights + rule.count, [&](double w) { return w > 0.1 / rule.count; }),
         name + ": no weight is small");
  double worst = 0, next = 0;
  for_monomials(m, 0, rule.order,
                [&](const Degrees& degrees) { worst = std::max(worst, std::fabs(error_of(rule, degrees))); });
  expect(worst <= kSum, name + ": exact, " + std::to_string(worst / 0x1p-52) + " eps");

  std::map<Degrees, double> invariants;
  for_monomials(m, rule.order + 1, rule.order + 1, [&](const Degrees& degrees) {
    const double error = error_of(rule, degrees);
    next = std::max(next, std::fabs(error));
    if (std::any_of(degrees.begin(), degrees.end(), [](int degree) { return degree % 2 == 1; })) return;
    Degrees sorted = degrees;
    std::sort(sorted.begin(), sorted.end());
    invariants[sorted] += error;
  });
  expect(next > 1e-9, name + ": not of a higher order");
  if (has_invariants(rule))
    expect(std::all_of(invariants.begin(), invariants.end(),
                       [&](const auto& sum) { return std::fabs(sum.second) <= 10 * kSum; }),
           name + ": exact for what turning does not change");
  const double steps = conditioning(rule);
  expect(steps <= kSteepestStart, name + ": well conditioned, " + std::to_string(steps));
}

}  // namespace

void test_free_rules() {
  const std::map<int, int> highest = {{2, 20}, {3, 10}, {4, 7}, {5, 5}, {6, 4}, {7, 3}, {8, 3}};
  for (const auto& [dimension, order] : highest) {
    for (const int low : {0, 1}) expect(free_rule(dimension, low) == nullptr, "orders 0 and 1 have no rule");
    expect(free_rule(dimension, order + 1) == nullptr, "no rule beyond the highest order");
    for (int k = 2; k <= order; k++) {
      const FreeRule* const rule = free_rule(dimension, k);
      expect(rule != nullptr && rule->dimension == dimension && rule->order == k, "a rule for every order");
      if (rule != nullptr) test_rule(*rule);
    }
  }
  for (const int dimension : {0, 1, 9}) expect(free_rule(dimension, 2) == nullptr, "no rule for other dimensions");
}
