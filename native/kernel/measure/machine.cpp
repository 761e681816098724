#include "measure/machine.hpp"

#include <algorithm>
#include <ctime>

#include "base/array.hpp"
#include "base/list.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"

namespace fewpoints {
namespace {

// Median of the processor time of all threads: what else runs on the machine counts little.
template <class Work>
double seconds(const Work& work, int trials) {
  List<double> times;
  for (int i = 0; i < trials; i++) {
    const std::clock_t start = std::clock();
    work();
    times.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// Uniform enough on [-1, 1], and the same everywhere.
void fill(Array<double>& to, std::size_t count, std::uint64_t seed) {
  to.reset(count);
  std::uint64_t s = seed * 0x9e3779b97f4a7c15u + 1;
  for (std::size_t i = 0; i < count; i++) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    to[i] = static_cast<double>(s >> 11) * 0x1p-52 - 1;
  }
}

}  // namespace

Machine machine() {
  constexpr std::size_t length = std::size_t{1} << 24, rounds = 10000000;
  constexpr int trials = 5;
  Array<double> a, b, c;
  fill(a, length, 1);
  fill(b, length, 2);
  fill(c, length, 3);
  Machine m;
  m.triad = 3.0 * sizeof(double) * length /
            seconds(
                [&] {
                  double* to = a.data();
                  const double *x = b.data(), *y = c.data();
                  for (std::size_t i = 0; i < length; i++) to[i] = x[i] + 3 * y[i];
                },
                trials);
  double count = 0;
  const double time = seconds([&] { count = simd().multiply_adds(rounds); }, trials);
  m.multiply_adds = count / time;
  return m;
}

SumTimes time_sums(int dimension, int order, std::size_t count, Basis basis, int threads, int trials) {
  List<Array<double>> columns(dimension);
  List<const double*> x;
  for (int a = 0; a < dimension; a++) {
    fill(columns[a], count, usize(a));
    x.push_back(columns[a].data());
  }
  const MultiIndices indices(dimension, order);
  const List<double> origin(dimension, 0.0), scale(dimension, 1.0);
  const ProductBasis products(indices, basis, origin, scale);
  const int team = usable_threads(threads);
  Monitor monitor;
  SumTimes times;
  times.factors = products.factors();
  times.plain =
      1e3 / team * seconds([&] { products.sums(x.data(), nullptr, count, team, monitor, Stage::Verify); }, trials);
  times.exact =
      1e3 / team *
      seconds(
          [&] {
            const Bounds bounds = bounds_of(x.data(), nullptr, count, origin, scale);
            products.reproducible_sums(x.data(), nullptr, count, bounds, false, nullptr, team, monitor, Stage::Verify);
          },
          trials);
  return times;
}

}  // namespace fewpoints
