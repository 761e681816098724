// The values of columns that are carried along, while their rows stream by: only those of rows that can still be kept.
import type { KeptColumn } from '../io/kept.js'

/** The state as plain data, for a checkpoint. */
export interface HeldState {
  rows: Float64Array
  columns: unknown[][]
}

const FIRST_PRUNING = 1 << 17 // rows
/** A short text with its place in a list, and a row number. */
const BYTES_PER_VALUE = 64

/** About how many bytes they take at most: see Compressor.heldRows(), which lists two blocks and 40 rows per row of `size`. */
export function heldBytes(columns: number, size = 1000): number {
  const rows = 2 * (2 * Math.max(65_536, 12 * size) + 40 * size)
  return columns === 0 ? 0 : rows * BYTES_PER_VALUE * (columns + 1)
}

export class HeldValues {
  readonly #names: readonly string[]
  /** Row numbers of the stream, ascending, and one list of values per column. */
  #rows: number[] = []
  #columns: unknown[][]
  #pruneAt = FIRST_PRUNING

  constructor(names: readonly string[], state?: HeldState) {
    this.#names = names
    this.#rows = state === undefined ? [] : [...state.rows]
    this.#columns = state?.columns ?? names.map(() => [])
  }

  /** Takes the values of rows first, first + 1, ...; `held` tells which rows can still be kept. */
  async add(
    first: number,
    count: number,
    values: readonly ArrayLike<unknown>[],
    held: () => Promise<Float64Array>,
  ): Promise<void> {
    if (this.#names.length === 0) return
    for (let i = 0; i < count; i++) this.#rows.push(first + i)
    for (const [c, column] of this.#columns.entries()) for (let i = 0; i < count; i++) column.push(values[c][i])
    // Each pruning looks at twice as many rows as the last one left, so that all of them take linear time.
    if (this.#rows.length < this.#pruneAt) return
    this.#prune(await held())
    this.#pruneAt = Math.max(FIRST_PRUNING, 2 * this.#rows.length)
  }

  /** Plain data that shares its lists with this, until more rows come. */
  save(held: Float64Array): HeldState {
    if (this.#names.length > 0) this.#prune(held)
    return { rows: Float64Array.from(this.#rows), columns: this.#columns }
  }

  /** The values of some rows, ascending. A state that was saved before stays as it is. */
  columns(rows: ArrayLike<number>): KeptColumn[] {
    let at = 0
    const places = Array.from(rows, (row) => {
      while (this.#rows[at] < row) at++
      return at
    })
    return this.#names.map((name, c) => ({ name, values: places.map((place) => this.#columns[c][place]) }))
  }

  /** Forgets all rows but these. Both lists ascend. */
  #prune(rows: ArrayLike<number>): void {
    let kept = 0
    let at = 0
    for (let i = 0; i < this.#rows.length; i++) {
      while (at < rows.length && rows[at] < this.#rows[i]) at++
      if (rows[at] !== this.#rows[i]) continue
      this.#rows[kept] = this.#rows[i]
      for (const column of this.#columns) column[kept] = column[i]
      kept++
    }
    this.#rows.length = kept
    for (const column of this.#columns) column.length = kept
  }
}
