// Turns a table into points: chooses the columns, the weights and the rows. Wrong values are found here, where row, line and
// column are known.
import { pathName, type Watch } from '../io/bytes.js'
import { readTable } from '../io/read.js'
import type { Column, Table, Trouble } from '../io/table.js'
import { float64s, uint32s } from '../native/memory.js'
import { nearest } from '../nearest.js'
import { CliError, EXIT } from './exit.js'
import {
  hasOtherNumbers,
  type Roles,
  rolesOf,
  rowNumbersRemark,
  sentinelRemark,
  unclearError,
  unnamedRemark,
} from './remarks.js'
import { names as listOf, whole } from './report.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface SelectionOptions {
  /** The point columns by name. Default: all columns of numbers, except weights and source rows. */
  columns?: readonly string[] | undefined
  /** The column of weights. Default: the one that the file tells, else all weights are 1. */
  weights?: string | undefined
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

/** Reads the columns that are used, and turns them into points. Throws as readTable() and CliError as select() does. */
export async function readSelection(
  path: string,
  options: SelectionOptions,
  command: TextCommand,
  watch: Watch,
): Promise<{ table: Table; selection: Selection }> {
  const { columns, weights } = options
  const wanted = columns && (weights === undefined ? columns : [...columns, weights])
  const table = await readTable(path, { columns: wanted, ...readOptions(command), ...watch })
  return { table, selection: select(pathName(path), table, options) }
}

/** Throws CliError: usage for names that the file lacks, input for wrong values. */
function select(path: string, table: Table, options: SelectionOptions): Selection {
  const notes = [...(table.notes ?? [])]
  const roles = rolesOf(table)
  const find = columnFinder(path, table)
  // A column that was asked for as a coordinate is not the weights as well.
  const own = roles?.weight !== undefined && options.columns?.includes(roles.weight) ? undefined : roles?.weight
  const weightName = options.weights ?? own
  const weights = weightName === undefined ? undefined : find(weightName)
  if (weights !== undefined && options.weights === undefined)
    notes.push(`${path}: the weights are column '${weights.name}'`)
  const columns = options.columns?.map(find) ?? defaultColumns(path, table, roles, weights, notes)
  const all = weights === undefined ? columns : [...columns, weights]
  for (const column of all) checkKind(path, column)

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
    notes: [...notes, ...remarks(path, all)],
  }
}

/** The first remarks, and how many more there are. */
function remarks(path: string, columns: readonly Column[]): string[] {
  const all = columns.flatMap((column) => sentinelRemark(path, column) ?? [])
  return all.length > 5 ? [...all.slice(0, 5), `${path}: ${all.length - 5} more columns like that`] : all
}

