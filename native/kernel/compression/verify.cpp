#include "compression/verify.hpp"

#include <algorithm>
#include <cmath>

#include "base/list.hpp"
#include "compression/residual.hpp"
#include "parallel/parallel_for.hpp"

namespace fewpoints {

Verification verify(const PointSet& original, const PointSet& compressed, const PolynomialSpace& space, int threads,
                    Monitor& monitor) {
  if (original.size() == 0) return {0, List<double>(space.highest_degree() + 1, 0.0)};
  const Residual residual(original, space, threads, monitor);
  return residual.of(compressed, threads, monitor);
}

}  // namespace fewpoints
