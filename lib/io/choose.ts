// Which columns of a file are the coordinates, which are the weights, and what the user should know about that. Wrong values
// are described here as well: row, line, column and a remedy.
import { type CodedError, rangeError } from '../errors.js'
import { nearest } from '../nearest.js'
import { fileError } from './bytes.js'
import {
  hasOtherNumbers,
  type Roles,
  rolesOf,
  rowNumbersRemark,
  sentinelRemark,
  unclearError,
  unnamedRemark,
} from './remarks.js'
import type { Column, Table, Trouble } from './table.js'
import { listOf } from './text.js'

export interface ChoiceOptions {
  /** The coordinates by name. Default: all columns of numbers, except weights and source rows. */
  columns?: readonly string[] | undefined
  /** The column of weights. Default: the one that the file tells, else all weights are 1. */
  weights?: string | undefined
  /** Columns that are no coordinates unless they are asked for. */
  others?: readonly string[] | undefined
  /** How many first rows the table has, when it has not all. */
  part?: number | undefined
}

export interface Choice {
  columns: Column[]
  weights: Column | undefined
  roles: Roles | undefined
  /** Remarks for the user, a sentence each. */
  notes: string[]
}

/** Throws Error ERR_OPTION for names that the file lacks, and ERR_FILE for columns that are no numbers. */
export function chooseColumns(path: string, table: Table, options: ChoiceOptions): Choice {
  const notes = [...(table.notes ?? [])]
  const roles = rolesOf(table)
  const find = columnFinder(path, table)
  // A column that was asked for as a coordinate is not the weights as well.
  const own = roles?.weight !== undefined && options.columns?.includes(roles.weight) ? undefined : roles?.weight
  const weightName = options.weights ?? own
  const weights = weightName === undefined ? undefined : find(weightName)
  if (weights !== undefined && options.weights === undefined)
    notes.push(`${path}: the weights are column '${weights.name}'`)
  const columns = options.columns?.map(find) ?? defaultColumns(path, table, roles, weights, options.others ?? [], notes)
  const all = weights === undefined ? columns : [...columns, weights]
  for (const column of all) checkKind(path, column, options.part !== undefined)
  return { columns, weights, roles, notes: [...notes, ...remarks(path, all, options.part)] }
}

/** The first remarks, and how many more there are. */
function remarks(path: string, columns: readonly Column[], part: number | undefined): string[] {
  const where = part === undefined ? '' : ` in the first ${part} rows`
  const all = columns.flatMap((column) => sentinelRemark(path, column, where) ?? [])
  return all.length > 5 ? [...all.slice(0, 5), `${path}: ${all.length - 5} more columns like that`] : all
}

/** Finds columns by name. Throws Error ERR_OPTION that suggests a similar name. */
export function columnFinder(path: string, table: Table): (name: string) => Column {
  const byName = new Map(table.columns.map((column) => [column.name, column]))
  return (name) => {
    const column = byName.get(name)
    if (column !== undefined) return column
    const names = [...byName.keys()]
    const meant = nearest(name, names)
    const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`
    throw rangeError('ERR_OPTION', `${path}: has no column '${name}'${hint}; its columns are ${listOf(names)}`)
  }
}

function defaultColumns(
  path: string,
  table: Table,
  roles: Roles | undefined,
  weights: Column | undefined,
  noPoints: readonly string[],
  notes: string[],
): Column[] {
  const left = [weights?.name, roles?.weight, roles?.row, ...(roles?.kept ?? []), ...noPoints]
  const candidates = table.columns.filter(({ name }) => !left.includes(name))
  const columns = candidates.filter(({ kind }) => kind === 'number')
  const others = candidates.filter(({ kind }) => kind !== 'number')
  const unclear = others.find(hasOtherNumbers)
  if (unclear?.unclear !== undefined) throw unclearError(path, unclear, place(unclear.unclear.first))
  if (columns.length === 0) {
    const isOne = table.format === 'csv' && table.columns.length === 1
    const help = isOne ? '; --delimiter says what stands between the cells' : ''
    throw fileError(path, `has no column of numbers; its columns are ${listOf(candidates.map(named))}${help}`)
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
function checkKind(path: string, column: Column, isPart: boolean): void {
  const { name, kind, stored, text, unclear } = column
  if (unclear !== undefined) throw unclearError(path, column, place(unclear.first))
  // Numbers may come after the first rows.
  if (kind === 'number' || (kind === 'empty' && isPart)) return
  if (kind === 'empty') throw fileError(path, `column '${name}' has no numbers: all its values are missing`)
  const example = text === undefined ? `it is ${stored}` : `${place(text)} is '${text.text}'`
  throw fileError(path, `column '${name}' is not a column of numbers: ${example}`)
}

/** A wrong value, with row, line, column and a remedy. `more`: what else is to be said about the column. */
export function troubleError(path: string, name: string, trouble: Trouble, more = ''): CodedError {
  const what = {
    missing: 'the value is missing',
    text: `'${trouble.text}' is not a number`,
    nan: 'the value is NaN',
    infinite: 'the value is infinite or beyond float64',
    inexact: `${trouble.text} is beyond 2^53 and cannot be held exactly`,
  }[trouble.kind]
  const help =
    trouble.kind === 'inexact'
      ? '--columns chooses columns'
      : '--drop-missing leaves such rows out, --columns chooses columns'
  const names = trouble.kind === 'text' && trouble.line === 1 ? ', --header takes line 1 for names' : ''
  return fileError(path, `${place(trouble)}, column '${name}': ${what}${more}; ${help}${names}`)
}

export function weightError(path: string, name: string, row: number, weight: number): CodedError {
  return fileError(path, `row ${row}, column '${name}': the weight is ${weight}; weights must not be negative`)
}

export function place({ row, line }: Trouble): string {
  return line === undefined ? `row ${row}` : `row ${row} (line ${line})`
}
