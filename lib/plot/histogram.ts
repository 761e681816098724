// Weighted histograms of single columns and of pairs of columns, filled chunk by chunk.
import { rangeError } from '../errors.js'
import type { Range } from './range.js'

/** Cells of equal width: cell i begins at low + i * width and does not include its end. */
export interface Cells {
  low: number
  width: number
  count: number
}

// Beside the values, so that no mark is cut in half by the frame.
const MARGIN = 0.03

/**
 * At most `most` cells for a range. On a lattice, each has the same number of values, or the drawing would have stripes that
 * the data has not.
 */
export function cellsFor({ low, high, least, step }: Range, most: number, label: string): Cells {
  const cells = step === undefined ? evenCells(low, high, most) : latticeCells(low, high, least, step, most)
  if (!(cells.width > 0 && cells.width < Number.POSITIVE_INFINITY && cells.low + cells.width > cells.low))
    throw rangeError('ERR_NOT_FINITE', `the values of ${label}, from ${low} to ${high}, cannot be drawn on one axis`)
  return cells
}

function evenCells(low: number, high: number, most: number): Cells {
  if (low === high) {
    const margin = Math.abs(low) / 2 || 1
    return { low: low - margin, width: (2 * margin) / 3, count: 3 }
  }
  const margin = Math.round(MARGIN * most) // cells
  // A little wider, so that the last cell has the largest value too.
  const width = ((high - low) / (most - 2 * margin)) * (1 + 1e-9)
  return { low: low - margin * width, width, count: most }
}

function latticeCells(low: number, high: number, least: number, step: number, most: number): Cells {
  const first = Math.ceil((low - least) / step - 1e-3)
  const last = Math.floor((high - least) / step + 1e-3)
  const values = last - first + 1
  const margin = values > 15 ? Math.ceil(MARGIN * values) : 0
  const each = Math.ceil((values + 2 * margin) / most)
  return {
    low: least + (first - margin - 0.5) * step,
    width: each * step,
    count: Math.ceil((values + 2 * margin) / each),
  }
}

/** The cell of a value; -1 outside. */
export function cellOf({ low, width, count }: Cells, value: number): number {
  const cell = Math.floor((value - low) / width)
  return cell >= 0 && cell < count ? cell : -1
}

export interface PlotColumn {
  /** The title of its axis. */
  label: string
  range: Range
  /** The cells of the density. They span the axis. */
  fine: Cells
  /** The bars of the histogram of this column alone. */
  bars: Cells
}

/** Counts the weights of all rows: for each column by bars, for each pair of columns by cells. */
export class Counter {
  readonly columns: readonly PlotColumn[]
  /** Rows of a weight above 0, and their weight. */
  rows = 0
  weight = 0
  /** Those that lie outside in some column. */
  outside = { rows: 0, weight: 0 }
  readonly #bars: Float64Array[]
  readonly #pairs: Float64Array[][]

  constructor(columns: readonly PlotColumn[]) {
    this.columns = columns
    this.#bars = columns.map(({ bars }) => new Float64Array(bars.count))
    this.#pairs = columns.map((one, a) =>
      columns.slice(0, a).map((other) => new Float64Array(one.fine.count * other.fine.count)),
    )
  }

  /** `points`: count x columns, row-major. Rows of weight 0 do not count. */
  add(points: Float64Array, weights: Float64Array | undefined, count: number): void {
    const m = this.columns.length
    const cells = new Int32Array(m)
    for (let i = 0; i < count; i++) {
      const weight = weights === undefined ? 1 : weights[i]
      if (weight === 0) continue
      this.rows++
      this.weight += weight
      let isInside = true
      for (let a = 0; a < m; a++) {
        const value = points[i * m + a]
        const bar = cellOf(this.columns[a].bars, value)
        if (bar !== -1) this.#bars[a][bar] += weight
        cells[a] = cellOf(this.columns[a].fine, value)
        if (cells[a] === -1) isInside = false
        else for (let b = 0; b < a; b++) this.#count(a, b, cells, weight)
      }
      if (isInside) continue
      this.outside.rows++
      this.outside.weight += weight
    }
  }

  /** The weight per bar of a column. */
  bars(a: number): Float64Array {
    return this.#bars[a]
  }

  /** The weight per cell of columns a > b: cell i of a and j of b at i * (cells of b) + j. */
  pair(a: number, b: number): Float64Array {
    return this.#pairs[a][b]
  }

  #count(a: number, b: number, cells: Int32Array, weight: number): void {
    if (cells[b] !== -1) this.#pairs[a][b][cells[a] * this.columns[b].fine.count + cells[b]] += weight
  }
}
