// Rules for the uniform measure on a cube, from which the free points of a cell begin. rules.cpp is made by a program
// of the folder generate.
#pragma once

namespace fewpoints {

// Exact for all polynomials of total degree <= order on [-1, 1]^dimension under its uniform probability.
struct FreeRule {
  int dimension, order, count;
  const double* points;   // count x dimension, row-major, within [-1, 1]^dimension
  const double* weights;  // positive, with sum 1
};

// nullptr: there is no rule for this dimension and order. generate/list.mjs says which rules of odd order are exact for
// more than their order.
const FreeRule* free_rule(int dimension, int order) noexcept;

}  // namespace fewpoints
