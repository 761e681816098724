// Values of products of univariate polynomials at a few points. This is the plain evaluator, for work that takes little
// time.
#pragma once
#include "base/list.hpp"
#include "polynomial/space.hpp"
#include "simd/kernels.hpp"

namespace fewpoints {

// The products of `indices` in the polynomials of `recurrence`. Both must outlive the result. Coordinates are not
// mapped.
BasisShape shape_of(const MultiIndices& indices, const Recurrence& recurrence);

// out[e * stride + i] = first * phi_e(z[0][i], z[1][i], ...), i < n. powers: scratch.
void product_values(const BasisShape& shape, const double* const* z, std::size_t n, double first, double* out,
                    std::size_t stride, List<double>& powers);

}  // namespace fewpoints
