// From the columns of a table to points and weights. A value that is missing is refused, or its row is left out.
import { fileError } from '#dist/io/bytes.js'
import { chooseColumns, place, weightError } from '#dist/io/choose.js'
import { unclearError } from '#dist/io/remarks.js'
import type { Column, Table, Trouble } from '#dist/io/table.js'
import { listOf, whole } from '#dist/io/text.js'

export interface Selection {
  names: string[]
  /** count x names.length, row-major. */
  points: Float64Array
  weights: Float64Array | undefined
  count: number
  /** Per point, its row in the file. Undefined when the points are all rows. */
  rows: Uint32Array | undefined
  dropped: number
  notes: string[]
}

export interface SelectOptions {
  columns: readonly string[]
  weights: string | undefined
  dropMissing: boolean
}

/** Throws Error ERR_FILE with row, line and column of a wrong value. */
export function select(path: string, table: Table, options: SelectOptions): Selection {
  const choice = chooseColumns(path, table, options)
  const weightColumn = options.weights === undefined ? undefined : choice.weights
  const used = weightColumn === undefined ? choice.columns : [...choice.columns, weightColumn]
  const rows = keptRows(path, table, used, options.dropMissing)
  const count = rows?.length ?? table.rows
  const weights = weightColumn && gather([weightColumn], count, rows)
  if (weightColumn !== undefined && weights !== undefined) checkWeights(path, weightColumn.name, weights, rows)
  return {
    names: choice.columns.map(({ name }) => name),
    points: gather(choice.columns, count, rows),
    weights,
    count,
    rows,
    dropped: table.rows - count,
    notes: choice.notes.map((note) => note.replace(/; where .*--missing .*$/, '')),
  }
}

/** The rows in which all of these columns have finite numbers; undefined when these are all rows. */
function keptRows(path: string, table: Table, columns: readonly Column[], dropMissing: boolean) {
  const troubled = columns.filter(({ trouble }) => trouble !== undefined)
  if (troubled.length === 0) return undefined
  if (!dropMissing) throw firstTrouble(path, table, troubled)
  for (const column of troubled) {
    // A number that can be read in two ways must not be left out silently.
    if (column.unclear !== undefined) throw unclearError(path, column, place(column.unclear.first))
  }
  const values = troubled.map((column) => column.values as Float64Array)
  const rows = new Uint32Array(table.rows)
  let count = 0
  for (let row = 0; row < table.rows; row++) {
    if (values.every((column) => Number.isFinite(column[row]))) rows[count++] = row
  }
  if (count > 0) return rows.slice(0, count)
  const names = listOf(troubled.map(({ name }) => name))
  throw fileError(path, `each of its ${whole(table.rows)} rows has a missing value in ${names}`)
}

const WHAT = {
  missing: () => 'the value is missing',
  text: ({ text }: Trouble) => `'${text}' is not a number`,
  nan: () => 'the value is NaN',
  infinite: () => 'the value is infinite or beyond float64',
  inexact: ({ text }: Trouble) => `${text} is beyond 2^53 and cannot be held exactly`,
}

/** The first wrong value in the file, in the words of the page. */
function firstTrouble(path: string, table: Table, troubled: readonly Column[]) {
  const first = troubled.reduce((a, b) => ((b.trouble as Trouble).row < (a.trouble as Trouble).row ? b : a))
  const trouble = first.trouble as Trouble
  const count = first.missing + first.texts + first.notFinite
  const more = count > 1 ? ` (${whole(count)} of ${whole(table.rows)} rows have no number there)` : ''
  const help = 'Tick “Leave out rows without a number”, or choose other columns.'
  return fileError(path, `${place(trouble)}, column '${first.name}': ${WHAT[trouble.kind](trouble)}${more}. ${help}`)
}

function checkWeights(path: string, name: string, weights: Float64Array, rows: Uint32Array | undefined): void {
  const negative = weights.findIndex((weight) => weight < 0)
  if (negative !== -1) throw weightError(path, name, rows?.[negative] ?? negative, weights[negative])
  if (!weights.some((weight) => weight > 0)) throw fileError(path, `column '${name}': all weights are 0`)
}

/** The values of some columns, row-major. */
function gather(columns: readonly Column[], count: number, rows: Uint32Array | undefined): Float64Array {
  const width = columns.length
  const result = new Float64Array(count * width)
  for (const [j, column] of columns.entries()) {
    const values = column.values as Float64Array
    if (rows === undefined) for (let i = 0; i < count; i++) result[i * width + j] = values[i]
    else for (let i = 0; i < count; i++) result[i * width + j] = values[rows[i]]
  }
  return result
}
