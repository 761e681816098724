// Converts moments from one product basis to another: from powers or Legendre polynomials of the coordinates as given
// to the polynomials of an OrthonormalBasis, in which double precision can meet them.
#pragma once

#include "base/double_double.hpp"
#include "base/list.hpp"
#include "polynomial/moments.hpp"
#include "polynomial/orthonormal_basis.hpp"

namespace fewpoints {

struct MomentTarget {
  List<DoubleDouble> value;  // sum w phi_e for the features of the orthonormal basis
  // sum |T_ea| |target_a| where value = T target. Rounding of the given numbers can change value by this much, in units
  // of half an epsilon. It is far above |value| where the target says little about this moment, as powers of x about
  // 1000 +- 1 do.
  List<double> size;
};

// target: the moments of degree <= order in the given basis, of the caller's coordinates. These are the coordinates of
// the orthonormal basis's points times 2^exponent. Works in double-double throughout. Takes time of about N m k, and
// the sum over degrees n of N_n N_n-1 m where the coordinates are turned (N_n: monomials of degree n).
MomentTarget localise(const List<double>& target, int order, Basis basis, const List<int>& exponent,
                      const OrthonormalBasis& orthonormal);

}  // namespace fewpoints
