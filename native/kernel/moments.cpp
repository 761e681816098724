#include "moments.hpp"

#include <cmath>

#include "exact.hpp"
#include "info.hpp"

namespace fewpoints {

std::vector<double> moments(const PointSet& set, int order, Basis basis, int threads, Monitor& monitor) {
  const int m = set.dimension();
  const MultiIndices indices(m, order);
  const Recurrence recurrence =
      basis == Basis::Legendre ? Recurrence::legendre(m, order) : Recurrence::monomial(m, order);
  // Legendre polynomials are not homogeneous: there the columns go back to the caller's units first.
  std::vector<double> centre(m, 0.0), scale(m, 1.0);
  if (basis == Basis::Legendre)
    for (int a = 0; a < m; a++) scale[a] = std::ldexp(1.0, set.exponent(a));
  const ExactBasis exact(indices, recurrence, centre, scale);
  std::vector<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  const ExactSums sums =
      exact.sums(x.data(), set.weights(), set.size(), usable_threads(threads), monitor, Stage::Verify);
  std::vector<double> out(indices.count);
  for (int e = 0; e < indices.count; e++) {
    long exponent = set.weight_exponent();
    if (basis == Basis::Monomial)
      for (int a = 0; a < m; a++) exponent += static_cast<long>(indices.row(e)[a]) * set.exponent(a);
    const double value = static_cast<double>(sums[e]);
    out[e] = exponent == 0 ? value : std::scalbln(value, exponent);
  }
  return out;
}

std::vector<double> legendre_sums(const double* const* x, const double* w, std::size_t n, const MultiIndices& indices,
                                  const std::vector<double>& centre, const std::vector<double>& inverse, int threads,
                                  Monitor& monitor, Stage stage) {
  return ProductBasis(indices, Basis::Legendre, centre, inverse).sums(x, w, n, threads, monitor, stage);
}

}  // namespace fewpoints
