// Arrays are not initialised (base/array.hpp). Whatever their memory held before, the results have the same bits.
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include "base/array.hpp"
#include "base/list.hpp"
#include "compression/compress.hpp"
#include "compression/verify.hpp"
#include "expect.hpp"
#include "free_support/free_solver.hpp"
#include "matching/match_moments.hpp"
#include "nnls/nnls.hpp"
#include "polynomial/moments.hpp"
#include "recombination/recombine.hpp"
#include "training/trainer.hpp"

using namespace fewpoints;

namespace {

using Random = std::mt19937_64;

double normal(Random& random) { return std::normal_distribution<double>()(random); }
double heavy(Random& random) { return normal(random) / (0.05 + std::fabs(normal(random))); }
double coin(Random& random) { return static_cast<double>(random() % 2); }
double decades(Random& random) { return std::pow(10, 3 * normal(random)); }

List<double> numbers(std::size_t count, Random& random, double (*draw)(Random&)) {
  List<double> x(count);
  for (double& one : x) one = draw(random);
  return x;
}

PointsView rows_of(const List<double>& values, std::size_t columns) {
  return {{values.data(), false, 1},
          static_cast<std::ptrdiff_t>(columns),
          values.size() / columns,
          static_cast<int>(columns)};
}

// The numbers after each other, as the bits that they are.
template <class... Lists>
List<double> all(const Lists&... lists) {
  List<double> together;
  (together.insert(together.end(), lists.begin(), lists.end()), ...);
  return together;
}

// 0xff: every number is NaN; 0x7f: each is 1e306.
void expect_same(const std::string& what, const std::function<List<double>()>& result) {
  dirt = 0;
  const List<double> clean = result();
  for (const int byte : {0xff, 0x7f}) {
    dirt = byte;
    const List<double> now = result();
    expect(now.size() == clean.size() && std::memcmp(now.data(), clean.data(), now.size() * sizeof(double)) == 0,
           what + ": the same bits where memory held " + std::to_string(byte));
  }
  dirt = -1;
}

void test_compress(std::size_t dimension, int order) {
  Random random(dimension * 100 + usize(order));
  constexpr std::size_t kRows = 1300;
  List<double> points;
  for (std::size_t i = 0; i < kRows; i++)
    for (std::size_t a = 0; a < dimension; a++) points.push_back(a == 0 ? heavy(random) : normal(random));
  List<double> with_coin = points;
  if (dimension > 1)
    for (std::size_t i = 0; i < kRows; i++) with_coin[i * dimension + 1] = coin(random);
  const List<double> weights = numbers(kRows, random, decades);
  for (const auto& [name, x] : {std::pair{"plain", &points}, {"one column of 0 and 1", &with_coin}})
    for (const bool weighted : {false, true})
      for (const bool best : {false, true})
        for (const std::size_t part : {std::size_t{1}, std::size_t{4}}) {
          CompressOptions options;
          options.space = PolynomialSpace::total(static_cast<int>(dimension), order);
          options.size = part * usize(options.space.count());
          options.best = best;
          if (options.size >= kRows) continue;
          const PointsView view = rows_of(*x, dimension);
          const NumbersView w{weighted ? weights.data() : nullptr, false, 1};
          expect_same("compress " + std::to_string(dimension) + " columns, order " + std::to_string(order) + ", " +
                          name + (weighted ? ", weighted" : "") + (best ? ", best" : ", fast") + ", " +
                          std::to_string(options.size) + " points",
                      [&] {
                        Monitor monitor;
                        const Compressed kept = compress(PointSet(view, w), options, monitor);
                        const Verification verified =
                            verify(PointSet(view, w),
                                   PointSet(rows_of(kept.points, dimension), {kept.weights.data(), false, 1}),
                                   options.space, 1, monitor);
                        return all(kept.points, kept.weights, verified.per_order);
                      });
        }
}

double even(Random& random) { return std::uniform_real_distribution<double>(-1, 1)(random); }

// Cells with free points, and with `lattice` also cells that keep rows.
void test_free_support(std::size_t dimension, int order, bool lattice) {
  Random random(dimension * 10 + usize(order));
  constexpr std::size_t kRows = 4000;
  constexpr int kHigh = 7;  // free points of higher orders are found on evenly filled cells
  List<double> points = numbers(kRows * dimension, random, order > kHigh ? even : normal);
  if (lattice)
    for (std::size_t i = 0; i < points.size() / 4; i++) points[i] = 10 + static_cast<double>(random() % 8) / 8;
  List<double> weights = numbers(kRows, random, coin);
  for (double& w : weights) w += 0.5;
  for (const bool best : {false, true}) {
    const bool weighted = best;
    CompressOptions options;
    options.support = CompressOptions::Support::Free;
    options.space = PolynomialSpace::total(static_cast<int>(dimension), order);
    options.size = usize(8 * free_points_per_cell(static_cast<int>(dimension), order));
    options.best = best;
    const std::string name = "free support, " + std::to_string(dimension) + " columns, order " + std::to_string(order) +
                             (lattice ? ", part of a lattice" : "") + (weighted ? ", weighted" : "") +
                             (best ? ", best" : ", fast");
    std::size_t free_cells = 0;
    expect_same(name, [&] {
      Monitor monitor;
      const Compressed kept = compress(
          PointSet(rows_of(points, dimension), {weighted ? weights.data() : nullptr, false, 1}), options, monitor);
      free_cells = kept.free_cells;
      return all(kept.points, kept.weights);
    });
    if (!lattice && !best) expect(free_cells >= 3, name + ": cells of free points");
    if (lattice || order > kHigh) continue;
    options.equal_weights = true;
    expect_same(name + ", equal weights", [&] {
      Monitor monitor;
      try {
        const Compressed kept = compress(
            PointSet(rows_of(points, dimension), {weighted ? weights.data() : nullptr, false, 1}), options, monitor);
        return all(kept.points, kept.weights);
      } catch (const Error&) {
        return List<double>();
      }
    });
  }
}

void test_recombine(std::size_t width) {
  Random random(width);
  List<double> features = numbers(1500 * width, random, normal);
  for (std::size_t i = 0; i < 1500 && width > 2; i++) features[i * width + 2] = features[i * width];
  expect_same("recombine " + std::to_string(width) + " columns", [&] {
    Monitor monitor;
    const Recombined kept = recombine(FeatureMatrix(rows_of(features, width), {}), 1, monitor);
    return all(kept.indices, kept.weights);
  });
}

void test_least_squares(std::size_t rows, std::size_t columns, bool equality) {
  Random random(rows + columns);
  const List<double> A = numbers(rows * columns, random, normal), b = numbers(rows, random, normal), one(1, 1.0),
                     ones(columns, 1.0);
  expect_same("nnls " + std::to_string(rows) + " x " + std::to_string(columns) + (equality ? ", sum 1" : ""), [&] {
    Monitor monitor;
    LeastSquares problem(columns);
    problem.set_matrix(rows_of(A, columns), {b.data(), false, 1});
    if (equality) problem.set_equality(rows_of(ones, columns), {one.data(), false, 1});
    return nnls(std::move(problem), 1, monitor).x;
  });
}

void test_moments(std::size_t dimension, int order, Basis basis) {
  Random random(dimension);
  List<double> points(1100 * dimension);
  for (double& x : points) x = std::uniform_real_distribution<double>(-1, 1)(random);
  List<double> weights = numbers(1100, random, coin);
  for (double& w : weights) w += 0.01;
  const PointsView view = rows_of(points, dimension);
  expect_same("moments of " + std::to_string(dimension) + " columns", [&] {
    Monitor monitor;
    const List<double> target = moments(PointSet(view, {weights.data(), false, 1}), order, basis, 1, monitor);
    return all(target, match_moments(PointSet(view, {}), 1100, target, order, basis, 1, monitor).weights);
  });
}

void test_training(int inputs, int outputs, Activation activation, bool single) {
  Random random(static_cast<unsigned>(inputs));
  constexpr std::size_t kWidth = 37, kRows = 211;
  const auto in = usize(inputs), out = usize(outputs);
  Network network{inputs, kWidth, outputs, activation, {}, {}};
  network.parameters = {numbers(kWidth * in, random, normal), numbers(kWidth, random, normal),
                        numbers(kWidth * out, random, normal), numbers(out, random, normal)};
  network.multiplicity = List<double>(kWidth, 1.5);
  const List<double> x = numbers(kRows * in, random, normal), y = numbers(kRows * out, random, normal);
  TrainOptions options;
  options.rule = Rule::Adam;
  options.batch = 50;
  options.single = single;
  options.epochs = 3;
  expect_same("training, " + std::to_string(inputs) + " inputs, " + std::to_string(outputs) + " outputs" +
                  (single ? ", float32" : ""),
              [&] {
                Monitor monitor;
                const Rows rows(rows_of(x, in), rows_of(y, out), {}, "x", "y");
                const auto trainer = Trainer::make(network, rows, std::nullopt, {}, options);
                trainer->run(3, monitor);
                const Parameters& p = trainer->parameters();
                return all(p.hidden, p.bias, p.output, p.output_bias, List<double>{trainer->evaluate(monitor).train});
              });
}

}  // namespace

