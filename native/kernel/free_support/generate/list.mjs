// The rules: their nodes, and from how many random starts the best is taken.
//
// `count` is about the fewest nodes with which the conditioning (fit.mjs) is 0.2, or 0.3 where nodes are many. Then nearly
// all cells of uniform data find their points at the first try.
//
// A rule with `invariants` is also exact for the sums of monomials of the next degree that no reflection and no exchange of
// columns changes. Turning a rule from cell to cell makes all other errors of that degree cancel over many cells, and these
// would stay. Even orders have none. In many columns cells are few, and the points that it takes are worth more.

const few = 400
const some = 60
const many = 24

export const RULES = [
  { dimension: 2, order: 2, count: 3, starts: few },
  { dimension: 2, order: 3, count: 5, starts: few, invariants: true },
  { dimension: 2, order: 4, count: 6, starts: few },
  { dimension: 2, order: 5, count: 8, starts: few, invariants: true },
  { dimension: 2, order: 6, count: 11, starts: few },
  { dimension: 2, order: 7, count: 14, starts: few, invariants: true },
  { dimension: 2, order: 8, count: 17, starts: few },
  { dimension: 2, order: 9, count: 21, starts: few, invariants: true },
  { dimension: 2, order: 10, count: 26, starts: few },
  { dimension: 2, order: 11, count: 30, starts: few, invariants: true },
  { dimension: 2, order: 12, count: 34, starts: few },
  { dimension: 2, order: 13, count: 39, starts: some, invariants: true },
  { dimension: 2, order: 14, count: 44, starts: some },
  { dimension: 2, order: 15, count: 50, starts: some, invariants: true },
  { dimension: 2, order: 16, count: 56, starts: some },
  { dimension: 2, order: 17, count: 63, starts: many, invariants: true },
  { dimension: 2, order: 18, count: 70, starts: many },
  { dimension: 2, order: 19, count: 78, starts: many, invariants: true },
  { dimension: 2, order: 20, count: 86, starts: many },
  { dimension: 3, order: 2, count: 4, starts: few },
  { dimension: 3, order: 3, count: 8, starts: few, invariants: true },
  { dimension: 3, order: 4, count: 11, starts: few },
  { dimension: 3, order: 5, count: 18, starts: few, invariants: true },
  { dimension: 3, order: 6, count: 24, starts: few },
  { dimension: 3, order: 7, count: 35, starts: some, invariants: true },
  { dimension: 3, order: 8, count: 47, starts: some },
  { dimension: 3, order: 9, count: 64, starts: many, invariants: true },
  { dimension: 3, order: 10, count: 80, starts: many },
  { dimension: 4, order: 2, count: 5, starts: few },
  { dimension: 4, order: 3, count: 10, starts: few },
  { dimension: 4, order: 4, count: 17, starts: few },
  { dimension: 4, order: 5, count: 33, starts: few, invariants: true },
  { dimension: 4, order: 6, count: 49, starts: some },
  { dimension: 4, order: 7, count: 78, starts: many },
  { dimension: 5, order: 2, count: 6, starts: few },
  { dimension: 5, order: 3, count: 16, starts: few, invariants: true },
  { dimension: 5, order: 4, count: 27, starts: some },
  { dimension: 5, order: 5, count: 57, starts: many },
  { dimension: 6, order: 2, count: 7, starts: few },
  { dimension: 6, order: 3, count: 21, starts: some },
  { dimension: 6, order: 4, count: 42, starts: many },
  { dimension: 7, order: 2, count: 8, starts: few },
  { dimension: 7, order: 3, count: 28, starts: some },
  { dimension: 8, order: 2, count: 9, starts: few },
  { dimension: 8, order: 3, count: 35, starts: some },
]
