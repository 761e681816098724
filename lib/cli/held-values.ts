// The values of columns that are carried along, while their rows stream by: only those of rows that can still be kept.
import type { KeptColumn } from '../io/kept.js'

/** Rows of the stream, ascending, and one list of values per column. As plain data, for a checkpoint. */
export interface HeldState {
  rows: Float64Array
  columns: ArrayLike<unknown>[]
}

/** Rows between two prunings: a block of the Compressor, which then forgets most of them. */
const BETWEEN = 65_536
/** A short text with its place in a list, and a row number. */
const BYTES_PER_VALUE = 64

/** About how many bytes they take at most: see Compressor.heldRows(), which lists two blocks and 40 rows per row of `size`. */
export function heldBytes(columns: number, size = 1000): number {
  const rows = BETWEEN + 2 * Math.max(BETWEEN, 12 * size) + 40 * size
  return columns === 0 ? 0 : rows * BYTES_PER_VALUE * (columns + 1)
}

export class HeldValues {
  readonly #names: readonly string[]
  /** The lists of each chunk as they came. Pruning makes one of them all. */
  #parts: HeldState[] = []
  #fresh = 0

  constructor(names: readonly string[], state?: HeldState) {
    this.#names = names
    if (state !== undefined && names.length > 0) this.#parts = [state]
  }

  /** Takes the values of rows first, first + 1, ...; `held` tells which rows can still be kept. */
  async add(
    first: number,
    count: number,
    values: readonly ArrayLike<unknown>[],
    held: () => Promise<ArrayLike<number>>,
  ): Promise<void> {
    if (this.#names.length === 0) return
    const rows = Float64Array.from({ length: count }, (_, i) => first + i)
    this.#parts.push({ rows, columns: [...values] })
    this.#fresh += count
    if (this.#fresh >= BETWEEN) this.#prune(await held())
  }

  /** The state without what can be forgotten. */
  save(held: ArrayLike<number>): HeldState {
    if (this.#names.length === 0) return { rows: new Float64Array(), columns: [] }
    return this.#prune(held)
  }

  /** The values of some rows, ascending. */
  columns(rows: ArrayLike<number>): KeptColumn[] {
    const { columns } = this.#pick(rows)
    return this.#names.map((name, c) => ({ name, values: columns[c] }))
  }

  #prune(held: ArrayLike<number>): HeldState {
    const state = this.#pick(held)
    this.#parts = [state]
    this.#fresh = 0
    return state
  }

  /** What is held of these rows, ascending, in new lists. */
  #pick(wanted: ArrayLike<number>): HeldState {
    const rows: number[] = []
    const columns: unknown[][] = this.#names.map(() => [])
    let next = 0
    for (const part of this.#parts) {
      for (let i = 0; i < part.rows.length && next < wanted.length; i++) {
        while (wanted[next] < part.rows[i]) next++
        if (wanted[next] !== part.rows[i]) continue
        rows.push(wanted[next])
        for (const [c, column] of columns.entries()) column.push(part.columns[c][i])
      }
    }
    return { rows: Float64Array.from(rows), columns }
  }
}
