// The values of DuckDB's vectors: numbers to compute with, and values of other kinds for columns that are carried along.
import type { DuckDBDecimalValue, DuckDBVector } from '@duckdb/node-api'
import { fileError } from './bytes.js'
import { decimalToNumber } from './decimal.js'
import { exact, gather } from './rows/views.js'
import type { ColumnKind } from './table.js'
import { dayOf, instantOf, timeText } from './times.js'

export interface SqlColumn {
  name: string
  kind: ColumnKind
  /** DuckDB's name of the type, in lower case. */
  stored: string
  /** The same without parameters: DECIMAL, ENUM, ... */
  type: string
}

/** What a vector has. Vectors of numbers have their array, and which of them are null: a bit each, 0 for null. */
interface Vector {
  itemCount: number
  items?: ArrayLike<number> | ArrayLike<bigint>
  validity?: { data: BigUint64Array | null; offset: number }
  getItem(index: number): unknown
}

const ARRAYS = new Set([
  ...['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'],
  ...['FLOAT', 'DOUBLE'],
])
const NUMBERS = new Set([...ARRAYS, 'HUGEINT', 'UHUGEINT', 'DECIMAL'])
const TEXTS = new Set(['VARCHAR', 'ENUM'])

/** `type`: the name in DuckDBTypeId; `stored`: that with its parameters. */
export function describeColumn(name: string, type: string, stored: string): SqlColumn {
  let kind: ColumnKind = 'other'
  if (NUMBERS.has(type)) kind = 'number'
  else if (TEXTS.has(type)) kind = 'text'
  else if (type === 'SQLNULL') kind = 'empty'
  return { name, kind, stored: stored.toLowerCase(), type }
}

export interface Numbers {
  /** A number, a bigint, or null. */
  at(row: number): unknown
  /** Writes numbers at equal distances, NaN where there is none. */
  into(row: number, count: number, to: Float64Array, offset: number, stride: number): void
}

export function numbersIn({ type }: SqlColumn, given: DuckDBVector): Numbers {
  const vector = given as unknown as Vector
  const { items, validity } = vector
  const bits = validity?.data ?? null
  if (items !== undefined && ARRAYS.has(type)) {
    if (bits === null) {
      const into: Numbers['into'] = (row, count, to, o, s) =>
        gather({ values: items, offset: row, stride: 1 }, count, to, o, s)
      return { at: (row) => items[row], into }
    }
    const bytes = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength)
    return slowly((row) => ((bytes[row >> 3] >> (row & 7)) & 1 ? items[row] : null))
  }
  if (type === 'DECIMAL') {
    return slowly((row) => {
      const decimal = vector.getItem(row) as DuckDBDecimalValue | null
      return decimal && decimalToNumber(decimal.value, decimal.scale)
    })
  }
  return slowly((row) => vector.getItem(row))
}

function slowly(at: (row: number) => unknown): Numbers {
  return {
    at,
    into(row, count, to, offset, stride) {
      for (let i = 0; i < count; i++) {
        const value = at(row + i)
        to[offset + i * stride] =
          typeof value === 'number' ? value : typeof value === 'bigint' ? exact(value) : Number.NaN
      }
    },
  }
}

/** The values of a column that is carried along. Throws Error ERR_FILE for kinds that are not. */
export function valuesIn(path: string, column: SqlColumn, given: DuckDBVector): (row: number) => unknown {
  const vector = given as unknown as Vector
  if (column.kind === 'empty') return () => null
  if (column.kind === 'number') return numbersIn(column, given).at
  const convert = converterOf(column.type)
  if (convert === undefined) {
    const what = `column '${column.name}' is ${column.stored}`
    throw fileError(path, `${what}; numbers, texts, booleans and times can be carried along`)
  }
  return (row) => {
    const value = vector.getItem(row)
    return value === null ? null : convert(value)
  }
}

/** From DuckDB's value objects, by the name of the type. */
function converterOf(type: string): ((value: unknown) => unknown) | undefined {
  if (TEXTS.has(type) || type === 'BOOLEAN') return (value) => value
  const field = <T>(value: unknown, name: string) => (value as Record<string, T>)[name]
  switch (type) {
    case 'DATE':
      return (value) => dayOf(field<number>(value, 'days'))
    case 'TIMESTAMP_S':
      return (value) => instantOf(field<bigint>(value, 'seconds'), 'SECONDS', false)
    case 'TIMESTAMP_MS':
      return (value) => instantOf(field<bigint>(value, 'millis'), 'MILLIS', false)
    case 'TIMESTAMP':
      return (value) => instantOf(field<bigint>(value, 'micros'), 'MICROS', false)
    case 'TIMESTAMP_TZ':
      return (value) => instantOf(field<bigint>(value, 'micros'), 'MICROS', true)
    case 'TIMESTAMP_NS':
      return (value) => instantOf(field<bigint>(value, 'nanos'), 'NANOS', false)
    case 'TIME':
      return (value) => timeText(field<bigint>(value, 'micros'), 'MICROS')
    case 'UUID':
    case 'BIGNUM':
      return String
    default:
      return undefined
  }
}
