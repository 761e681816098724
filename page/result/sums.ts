// Sums whose rounding does not grow with the number of terms.

/** The sum of term(0), ..., term(count - 1), compensated (A. Neumaier, 1974). */
export function compensated(count: number, term: (i: number) => number): number {
  let sum = 0
  let rest = 0
  for (let i = 0; i < count; i++) {
    const value = term(i)
    const next = sum + value
    rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return sum + rest
}

export function sumOf(values: Float64Array): number {
  return compensated(values.length, (i) => values[i])
}
