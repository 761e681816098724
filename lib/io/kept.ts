// Columns that are carried along with the kept rows: dates, names, keys. Their values are those of the source, of any kind.
import { numberText } from './text.js'

export interface KeptColumn {
  name: string
  /** One value per row of the set: a number, a bigint, a text, a boolean, a Date, or null. */
  values: ArrayLike<unknown>
}

/** What all values of a column are; those that are missing do not count. `empty`: all are missing. */
export type KeptKind = 'number' | 'bigint' | 'text' | 'boolean' | 'date' | 'mixed' | 'empty'

/** Some readers give a whole number as a number where float64 holds it, and as a bigint elsewhere. Such a column is of bigints. */
export function evenKinds(values: ArrayLike<unknown>): ArrayLike<unknown> {
  let bigints = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'bigint') bigints++
    else if (!isMissing(value) && !Number.isInteger(value)) return values
  }
  return bigints === 0 ? values : Array.from(values, (value) => (typeof value === 'number' ? BigInt(value) : value))
}

export function kindOf(values: ArrayLike<unknown>): KeptKind {
  let kind: KeptKind = 'empty'
  for (let i = 0; i < values.length; i++) {
    if (isMissing(values[i])) continue
    const own = kindOfValue(values[i])
    if (kind === 'empty') kind = own
    else if (kind !== own) return 'mixed'
  }
  return kind
}

function kindOfValue(value: unknown): KeptKind {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return typeof value as KeptKind
  if (typeof value === 'string') return 'text'
  return value instanceof Date ? 'date' : 'mixed'
}

export function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined || (value instanceof Date && Number.isNaN(value.getTime()))
}

/** A value as text; '' for one that is missing. Dates are in ISO 8601, lists and objects in JSON. */
export function valueText(value: unknown): string {
  if (isMissing(value)) return ''
  if (typeof value === 'number') return numberText(value)
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? jsonValue(value) : String(value)
}

/** A value as JSON. Whole numbers of 64 bits have all their digits. NaN and the infinities, which JSON lacks, become null. */
export function jsonValue(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : 'null'
  if (typeof value === 'bigint') return String(value)
  if (isMissing(value)) return 'null'
  if (Array.isArray(value)) return `[${value.map(jsonValue).join(',')}]`
  if (typeof value !== 'object' || value instanceof Date) return JSON.stringify(value)
  const fields = Object.entries(value as object).map(([name, field]) => `${JSON.stringify(name)}:${jsonValue(field)}`)
  return `{${fields.join(',')}}`
}