void test_dirty_memory() {
  for (const auto& [dimension, order] : {std::pair{1, 4},
                                         {1, 12},
                                         {2, 3},
                                         {2, 5},
                                         {2, 10},
                                         {3, 2},
                                         {3, 4},
                                         {3, 7},
                                         {4, 3},
                                         {4, 5},
                                         {5, 2},
                                         {5, 4},
                                         {6, 3},
                                         {9, 2}})
    test_compress(usize(dimension), order);
  for (const auto& [dimension, order] :
       {std::pair{1, 4}, {1, 11}, {2, 3}, {2, 5}, {2, 14}, {3, 2}, {3, 4}, {3, 8}, {4, 3}, {4, 4}, {5, 2}, {5, 4}})
    for (const bool lattice : {false, true}) test_free_support(usize(dimension), order, lattice);
  for (const int width : {3, 40, 126, 300}) test_recombine(usize(width));
  for (const auto& [rows, columns] : {std::pair{30, 50}, {61, 41}, {300, 7}})
    for (const bool equality : {false, true}) test_least_squares(usize(rows), usize(columns), equality);
  for (const Basis basis : {Basis::Monomial, Basis::Legendre}) {
    test_moments(1, 9, basis);
    test_moments(2, 5, basis);
    test_moments(3, 4, basis);
  }
  for (const bool single : {false, true})
    for (const Activation activation : {Activation::Relu, Activation::Tanh}) {
      test_training(2, 1, activation, single);
      test_training(5, 3, activation, single);
    }
}