/** Finds columns by name. Throws CliError that suggests a similar name. */
export function columnFinder(path: string, table: Table): (name: string) => Column {
  const byName = new Map(table.columns.map((column) => [column.name, column]))
  return (name) => {
    const column = byName.get(name)
    if (column !== undefined) return column
    const names = [...byName.keys()]
    const meant = nearest(name, names)
    const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`
    throw new CliError(EXIT.usage, `${path}: has no column '${name}'${hint}; its columns are ${listOf(names)}`)
  }
}

function defaultColumns(
  path: string,
  table: Table,
  roles: Roles | undefined,
  weights: Column | undefined,
  notes: string[],
): Column[] {
  const noPoints = [weights?.name, roles?.weight, roles?.row]
  const candidates = table.columns.filter(({ name }) => !noPoints.includes(name))
  const columns = candidates.filter(({ kind }) => kind === 'number')
  const others = candidates.filter(({ kind }) => kind !== 'number')
  const unclear = others.find(hasOtherNumbers)
  if (unclear?.unclear !== undefined) throw unclearError(path, unclear, place(unclear.unclear.first))
  if (columns.length === 0) {
    const isOne = table.format === 'csv' && table.columns.length === 1
    const help = isOne ? '; --delimiter says what stands between the cells' : ''
    throw new CliError(
      EXIT.input,
      `${path}: has no column of numbers; its columns are ${listOf(candidates.map(named))}${help}`,
    )
  }
  if (others.length > 0) notes.push(`${path}: left out, no numbers: ${listOf(others.map(named))}`)
  if (roles?.row !== undefined && table.meta === undefined && table.roles === undefined) {
    notes.push(`${path}: column '${roles.row}' has source rows of a file that fewpoints wrote, left out`)
  }
  const unused = weights === undefined ? columns.find(({ name }) => /^weights?$/i.test(name)) : undefined
  if (unused)
    notes.push(
      `${path}: column '${unused.name}' is taken for a coordinate; --weights ${unused.name} makes it the weights`,
    )
  if (!table.named) {
    const help = table.format === 'csv' ? '; --header takes the first line for names' : ''
    notes.push(`${path}: no names found, the columns are ${listOf(columns.map(({ name }) => name))}${help}`)
  }
  const remark = unnamedRemark(path, table) ?? rowNumbersRemark(path, table)
  if (remark !== undefined) notes.push(remark)
  return columns
}

function named({ name, kind, stored, unclear }: Column): string {
  const example = kind === 'text' && unclear !== undefined ? `, as '${unclear.first.text}'` : ''
  return `${name} (${kind === 'other' ? stored : kind}${example})`
}

/** For columns that were asked for by name. */
function checkKind(path: string, column: Column): void {
  const { name, kind, stored, text, unclear } = column
  if (unclear !== undefined) throw unclearError(path, column, place(unclear.first))
  if (kind === 'number') return
  if (kind === 'empty')
    throw new CliError(EXIT.input, `${path}: column '${name}' has no numbers: all its values are missing`)
  const example = text === undefined ? `it is ${stored}` : `${place(text)} is '${text.text}'`
  throw new CliError(EXIT.input, `${path}: column '${name}' is not a column of numbers: ${example}`)
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
  if (!dropMissing) throw troubleError(path, table, troubled)
  const rows = uint32s(table.rows)
  const values = troubled.map((column) => column.values as Float64Array)
  let count = 0
  for (let row = 0; row < table.rows; row++) {
    if (values.every((column) => Number.isFinite(column[row]))) rows[count++] = row
  }
  if (count === 0) {
    throw new CliError(
      EXIT.input,
      `${path}: each of its ${whole(table.rows)} rows has a missing value in ${listOf(troubled.map(({ name }) => name))}`,
    )
  }
  return rows.slice(0, count)
}

/** The first wrong value in the file, with row, line, column and a remedy. */
function troubleError(path: string, table: Table, troubled: readonly Column[]): CliError {
  const first = troubled.reduce((a, b) => ((b.trouble as Trouble).row < (a.trouble as Trouble).row ? b : a))
  const trouble = first.trouble as Trouble
  const what = {
    missing: 'the value is missing',
    text: `'${trouble.text}' is not a number`,
    nan: 'the value is NaN',
    infinite: 'the value is infinite or beyond float64',
    inexact: `${trouble.text} is beyond 2^53 and cannot be held exactly`,
  }[trouble.kind]
  const count = first.missing + first.texts + first.notFinite
  const more = count > 1 ? ` (${whole(count)} of ${whole(table.rows)} rows have no number there)` : ''
  const help =
    trouble.kind === 'inexact'
      ? '--columns chooses columns'
      : '--drop-missing leaves such rows out, --columns chooses columns'
  const names = trouble.kind === 'text' && trouble.line === 1 ? ', --header takes line 1 for names' : ''
  return new CliError(EXIT.input, `${path}: ${place(trouble)}, column '${first.name}': ${what}${more}; ${help}${names}`)
}

function place({ row, line }: Trouble): string {
  return line === undefined ? `row ${row}` : `row ${row} (line ${line})`
}

function checkWeights(path: string, name: string, weights: Float64Array, rows: Uint32Array | undefined): void {
  const negative = weights.findIndex((weight) => weight < 0)
  if (negative !== -1) {
    const row = rows?.[negative] ?? negative
    throw new CliError(
      EXIT.input,
      `${path}: row ${row}, column '${name}': the weight is ${weights[negative]}; weights must not be negative`,
    )
  }
  if (!weights.some((weight) => weight > 0))
    throw new CliError(EXIT.input, `${path}: column '${name}': all weights are 0`)
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
