// The values of columns that are carried along, while their rows stream by: only those of rows that can still be kept.
import type { KeptColumn } from '../io/kept.js'

/** Rows of the stream, ascending, and one list of values per column. As plain data, for a checkpoint. */
export interface HeldState {
  rows: Float64Array
  columns: ArrayLike<unknown>[]
}

/** Rows between two prunings: a part of a block, so that little more is held than the Compressor still can keep. */
const BETWEEN = 65_536
/** Rows of a chunk at most. */
const CHUNK = 65_536
/** As in the kernel (stream_compressor.cpp): rows of a block at least, and per row of `size`; those of leaves and roots. */
const BLOCK = 262_144
const PER_SIZE = { block: 48, pool: 40 }
/** A short text with its place in a list, and a row number. */
const BYTES_PER_VALUE = 64

/** The rows of a block of the Compressor; in more than 32 columns it has fewer. */
export function blockRows({ size = 1000, order }: HeldOptions): number {
  return Math.max(BLOCK, PER_SIZE.block * size * factorOf(order))
}

export interface HeldOptions {
  size?: number | undefined
  order?: number | 'auto' | undefined
  keepColumns?: readonly string[] | undefined
}

/**
 * About how many bytes are held at most, when the texts of a row have `textBytes` together. After a pruning, these are the
 * values of the block that is being filled and of the rows kept of earlier ones.
 */
export function heldBytes(options: HeldOptions, textBytes: number): number {
  const { size = 1000, order, keepColumns = [] } = options
  const rows = blockRows(options) + PER_SIZE.pool * size * factorOf(order) + BETWEEN + CHUNK
  return keepColumns.length === 0 ? 0 : rows * (BYTES_PER_VALUE * (keepColumns.length + 1) + textBytes)
}

/** An order that is chosen takes twice the rows. */
function factorOf(order: HeldOptions['order']): number {
  return order === undefined || order === 'auto' ? 2 : 1
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
