// The moments of a stream: brought from frame to frame, they are those of all rows in one frame; and a stream
// compressor goes through many small blocks, which sanitizers watch.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "base/status.hpp"
#include "base/tolerances.hpp"
#include "compression/residual.hpp"
#include "expect.hpp"
#include "polynomial/framed_moments.hpp"
#include "streaming/stream_compressor.hpp"

using namespace fewpoints;

namespace {

struct Rows {
  int dimension;
  List<double> points, weights;
  std::size_t count() const { return points.size() / usize(dimension); }
  Rows part(std::size_t begin, std::size_t end) const {
    const auto m = static_cast<std::ptrdiff_t>(dimension), from = static_cast<std::ptrdiff_t>(begin),
               to = static_cast<std::ptrdiff_t>(end);
    return {dimension,
            {points.begin() + from * m, points.begin() + to * m},
            {weights.begin() + from, weights.begin() + to}};
  }
  PointsView view() const { return {{points.data(), false, 1}, dimension, count(), dimension}; }
  NumbersView numbers() const { return {weights.data(), false, 1}; }
  PointSet set() const { return PointSet(view(), numbers()); }
};

// Each hundred rows lie elsewhere and are of another width: offset times both.
Rows wandering(std::size_t count, int dimension, double offset) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  Rows rows{dimension, {}, {}};
  for (std::size_t i = 0; i < count; i++) {
    const auto block = static_cast<double>(i / 100);
    for (int a = 0; a < dimension; a++)
      rows.points.push_back(offset * std::sin(block + a) + normal(random) * std::pow(10.0, std::fmod(block, 4) - 2));
    rows.weights.push_back(std::exp(normal(random)));
  }
  return rows;
}

// The residual of the rows against the sum of the moments of their parts.
void test_sums(const PolynomialSpace& space, double offset) {
  place = "moments of parts, offset " + std::to_string(offset);
  const Rows rows = wandering(3000, space.dimension(), offset);
  Monitor monitor;
  RunningMoments sums(space);
  expect(sums.empty(), "there are none at first");
  for (std::size_t begin = 0; begin < rows.count(); begin += 100) {
    const PointSet part = rows.part(begin, begin + 100).set();
    sums.add(Residual(part, space, 1, monitor).moments());
  }
  const PointSet set = rows.set();
  const Residual whole(set, space, 1, monitor, &sums.all());
  const double residual = whole.of(set, 1, monitor).residual;
  expect(residual < kEpsilon / 100, "they are those of all rows, to " + std::to_string(residual / kEpsilon));
}

void test_compressor(const PolynomialSpace& space, std::size_t size) {
  place = "stream compressor, size " + std::to_string(size);
  const Rows rows = wandering(7000, space.dimension(), 30);
  CompressOptions options;
  options.space = space;
  options.size = size;
  Monitor monitor;
  StreamCompressor compressor(options, space.dimension(), 250);
  for (std::size_t first = 0; first < rows.count();) {
    first += compressor.take(rows.view(), rows.numbers(), first);
    if (!compressor.is_full()) continue;
    compressor.hand_over();
    compressor.reduce(monitor);
    StreamCompressor other(options, space.dimension(), 250);
    other.restore(compressor.state());
    expect(other.held_rows() == compressor.held_rows(), "a restored one holds the same rows");
  }
  const StreamCompressed result = compressor.finish(false, monitor);
  expect(result.kept.size() <= size, "at most as many rows as asked for");
  expect(std::ranges::all_of(result.kept.weights, [](double w) { return w > 0; }), "positive weights");
  expect(result.residual < 16 * kEpsilon, "residual " + std::to_string(result.residual / kEpsilon));
  const auto m = usize(space.dimension());
  bool same = true;
  for (std::size_t j = 0; j < result.kept.size(); j++)
    same = same && std::equal(result.kept.points.begin() + static_cast<std::ptrdiff_t>(j * m),
                              result.kept.points.begin() + static_cast<std::ptrdiff_t>((j + 1) * m),
                              rows.points.begin() + static_cast<std::ptrdiff_t>(usize(result.kept.rows[j]) * m));
  expect(same, "rows of the stream, bit for bit");
}

void test_wrong_states() {
  place = "states";
  CompressOptions options;
  options.space = PolynomialSpace::total(2, 2);
  options.size = 10;
  const Rows rows = wandering(400, 2, 1);
  Monitor monitor;
  StreamCompressor compressor(options, 2, 100);
  compressor.take(rows.view(), rows.numbers(), 0);
  compressor.hand_over();
  compressor.reduce(monitor);
  compressor.take(rows.view(), rows.numbers(), 350);
  const auto refused = [&](const char* what, const auto& change) {
    StreamState state = compressor.state();
    change(state);
    StreamCompressor other(options, 2, 100);
    bool threw = false;
    try {
      other.restore(std::move(state));
    } catch (const Error& error) {
      threw = error.code == Code::Option;
    }
    expect(threw, std::string("refused: ") + what);
  };
  refused("half a row", [](StreamState& state) { state.points.pop_back(); });
  refused("too few weights", [](StreamState& state) { state.weights.pop_back(); });
  refused("more rows than there were", [](StreamState& state) { state.rows = 3; });
  refused("a set without points", [](StreamState& state) { state.pool[0].points.clear(); });
  refused("moments of another order", [](StreamState& state) { state.moments.high.push_back(0); });
  refused("no moments", [](StreamState& state) { state.moments = {}; });
}

}  // namespace

void test_stream() {
  for (const double offset : {0.0, 1.0, 1e3, 1e6}) {
    for (const auto& [m, k] : {std::pair{1, 8}, {2, 5}, {3, 3}, {5, 2}})
      test_sums(PolynomialSpace::total(m, k), offset);
    test_sums({{0, 1, 0}, {3, 1}}, offset);
  }
  test_compressor(PolynomialSpace::total(2, 3), 30);
  test_compressor(PolynomialSpace::total(3, 2), 10);
  test_compressor({{0, 0, 1}, {2, 1}}, 40);
  test_wrong_states();
}
