// Chooses the code for one cell: solve_cell.hpp compiled for its (m, k), or for any.
#include "simd/cell/solve_cell.hpp"

#include "simd/cell/cell_instances.hpp"
#include "simd/parts.hpp"

namespace fewpoints::FEWPOINTS_SIMD {

// Compiled in the files of the groups, not here.
#define FEWPOINTS_ELSEWHERE(m, k) extern FEWPOINTS_INSTANTIATE_SOLVER(m, k) extern FEWPOINTS_INSTANTIATE_MOMENTS(m, k)
FEWPOINTS_INSTANCES(FEWPOINTS_ELSEWHERE)

namespace {

using Solver = CellResult (*)(const CellShape&, const CellPoints&, double*, uint32_t*, double*);
using Moments = bool (*)(const CellShape&, const CellPoints&, double*, double*, double*, double*);
struct Instance {
  int dimension, order;
  Solver solve;
  Moments moments;
};
#define FEWPOINTS_ENTRY(m, k) {m, k, solve_cell<Features<m, k>>, moments_of_cell<Features<m, k>>},
const Instance kInstances[] = {FEWPOINTS_INSTANCES(FEWPOINTS_ENTRY)};
constexpr int kInstanceCount = sizeof(kInstances) / sizeof(kInstances[0]);

}  // namespace

int cell_instance(int dimension, int order) {
  for (int i = 0; i < kInstanceCount; i++)
    if (kInstances[i].dimension == dimension && kInstances[i].order == order) return i;
  return -1;
}

size_t cell_workspace(const CellShape& shape, size_t largest_cell) {
  return CellMemory<Features<0, 0>>::doubles(shape, largest_cell);
}

CellResult cell(const CellShape& shape, const CellPoints& points, double* workspace, uint32_t* chosen,
                double* weights) {
  if (!fits_fast_path(shape.dimension, shape.order, shape.count)) return {kCellNotSolved, 0};
  const Solver solve = shape.instance >= 0 ? kInstances[shape.instance].solve : solve_cell<Features<0, 0>>;
  return solve(shape, points, workspace, chosen, weights);
}

size_t moment_workspace(const CellShape& shape) {
  const size_t padded = usize(round_up(shape.count));
  return padded + (padded + Features<0, 0>::scratch_vectors(shape, kLanes)) * W;
}

bool cell_moments(const CellShape& shape, const CellPoints& points, double* workspace, double* low, double* high,
                  double* b) {
  const Moments moments = shape.instance >= 0 ? kInstances[shape.instance].moments : moments_of_cell<Features<0, 0>>;
  return moments(shape, points, workspace, low, high, b);
}

}  // namespace fewpoints::FEWPOINTS_SIMD
