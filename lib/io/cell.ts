// One cell of a text file: a number, a missing value, or a text.
import type { ColumnBuilder } from './table.js'

export type Decimal = '.' | ','

// What stands for "nothing here" in the files of R, pandas, SQL dumps, statistical offices and programs; compared in
// lower case. Errors of spreadsheets (#DIV/0!, #NAME?, #WERT!) and dashes are found by their form.
const MISSING = new Set([
  ...['', 'na', 'n/a', 'n.a.', 'n.d.', '#n/a', '#n/a n/a', '#na', '#nv', '<na>', 'null', '(null)', '#null', '\\n'],
  ...['none', 'nil', 'missing', 'undefined', '-', '?', '.', '..', ':'],
])
const MISSING_FORM = /^(#[a-zäöü0-9/]+[!?]|-{2,}|\.{3,})$/
const NOT_FINITE = new Map([
  ...['nan', '-nan', '+nan', 'nan(ind)', '-nan(ind)', '1.#ind', '-1.#ind', '1.#qnan', '-1.#qnan'].map(
    (word) => [word, Number.NaN] as const,
  ),
  ...['inf', '+inf', 'infinity', '+infinity', '1.#inf'].map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...['-inf', '-infinity', '-1.#inf'].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
])
// Each of these is linear: a run of digits can be read in one way only.
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/
// Fortran writes the exponents of double precision so. A point or a sign must be there: 1D2 may be an identifier.
const FORTRAN = /^[+-]?(\d+\.\d*|\.\d+|\d+(?=[dDqQ][+-]))[dDqQ][+-]?\d+$/
const DECIMAL_COMMA = /^[+-]?(\d+(,\d+)?|,\d+)([eEdD][+-]?\d+)?$/
// Blanks that do not break a line stand in numbers only between thousands.
const THIN_GROUPS = /^[+-]?\d{1,3}([\u00a0\u202f\u2009]\d{3})+(?!\d)/
const THIN = /[\u00a0\u202f\u2009]/g
const WHOLE = /^[+-]?\d+$/
const EXACT = 2 ** 53

/** Adds one cell to a column. Costs one conversion for an ordinary number. */
export function addCell(builder: ColumnBuilder, cell: string, line: number): void {
  const value = +cell
  if (isOrdinary(cell, value) && value < EXACT && value > -EXACT) builder.number(value, line)
  else addOther(builder, cell, '.', line)
}

/** As addCell, where a comma stands before the fraction. */
export function addCommaCell(builder: ColumnBuilder, cell: string, line: number): void {
  addOther(builder, cell, ',', line)
}

/** As the two above, with words and numbers that stand for a missing value. */
export function cellAdder(decimal: Decimal, missing: readonly string[] = []): typeof addCell {
  if (missing.length === 0) return decimal === '.' ? addCell : addCommaCell
  const words = new Set(missing.map((word) => word.trim().toLowerCase()))
  const numbers = new Set(missingNumbers(missing))
  return (builder, cell, line) => {
    const text = cell.trim()
    const value = words.has(text.toLowerCase()) ? undefined : numberOf(text, decimal)
    if (value === undefined ? words.has(text.toLowerCase()) : numbers.has(value)) builder.missing(line)
    else addOther(builder, cell, decimal, line)
  }
}

/** The numbers among words for missing values: -9999 is found as -9999.0 too. */
export function missingNumbers(words: readonly string[]): number[] {
  return words.flatMap((word) => numberOf(word.trim(), '.') ?? [])
}

function addOther(builder: ColumnBuilder, cell: string, decimal: Decimal, line: number): void {
  const text = cell.trim()
  const value = numberOf(text, decimal)
  if (value !== undefined) {
    if (isExact(text, value)) builder.number(value, line)
    else builder.bigint(BigInt(text.replace(/^([+-]?)0+/, '$1').replace('+', '')), line)
    return
  }
  const lower = text.toLowerCase()
  const special = NOT_FINITE.get(lower)
  if (special !== undefined) builder.number(special, line)
  else if (isMissing(lower)) builder.missing(line)
  else if (otherWriting(text) !== undefined) builder.unclear(text, line)
  else builder.text(text, line)
}

/** A number as it is written with this decimal mark; undefined for everything else. The text has no blanks around it. */
export function numberOf(text: string, decimal: Decimal): number | undefined {
  if (decimal === '.' && DECIMAL.test(text)) return Number(text)
  // The minus sign of typography.
  if (text.startsWith('\u2212')) return numberOf(`-${text.slice(1).replace(/^[-+]/, 'x')}`, decimal)
  if (THIN_GROUPS.test(text)) return numberOf(text.replaceAll(THIN, ''), decimal)
  if (decimal === ',') {
    return DECIMAL_COMMA.test(text) ? Number(text.replace(',', '.').replace(/[dD]/, 'e')) : undefined
  }
  return FORTRAN.test(text) ? Number(text.replace(/[dDqQ]/, 'e')) : undefined
}

/** Whether a cell is a number or stands for one (NaN, a missing value); otherwise it is a text. */
export function isNumberLike(cell: string, decimal: Decimal = '.'): boolean {
  const lower = cell.trim().toLowerCase()
  return numberOf(lower, decimal) !== undefined || NOT_FINITE.has(lower) || isMissing(lower)
}

export function isNumber(cell: string, decimal: Decimal = '.'): boolean {
  return numberOf(cell.trim(), decimal) !== undefined
}

function isMissing(lower: string): boolean {
  return MISSING.has(lower) || MISSING_FORM.test(lower)
}

/** Whole numbers from 2^53 on are numbers only where float64 holds them; what has a fraction or an exponent is rounded. */
function isExact(text: string, value: number): boolean {
  return (value < EXACT && value > -EXACT) || !Number.isFinite(value) || !WHOLE.test(text)
}

const COMMA_FRACTION = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/
const POINT_FRACTION = /^[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$/
const GROUPS = /^[+-]?\d{1,3}(?:([., '’\u00a0\u202f\u2009])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$/
const WITH_SIGN =
  /^(?:\(\d[\d.,]*\)|[-+]?\s?[$€£¥]\s?[-+]?\d[\d., ]*|(?:USD|EUR|GBP|CHF|JPY)\s?[-+]?\d[\d., ]*|[-+]?\d[\d., ]*\s?(?:[%‰$€£¥]|USD|EUR|GBP|CHF))$/

/**
 * Whether a text that is no number here is one in another writing: with a fraction behind the other mark, with marks
 * between the thousands, or with a sign of per cent or currency. Nothing of that may be guessed or dropped unseen.
 */
export function otherWriting(text: string): 'fraction' | 'thousands' | 'sign' | undefined {
  const first = text.charCodeAt(0)
  // Texts mostly begin with a letter.
  if (text.length > 40 || (first >= 97 && first <= 122)) return undefined
  if (GROUPS.test(text)) return 'thousands'
  if (COMMA_FRACTION.test(text) || POINT_FRACTION.test(text)) return 'fraction'
  return WITH_SIGN.test(text) ? 'sign' : undefined
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
