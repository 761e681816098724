// Takes the rows of a text table one by one, as cells, and makes a block of them. The first value that is refused ends it.
import { type addCell, type CellTaker, cellAdder, cellValue, type Decimal } from '../cell.js'
import { place, troubleError } from '../choose.js'
import type { Dialect } from '../dialect.js'
import { unclearError } from '../remarks.js'
import { type Column, type ReadOptions, shortened, type TroubleKind } from '../table.js'
import type { RowTaker } from '../text-rows.js'
import { type Block, rowsPerBlock, type Use } from './types.js'
import { exact } from './views.js'

/** Thrown by row() when the row is refused: the block ends before it. */
export class EndOfBlock extends Error {}

export class RowSink implements RowTaker {
  /** Rows of a block. It may become a little longer by rows that come together. */
  readonly most: number
  points: Float64Array
  weights: Float64Array | undefined
  kept: unknown[][] = []
  /** Rows so far. */
  count = 0
  /** Why no row can follow. */
  refusal: unknown
  readonly #path: string
  readonly #decimal: Decimal
  readonly #columns: readonly Column[]
  readonly #use: Use
  readonly #add: typeof addCell
  readonly #cell: Cell

  constructor(
    path: string,
    options: ReadOptions & { dropMissing: boolean },
    dialect: Dialect,
    columns: readonly Column[],
    use: Use,
  ) {
    const m = use.columns.length
    this.#path = path
    this.#decimal = dialect.decimal
    this.#columns = columns
    this.#use = use
    this.#add = cellAdder(dialect.decimal, options.missing)
    this.#cell = new Cell(options.dropMissing)
    this.most = rowsPerBlock(m + use.keep.length)
    this.points = new Float64Array(this.most * m)
    this.weights = use.weight === undefined ? undefined : new Float64Array(this.most)
  }

  get room(): number {
    return this.most - this.count
  }

  /** Begins a block. */
  clear(): void {
    this.count = 0
    this.kept = this.#use.keep.map(() => [])
  }

  block(): Pick<Block, 'count' | 'points' | 'weights' | 'kept'> {
    const { count, kept } = this
    const m = this.#use.columns.length
    return { count, points: this.points.subarray(0, count * m), weights: this.weights?.subarray(0, count), kept }
  }

  begin(): void {}

  row(cells: readonly string[], line: number, row: number): void {
    const { columns, weight, keep } = this.#use
    const m = columns.length
    if ((this.count + 1) * m > this.points.length) this.#grow()
    for (let a = 0; a < m; a++) this.points[this.count * m + a] = this.#number(columns[a], cells, line, row)
    if (weight !== undefined) (this.weights as Float64Array)[this.count] = this.#number(weight, cells, line, row)
    for (const [k, i] of keep.entries())
      this.kept[k].push(cellValue(cells[i], this.#decimal, this.#columns[i].kind === 'number'))
    this.count++
  }

  #grow(): void {
    const twice = (before: Float64Array) => {
      const after = new Float64Array(2 * before.length)
      after.set(before)
      return after
    }
    this.points = twice(this.points)
    this.weights = this.weights && twice(this.weights)
  }

  /** NaN for what is left out. Throws EndOfBlock. */
  #number(column: number, cells: readonly string[], line: number, row: number): number {
    const cell = this.#cell
    this.#add(cell, cells[column], line)
    if (cell.fault === undefined) return cell.value
    const { kind, text, isUnclear } = cell.fault
    cell.fault = undefined
    const trouble = { kind, row, line, text: text === undefined ? undefined : shortened(text) }
    const { name } = this.#columns[column]
    this.refusal = isUnclear
      ? unclearError(this.#path, { ...this.#columns[column], unclear: { count: 1, first: trouble } }, place(trouble))
      : troubleError(this.#path, name, trouble)
    throw new EndOfBlock()
  }
}

/** Takes one cell: its number, or why there is none. */
class Cell implements CellTaker {
  value = 0
  fault: { kind: TroubleKind; text?: string; isUnclear?: boolean } | undefined
  readonly #dropMissing: boolean

  constructor(dropMissing: boolean) {
    this.#dropMissing = dropMissing
  }

  number(value: number): void {
    this.value = value
    if (value - value !== 0) this.#refuse({ kind: Number.isNaN(value) ? 'nan' : 'infinite' })
  }

  missing(): void {
    this.#refuse({ kind: 'missing' })
  }

  text(text: string): void {
    this.#refuse({ kind: 'text', text })
  }

  unclear(text: string): void {
    // Such a number must not be left out either.
    this.fault = { kind: 'text', text, isUnclear: true }
  }

  bigint(value: bigint): void {
    this.value = exact(value)
    if (Number.isNaN(this.value)) this.#refuse({ kind: 'inexact', text: String(value) })
  }

  #refuse(fault: { kind: TroubleKind; text?: string }): void {
    this.value = Number.NaN
    if (!this.#dropMissing) this.fault = fault
  }
}
