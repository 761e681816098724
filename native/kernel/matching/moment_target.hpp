// Moments given in one product basis, wanted in another one: from powers or Legendre polynomials of the coordinates as
// they are to the polynomials of a OrthonormalBasis, in which they can be met in double precision.
#pragma once

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/orthonormal_basis.hpp"

namespace fewpoints {

struct MomentTarget {
  List<DoubleDouble> value;  // sum w phi_e for the features of the orthonormal basis's basis
  // sum |T_ea| |target_a| where value = T target: what rounding the given numbers can change value by, in units of half
  // an epsilon. Far above |value| where the target says little about this moment, as powers of x about 1000 +- 1 do.
  List<double> size;
};

// target: momentCount numbers of degree <= order in the basis given, of the caller's coordinates, which are those of
// the orthonormal basis's points times 2^exponent. In double-double throughout. Time about N m k, and sum over degrees
// n of N_n N_n-1 m (N_n: monomials of degree n) where the coordinates are turned.
MomentTarget localise(const List<double>& target, int order, Basis basis, const List<int>& exponent,
                      const OrthonormalBasis& orthonormal);

}  // namespace fewpoints
