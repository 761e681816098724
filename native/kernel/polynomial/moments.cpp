#include "polynomial/moments.hpp"

#include <cmath>

#include "base/list.hpp"
#include "parallel/region.hpp"
#include "polynomial/double_double_sums.hpp"

namespace fewpoints {

namespace {

// A sum that overflows here would overflow in any sum of products of doubles.
List<DoubleDouble> general_sums(const double* const* x, const double* w, std::size_t n, const MultiIndices& indices,
                                Basis basis, const List<double>& scale, int threads, Monitor& monitor) {
  const int m = indices.dimension, k = indices.order;
  const DoubleDoubleBasis general(indices,
                                  basis == Basis::Legendre ? Recurrence::legendre(m, k) : Recurrence::monomial(m, k),
                                  List<double>(m, 0.0), scale);
  const DoubleDoubleSums sums = general.sums(x, w, n, threads, monitor, Stage::Verify);
  List<DoubleDouble> out(indices.count);
  for (int e = 0; e < indices.count; e++) out[e] = sums[e];
  return out;
}

}  // namespace

List<double> moments(const PointSet& set, int order, Basis basis, int threads, Monitor& monitor) {
  const int m = set.dimension(), team = usable_threads(threads);
  const MultiIndices indices(m, order);
  List<const double*> x(m);
  for (int a = 0; a < m; a++) x[a] = set.column(a);
  // Monomials take powers of coordinates in [-1, 1]. Legendre polynomials are not homogeneous: for them the columns go
  // back to the caller's units.
  const List<double> origin(m, 0.0);
  List<double> scale(m, 1.0);
  List<int> units(m, 0);
  const Bounds plain = bounds_of(x.data(), set.weights(), set.size(), origin, scale, team, monitor);
  for (int a = 0; a < m; a++) {
    if (basis == Basis::Legendre)
      scale[a] = std::ldexp(1.0, set.exponent(a));
    else if (plain.reach[a] > 0)
      units[a] = std::ilogb(plain.reach[a]) + 1, scale[a] = std::ldexp(1.0, -units[a]);
  }
  Bounds bounds = plain;
  for (int a = 0; a < m; a++) bounds.reach[a] *= scale[a];

  const ProductBasis products(indices, basis, origin, scale);
  const List<DoubleDouble> sums =
      products.holds(bounds) ? products
                                   .reproducible_sums(x.data(), set.weights(), set.size(), bounds, false, nullptr, team,
                                                      monitor, Stage::Verify)
                                   .sums
                             : general_sums(x.data(), set.weights(), set.size(), indices, basis, scale, team, monitor);
  List<double> out(indices.count);
  List<long> exponents(indices.count, 0);
  for (int e = 0; e < indices.count; e++) {
    const int a = indices.axis[e];
    if (basis == Basis::Monomial && e > 0)
      exponents[e] = exponents[indices.parent[e]] + static_cast<long>(indices.degree[e]) * (set.exponent(a) + units[a]);
    const long exponent = exponents[e] + set.weight_exponent();
    const double value = static_cast<double>(sums[e]);
    out[e] = exponent == 0 ? value : std::scalbln(value, exponent);
  }
  return out;
}

}  // namespace fewpoints
