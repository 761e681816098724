// How many moments a cell keeps. This is the order that is chosen when none is given, and the moments that a cell keeps
// beyond a given order when the size allows.
#pragma once
#include "polynomial/space.hpp"

namespace fewpoints {

// The order of 'auto'. The rule (measured: `npm run bench -- order`): few cells, each with as many moments as fit into
// the size. For functions that are analytic around the data, the error falls like exp(-c N^(1/m)) with the moments N
// per cell, faster than with any number of cells. Functions with kinks hardly notice the order at a given size. Steep
// functions want a few cells.
int automatic_order(int dimension, std::size_t size);

// The bounds of that rule: the highest order, the most moments per cell, and the fewest cells that must fit into the
// size.
struct AutomaticRule {
  int order;
  std::size_t moments, cells;
};
AutomaticRule automatic_rule(int dimension);

// The space that cells keep when `space` is asked for and time may be spent on accuracy. It has higher orders, then
// monomials of the next degree, until the size is used up, while the whole takes at most about 2.7 times as long. Of
// several blocks only the first, along whose columns cells are cut, gets a higher order. Contains `space`.
PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size);

// The orders of the moments that cells of free points keep when those of `space` are asked for, as they are tried: with
// `best` one as high as pays, then the order asked for. Even orders are preferred: in odd ones the defects of the next
// degree do not cancel from cell to cell. Order 1 becomes 2, which takes as many points as order 1 has moments. None
// where there are no rules for so many moments, or the size has no room for a cell.
List<int> free_orders(const PolynomialSpace& space, std::size_t size, bool best);
// The order of 'auto' with free support.
int automatic_free_order(int dimension, std::size_t size);

}  // namespace fewpoints
