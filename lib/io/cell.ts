// One cell of a text file: a number, a missing value, or a text.
import type { ColumnBuilder } from './table.js'

// What stands for "nothing here" in the files of R, pandas, SQL exports and spreadsheets; compared in lower case.
const MISSING = new Set(['', 'na', 'n/a', '#n/a', '<na>', 'null', '-', '?', '.'])
const NOT_FINITE = new Map([
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
])
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** Adds one cell to a column. Costs one conversion for an ordinary number. */
export function addCell(builder: ColumnBuilder, cell: string, line: number): void {
  const value = +cell
  if (isOrdinary(cell, value)) {
    builder.number(value, line)
    return
  }
  const text = cell.trim()
  const lower = text.toLowerCase()
  const special = NOT_FINITE.get(lower)
  if (special !== undefined) builder.number(special, line)
  else if (MISSING.has(lower)) builder.missing(line)
  else if (DECIMAL.test(text)) builder.number(Number(text), line)
  else builder.text(text, line)
}

/** Whether a cell is a number or stands for one (NaN, a missing value); otherwise it is a text. */
export function isNumberLike(cell: string): boolean {
  const lower = cell.trim().toLowerCase()
  return DECIMAL.test(lower) || NOT_FINITE.has(lower) || MISSING.has(lower)
}

export function isNumber(cell: string): boolean {
  return DECIMAL.test(cell.trim())
}

/**
 * Whether the conversion by `+cell` can be trusted. It reads '' and blanks as 0 and knows 0x10, 0b1 and 0o7, so: finite,
 * a digit, a sign or a point in front, and behind a leading 0 no letter but the e of an exponent.
 */
function isOrdinary(cell: string, value: number): boolean {
  if (value - value !== 0) return false
  const first = cell.charCodeAt(0)
  if (first === 48) {
    const second = cell.charCodeAt(1) | 32
    return !(second >= 97 && second <= 122) || second === 101
  }
  return (first > 48 && first <= 57) || first === 45 || first === 46 || first === 43
}
