// Sums whose rounding does not grow with the number of terms (A. Neumaier, 1974). So the difference of two sums is not that
// of their own rounding.

export class CompensatedSum {
  #sum: number
  #lost: number

  constructor([sum, lost]: readonly [number, number] = [0, 0]) {
    this.#sum = sum
    this.#lost = lost
  }

  add(value: number): this {
    const next = this.#sum + value
    this.#lost += lostIn(this.#sum, value, next)
    this.#sum = next
    return this
  }

  /** Adds the first `count` values. */
  addAll(values: ArrayLike<number>, count = values.length): this {
    return this.addTerms(count, (i) => values[i])
  }

  /** Adds term(0), ..., term(count - 1). */
  addTerms(count: number, term: (i: number) => number): this {
    let [sum, lost] = this.state
    for (let i = 0; i < count; i++) {
      const value = term(i)
      const next = sum + value
      lost += lostIn(sum, value, next)
      sum = next
    }
    this.#sum = sum
    this.#lost = lost
    return this
  }

  get value(): number {
    return this.#sum + this.#lost
  }

  /** The two parts, to go on from them. */
  get state(): readonly [sum: number, lost: number] {
    return [this.#sum, this.#lost]
  }
}

export function compensatedSum(values: ArrayLike<number>): number {
  return new CompensatedSum().addAll(values).value
}

/** The sum of term(0), ..., term(count - 1). */
export function sumOfTerms(count: number, term: (i: number) => number): number {
  return new CompensatedSum().addTerms(count, term).value
}

/** What rounding has taken from sum + value. */
function lostIn(sum: number, value: number, rounded: number): number {
  return Math.abs(sum) >= Math.abs(value) ? sum - rounded + value : value - rounded + sum
}
