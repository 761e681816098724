// Moments given in one product basis, wanted in another one: from powers or Legendre polynomials of the coordinates as
// they are to polynomials of centred and scaled coordinates, in which they can be met in double precision.
#pragma once
#include <vector>

#include "basis.hpp"
#include "double_double.hpp"
#include "moments.hpp"

namespace fewpoints {

// Local coordinates z_a = scale_a (x_a - centre_a), scale_a a power of two; x_a is the caller's times 2^-exponent_a.
struct LocalFrame {
  std::vector<double> centre, scale;
  std::vector<int> exponent;
};

struct MomentTarget {
  std::vector<DoubleDouble> value;  // sum w phi_e, for phi_e the products of `recurrence` in z
  // sum |T_ea| |target_a| where value = T target: what rounding the given numbers can change value by, in units of half
  // an epsilon. Far above |value| where the target says little about this moment, as powers of x about 1000 +- 1 do.
  std::vector<double> size;
};

// target: momentCount numbers in the order of `indices`. In double-double throughout; time N m k.
MomentTarget localise(const std::vector<double>& target, const MultiIndices& indices, Basis basis,
                      const Recurrence& recurrence, const LocalFrame& frame);

}  // namespace fewpoints
