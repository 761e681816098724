// Rows for functions that are polynomials in some columns and linear in the others.

/**
 * Rows (a, b): functions of them are arbitrary in the columns a and linear in the columns b. Labelled rows under a squared
 * loss are such rows (a the inputs, b the labels), and so are neurons (a the incoming weights, b the outgoing ones).
 */
export interface PartiallyLinearRows {
  /** count x (polynomial + linear), row-major, finite. The caller has no access to it. */
  data: Float64Array
  count: number
  /** Number of columns a. They come first. */
  polynomial: number
  /** Number of columns b. */
  linear: number
  /** One finite number >= 0 per row, not all 0; already checked. Undefined: all 1. */
  weights: Float64Array | undefined
}
