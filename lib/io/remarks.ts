// Remarks on the values of a column, and the reasons for refusing a number in another notation.
import type { CodedError } from '../errors.js'
import { fileError } from './bytes.js'
import { otherNotation } from './cell.js'
import { type Column, ROW_NAME, type Table, WEIGHT_NAME } from './table.js'
import { whole } from './text.js'

export interface Roles {
  weight: string | undefined
  row: string | undefined
  /** Columns that were carried along. */
  kept: readonly string[]
}

/** The columns of weights and source rows: as the file tells, else recognised as those that compress writes. */
export function rolesOf(table: Table): Roles | undefined {
  if (table.roles !== undefined)
    return { weight: table.roles.weight, row: table.roles.row ?? undefined, kept: table.meta?.kept ?? [] }
  return ownRoles(table)
}

/**
 * CSV, TSV and JSON have no metadata. Files of compress are recognised by this: two columns side by side are called weight
 * and row, all weights are above 0, and the rows are distinct whole numbers. In several such files joined into one, the rows
 * ascend piece by piece. Columns behind these two were carried along.
 */
function ownRoles({ columns, named }: Table): Roles | undefined {
  if (!named) return undefined
  const at = columns.findLastIndex(
    ({ name }, i) => i > 1 && ROW_NAME.test(name) && WEIGHT_NAME.test(columns[i - 1].name),
  )
  if (at === -1 || !isOwn(columns[at - 1], columns[at])) return undefined
  return {
    weight: columns[at - 1].name,
    row: columns[at].name,
    kept: columns.slice(at + 1).map(({ name }) => name),
  }
}

function isOwn(weight: Column, row: Column): boolean {
  if (weight.trouble !== undefined || row.trouble !== undefined) return false
  const [weights, rows] = [weight.values, row.values]
  if (weights === undefined || rows === undefined) return false
  if (!weights.every((value) => value > 0) || !rows.every((value) => Number.isInteger(value) && value >= 0))
    return false
  let descents = 0
  for (let i = 1; i < rows.length; i++) if (rows[i] <= rows[i - 1]) descents++
  if (new Set(rows).size === rows.length) return true
  // Measured weights have few decimals. The weights that compress finds have as many as fit.
  const full = weights.reduce(
    (count, value) => count + (Math.abs(value * 1e6 - Math.round(value * 1e6)) > 1e-6 ? 1 : 0),
    0,
  )
  return 10 * descents <= rows.length && 2 * full > rows.length
}

/** A remark on a file without names that looks like an NPY file of compress. */
export function unnamedRemark(path: string, { columns, format }: Table): string | undefined {
  const [weight, row] = columns.slice(-2)
  if (
    format !== 'npy' ||
    columns.length < 3 ||
    !isOwn(weight, row) ||
    row.values?.some((value, i, all) => value <= all[i - 1])
  ) {
    return undefined
  }
  const points = columns.slice(0, -2).map(({ name }) => name)
  const options = points.length > 20 ? '--columns' : `--columns ${points.join(',')}`
  const look = `columns '${weight.name}' and '${row.name}' look like the weights and source rows that fewpoints writes`
  return `${path}: ${look}; ${options} --weights ${weight.name} takes them so`
}

/** A remark on a first column without name that numbers the rows, as pandas and R write it. */
export function rowNumbersRemark(path: string, { columns, named }: Table): string | undefined {
  const [first] = columns
  if (!named || first.name !== 'c0' || first.values === undefined || first.trouble !== undefined) return undefined
  const start = first.values[0]
  if ((start !== 0 && start !== 1) || !first.values.every((value, i) => value === start + i)) return undefined
  return `${path}: column 'c0' has no name and numbers the rows; it is taken for a coordinate unless --columns leaves it out`
}

const NINES = /^-?9{2,}(\.9+)?$/

/**
 * A remark on a column whose least or largest value is -9999 or the like, far from all others. `part`: which of the rows the
 * column has, for the message.
 */
export function sentinelRemark(path: string, { name, values }: Column, part = ''): string | undefined {
  if (values === undefined) return undefined
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < least) least = value
    if (value > largest) largest = value
  }
  for (const extreme of [least, largest]) {
    const text = String(extreme)
    if (!(NINES.test(text) || extreme === -32768) || (extreme > 0 && extreme < 999)) continue
    let count = 0
    let next = 0
    for (const value of values) {
      if (value === extreme) count++
      else if (extreme < 0 ? value < next : value > next) next = value
    }
    const isFar = Math.abs(next) < Math.abs(extreme) / 2
    if (!isFar || count === values.length || (count < 2 && extreme > -999)) continue
    const which = extreme < 0 ? 'least' : 'largest'
    const rows = count === 1 ? '1 row' : `${whole(count)} rows`
    return `${path}: column '${name}': its ${which} value${part} is ${text}, in ${rows}; where that means a missing value, --missing ${text}`
  }
  return undefined
}

/** Whether most texts of the column are numbers in another notation that could be read. */
export function hasOtherNumbers({ texts, unclear }: Column): boolean {
  return unclear !== undefined && 2 * unclear.count >= texts && otherNotation(unclear.first.text ?? '') !== 'sign'
}

/** The error for a column that is used: such numbers must be neither guessed nor left out. */
export function unclearError(path: string, column: Column, place: string): CodedError {
  const text = column.unclear?.first.text ?? ''
  return fileError(path, `${place}, column '${column.name}': ${whyUnclear(text)}`)
}

function whyUnclear(text: string): string {
  const mark = text.includes(',') ? ',' : '.'
  const name = mark === ',' ? 'a comma' : 'a point'
  const writing = otherNotation(text)
  if (writing === 'sign') return `'${text}' is a number with a sign, which is not read; write numbers without it`
  if (writing === 'fraction') {
    return `'${text}' has ${name} before its fraction, where others have none; --decimal ${mark} takes all numbers so`
  }
  if (/^[+-]?\d{1,3}[.,]\d{3}$/.test(text)) {
    const plain = text.replace(/[.,]/, '')
    return `'${text}' may be ${plain} or ${text.replace(',', '.')}; --decimal ${mark} takes it for a fraction, thousands must be written without marks`
  }
  return `'${text}' has marks between the thousands, which are not read; write numbers without them`
}
