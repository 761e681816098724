#include "measure/evaluate.hpp"

#include <algorithm>
#include <chrono>

#include "base/list.hpp"
#include "compression/cell_solver.hpp"
#include "parallel/parallel_for.hpp"
#include "parallel/region.hpp"
#include "recombination/basic_solution.hpp"

namespace fewpoints {

double evaluation_time(const PointSet& set, int order, int wanted, Monitor& monitor) {
  const int threads = usable_threads(wanted), m = set.dimension();
  const std::size_t n = set.size();
  const CellSolver solver(PolynomialSpace::total(m, order), n);
  List<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  const auto start = std::chrono::steady_clock::now();
  solver.with_box({x.data(), set.weights(), n, m}, [&](const FeatureSource& source) {
    constexpr std::size_t kBatch = FeatureSource::kBlock;
    List<Array<double>> scratch(threads), out(threads);
    parallel_for((n + kChunk - 1) / kChunk, threads, monitor, Stage::Recombine, [&](std::size_t i, int thread) {
      if (scratch[thread].size() == 0) {
        scratch[thread].reset(source.scratch_size());
        out[thread].reset(static_cast<std::size_t>(source.width()) * kBatch);
      }
      const std::size_t begin = i * kChunk, size = std::min(n - begin, kChunk);
      Segment groups[kBatch];
      std::uint32_t first[kBatch + 1] = {};
      int count = 0;
      for (std::size_t g = 0; g < kBatch; g++) {
        const Segment group{begin + g * size / kBatch, begin + (g + 1) * size / kBatch};
        if (group.begin == group.end) continue;
        groups[count] = group;
        first[count + 1] = static_cast<std::uint32_t>(count + 1);
        count++;
      }
      source.sums(groups, first, count, true, out[thread].data(), kBatch, scratch[thread].data(), nullptr);
    });
  });
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace fewpoints
