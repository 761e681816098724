// One cell of a text file: a number, a missing value, or a text.

export type Decimal = '.' | ','

// Words for a missing value in the files of R, pandas, SQL dumps, statistical offices and programs, in lower case. Errors of
// spreadsheets (#DIV/0!, #NAME?, #WERT!) and dashes are recognised by their form.
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
// Each of these takes linear time: it can match a run of digits in one way only.
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/
// Exponents of Fortran's double precision. A point or a sign must be there, because 1D2 may be an identifier.
const FORTRAN = /^[+-]?(\d+\.\d*|\.\d+|\d+(?=[dDqQ][+-]))[dDqQ][+-]?\d+$/
const DECIMAL_COMMA = /^[+-]?(\d+(,\d+)?|,\d+)([eEdD][+-]?\d+)?$/
// Blanks that do not break a line occur in numbers only between thousands.
const THIN_GROUPS = /^[+-]?\d{1,3}([\u00a0\u202f\u2009]\d{3})+(?!\d)/
const THIN = /[\u00a0\u202f\u2009]/g
const WHOLE = /^[+-]?\d+$/
const EXACT = 2 ** 53

/** What takes a cell: a column, or a row. */
export interface CellTaker {
  number(value: number, line?: number): void
  missing(line?: number): void
  text(text: string, line?: number): void
  /** A text that is a number in another notation than expected. */
  unclear(text: string, line?: number): void
  bigint(value: bigint, line?: number): void
}

/** Adds one cell to a column. Costs one conversion for an ordinary number. */
export function addCell(builder: CellTaker, cell: string, line: number): void {
  const value = +cell
  if (isOrdinary(cell, value) && value < EXACT && value > -EXACT) builder.number(value, line)
  else addOther(builder, cell, '.', line)
}

/** As addCell(), with a comma before the fraction. */
function addCommaCell(builder: CellTaker, cell: string, line: number): void {
  addOther(builder, cell, ',', line)
}

/** As addCell() or addCommaCell(), with words and numbers that mean a missing value. */
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

/** The numbers among words for missing values. As numbers, -9999 and -9999.0 are the same. */
export function missingNumbers(words: readonly string[]): number[] {
  return words.flatMap((word) => numberOf(word.trim(), '.') ?? [])
}

function addOther(builder: CellTaker, cell: string, decimal: Decimal, line: number): void {
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
  else if (otherNotation(text) !== undefined) builder.unclear(text, line)
  else builder.text(text, line)
}

/**
 * The value of a cell that is carried along: null when it is empty, a number in a column of numbers, else its text. A whole
 * number that float64 does not hold stays a text.
 */
export function cellValue(cell: string, decimal: Decimal, isNumber: boolean): number | string | null {
  const text = cell.trim()
  if (text === '') return null
  if (!isNumber) return text
  const value = numberOf(text, decimal)
  if (value !== undefined) return isExact(text, value) ? value : text
  return isMissing(text.toLowerCase()) ? null : text
}

/** The number that a text is with this decimal mark; undefined when it is none. The text has no blanks around it. */
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

/** Whether a cell is a number, NaN, an infinity or a missing value. Otherwise it is a text. */
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

/** Whole numbers from 2^53 on must be exact. Numbers with a fraction or an exponent are rounded. */
function isExact(text: string, value: number): boolean {
  return (value < EXACT && value > -EXACT) || !Number.isFinite(value) || !WHOLE.test(text)
}

const COMMA_FRACTION = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/
const POINT_FRACTION = /^[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$/
const GROUPS = /^[+-]?\d{1,3}(?:([., '’\u00a0\u202f\u2009])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$/
const WITH_SIGN =
  /^(?:\(\d[\d.,]*\)|[-+]?\s?[$€£¥]\s?[-+]?\d[\d., ]*|(?:USD|EUR|GBP|CHF|JPY)\s?[-+]?\d[\d., ]*|[-+]?\d[\d., ]*\s?(?:[%‰$€£¥]|USD|EUR|GBP|CHF))$/

/**
 * The notation of a text that is a number, but not in the notation of the file: with the other decimal mark, with marks
 * between thousands, or with a sign for per cent or currency. Undefined for other texts. Such a number must be neither
 * guessed nor silently dropped.
 */
export function otherNotation(text: string): 'fraction' | 'thousands' | 'sign' | undefined {
  const first = text.charCodeAt(0)
  // Texts mostly begin with a letter.
  if (text.length > 40 || (first >= 97 && first <= 122)) return undefined
  if (GROUPS.test(text)) return 'thousands'
  if (COMMA_FRACTION.test(text) || POINT_FRACTION.test(text)) return 'fraction'
  return WITH_SIGN.test(text) ? 'sign' : undefined
}

/**
 * Whether the conversion `+cell` is right. It also reads '' and blanks as 0, and it knows 0x10, 0b1 and 0o7. So the
 * value must be finite, the cell must begin with a digit, a sign or a point, and only the e of an exponent may follow a
 * leading 0.
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
