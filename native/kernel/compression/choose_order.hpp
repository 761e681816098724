// How many moments a cell keeps: the order that is chosen when none is given, and what a cell of a given order keeps on
// top of it when the size allows.
#pragma once
#include "polynomial/space.hpp"

namespace fewpoints {

// Order 'auto'. The rule (measured: bench/cases/order.mjs): few cells, of as many moments as fit into the size. For
// functions that are analytic around the data the error falls like exp(-c N^(1/m)) with the moments N of a cell, faster
// than by any number of cells; functions with kinks hardly notice the order at a given size; steep functions want a
// few cells.
int automatic_order(int dimension, std::size_t size);

// The bounds of that rule: the highest order, the most moments per cell, the fewest cells that must fit into the size.
struct AutomaticRule {
  int order;
  std::size_t moments, cells;
};
AutomaticRule automatic_rule(int dimension);

// The space that cells keep when `space` is asked for and time may be spent on accuracy: higher orders, then monomials
// of the next degree, until the size is used up, as far as the whole then takes not more than about 2.5 times as long.
// Of several blocks only the first, along whose columns cells are cut, gets a higher order. Contains `space`.
PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size);

}  // namespace fewpoints
