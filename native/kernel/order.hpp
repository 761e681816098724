// How many moments a cell keeps: the order that is chosen when none is given, and what a cell of a given order keeps on
// top of it when the size allows.
#pragma once
#include "basis.hpp"

namespace fewpoints {

// Order 'auto'. The rule (measured: bench/cases/accuracy.mjs): few cells, of as many moments as fit into the size. For
// functions that are analytic around the data the error falls like exp(-c N^(1/m)) with the moments N of a cell, faster
// than by any number of cells; functions with kinks hardly notice the order at a given size; steep functions want a
// few cells. points: how many there are.
PolynomialSpace automatic_space(int dimension, std::size_t size, std::size_t points);

// The space that cells keep when `space` is asked for and time may be spent on accuracy: higher orders as far as the
// size has room for and the whole takes not more than about 2.5 times as long, then monomials of the next degree until
// the size is used up. Contains `space`.
PolynomialSpace enlarged_space(const PolynomialSpace& space, std::size_t size, std::size_t points);

}  // namespace fewpoints
