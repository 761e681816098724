// Turns a table into points: chooses the columns, the weights and the rows. Wrong values are found here, where row, line and
// column are known.
import type { CodedError } from '../errors.js'
import { fileError, pathName, type Watch } from '../io/bytes.js'
import { type ChoiceOptions, chooseColumns, troubleError, weightError } from '../io/choose.js'
import { readTable } from '../io/read.js'
import type { Column, Table, Trouble } from '../io/table.js'
import { float64s, uint32s } from '../native/memory.js'
import { CliError, EXIT } from './exit.js'
import { names as listOf, whole } from './report.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface SelectionOptions extends Pick<ChoiceOptions, 'columns' | 'weights'> {
  /** Whether rows with a value that is not a finite number are left out. Otherwise they are an error. */
  dropMissing: boolean
}

export interface Selection {
  names: string[]
  /** count x names.length, row-major. */
  points: Float64Array
  weights: Float64Array | undefined
  /** The column of weights; null when all weights are 1. */
  weightColumn: string | null
  count: number
  /** Per point, its data row in the file. Undefined when the points are all rows. */
  rows: Uint32Array | undefined
  dropped: number
  /** Remarks for the user, a sentence each. */
  notes: string[]
}

/**
 * Reads the columns that are used, and turns them into points. Throws CliError for names that the file lacks, and as
 * readTable() does.
 */
export async function readSelection(
  path: string,
  options: SelectionOptions,
  command: TextCommand,
  watch: Watch,
): Promise<{ table: Table; selection: Selection }> {
  const { columns, weights } = options
  const wanted = columns && (weights === undefined ? columns : [...columns, weights])
  const table = await readTable(path, { columns: wanted, ...readOptions(command), ...watch })
  try {
    return { table, selection: select(pathName(path), table, options) }
  } catch (error) {
    if ((error as Partial<CodedError>).code !== 'ERR_OPTION') throw error
    throw new CliError(EXIT.usage, (error as Error).message, { cause: error })
  }
}

/** Throws Error ERR_OPTION for names that the file lacks, ERR_FILE for wrong values. */
function select(path: string, table: Table, options: SelectionOptions): Selection {
  const { columns, weights, notes } = chooseColumns(path, table, options)
  const all = weights === undefined ? columns : [...columns, weights]
  const rows = keptRows(path, table, all, options.dropMissing)
  const count = rows?.length ?? table.rows
  const weightValues = weights && gather([weights], count, rows)
  if (weightValues !== undefined) checkWeights(path, weights?.name as string, weightValues, rows)
  return {
    names: columns.map(({ name }) => name),
    points: gather(columns, count, rows),
    weights: weightValues,
    weightColumn: weights?.name ?? null,
    count,
    rows,
    dropped: table.rows - count,
    notes,
  }
}

/** The rows in which all of these columns have finite numbers; undefined when these are all rows. */
function keptRows(
  path: string,
  table: Table,
  columns: readonly Column[],
  dropMissing: boolean,
): Uint32Array | undefined {
  const troubled = columns.filter(({ trouble }) => trouble !== undefined)
  if (troubled.length === 0) return undefined
  if (!dropMissing) throw firstTrouble(path, table, troubled)
  const rows = uint32s(table.rows)
  const values = troubled.map((column) => column.values as Float64Array)
  let count = 0
  for (let row = 0; row < table.rows; row++) {
    if (values.every((column) => Number.isFinite(column[row]))) rows[count++] = row
  }
  if (count === 0) {
    const names = listOf(troubled.map(({ name }) => name))
    throw fileError(path, `each of its ${whole(table.rows)} rows has a missing value in ${names}`)
  }
  return rows.slice(0, count)
}

/** The first wrong value in the file. */
function firstTrouble(path: string, table: Table, troubled: readonly Column[]): CodedError {
  const first = troubled.reduce((a, b) => ((b.trouble as Trouble).row < (a.trouble as Trouble).row ? b : a))
  const count = first.missing + first.texts + first.notFinite
  const more = count > 1 ? ` (${whole(count)} of ${whole(table.rows)} rows have no number there)` : ''
  return troubleError(path, first.name, first.trouble as Trouble, more)
}

function checkWeights(path: string, name: string, weights: Float64Array, rows: Uint32Array | undefined): void {
  const negative = weights.findIndex((weight) => weight < 0)
  if (negative !== -1) throw weightError(path, name, rows?.[negative] ?? negative, weights[negative])
  if (!weights.some((weight) => weight > 0)) throw fileError(path, `column '${name}': all weights are 0`)
}

/** The values of some columns, row-major. */
export function gather(columns: readonly Column[], count: number, rows: Uint32Array | undefined): Float64Array {
  const width = columns.length
  const result = float64s(count * width)
  for (const [j, column] of columns.entries()) {
    const values = column.values as Float64Array
    if (rows === undefined) for (let i = 0; i < count; i++) result[i * width + j] = values[i]
    else for (let i = 0; i < count; i++) result[i * width + j] = values[rows[i]]
  }
  return result
}
