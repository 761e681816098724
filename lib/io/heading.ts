// Whether the first row of a text table has names, and whether the row below has units.
import { type Decimal, isNumber, isNumberLike } from './cell.js'
import type { SampleRow } from './sample.js'

export interface Heading {
  /** As in the file, one per column; undefined when there are none. */
  names: string[] | undefined
  /** Whether they are in the row above the first row of the usual width. */
  isAbove: boolean
  /** Whether each row ends in a delimiter with nothing after it. */
  isTrailing: boolean
  remark: string | undefined
}

/**
 * Finds the names: as many as a row has cells. There is one name fewer where rows end in a delimiter, and where R has
 * written row names without a heading. `isNamed` settles whether there are names.
 */
export function columnNames(
  body: readonly SampleRow[],
  above: SampleRow | undefined,
  width: number,
  decimal: Decimal,
  isNamed: boolean | undefined,
): Heading {
  const regular = body.filter(({ cells }) => cells.length === width)
  const isTrailing = width > 1 && regular.length > 0 && regular.every(({ cells }) => cells[width - 1].trim() === '')
  if (above?.cells.length === width - 1 && isNamed !== false && !above.cells.some((cell) => isNumber(cell, decimal))) {
    if (isTrailing) return { names: above.cells, isAbove: true, isTrailing, remark: undefined }
    const hasRowNames = regular.every(({ cells, quoted }) => quoted[0] || !isNumberLike(cells[0], decimal))
    if (hasRowNames && above.cells.length > 0) {
      const remark = 'no name above the first column, which has names of rows'
      return { names: ['', ...above.cells], isAbove: true, isTrailing: false, remark }
    }
  }
  const first = body[0]
  if (first === undefined) return { names: undefined, isAbove: false, isTrailing: false, remark: undefined }
  const rest = body.slice(1).filter(({ cells }) => cells.length === width)
  const decided = isNamed ?? looksLikeNames(first, rest, decimal)
  const isSequence = isNamed === undefined && !decided && isNumberedNames(first, rest, decimal)
  const cells = isTrailing ? first.cells.slice(0, -1) : first.cells
  const hasNumbers =
    decided && isNamed === undefined && cells.some((cell, i) => isNumber(cell, decimal) && !first.quoted[i])
  return {
    names: decided || isSequence ? cells : undefined,
    isAbove: false,
    isTrailing,
    remark:
      isSequence || hasNumbers
        ? `numbers as names (${cells.slice(0, 4).join(', ')}); --no-header makes them a row`
        : undefined,
  }
}

/** Texts and no number; or a text above a number; or a number in quotes above numbers without. */
function looksLikeNames(first: SampleRow, rest: readonly SampleRow[], decimal: Decimal): boolean {
  const { cells, quoted } = first
  const isText = (cell: string) => !isNumberLike(cell, decimal)
  if (!cells.some((cell) => isNumber(cell, decimal)) && cells.some(isText)) return true
  const second = rest[0]
  if (second === undefined) return false
  // Numbers beside such a text are names only when they are whole, like years. Others suggest a row with a mistake.
  const areWhole = cells.every((cell) => !isNumber(cell, decimal) || /^\s*\d+\s*$/.test(cell))
  if (areWhole && second.cells.some((cell, i) => isNumber(cell, decimal) && isText(cells[i] ?? ''))) return true
  return cells.some(
    (cell, i) =>
      quoted[i] &&
      isNumber(cell, decimal) &&
      // The first row may be longer than the others.
      rest.every((row) => !row.quoted[i] && isNumberLike(row.cells[i] ?? '', decimal)) &&
      isNumber(second.cells[i] ?? '', decimal),
  )
}

/** Two years, or three whole numbers in equal steps, beside a text, where no row below has the like. */
function isNumberedNames(first: SampleRow, rest: readonly SampleRow[], decimal: Decimal): boolean {
  const hasText = first.cells.some((cell) => !isNumberLike(cell, decimal))
  const isSequence = (row: SampleRow) => {
    const numbers = row.cells.filter((cell) => isNumber(cell, decimal)).map(Number)
    const step = numbers[1] - numbers[0]
    const isEven = numbers.every((value, i) => Number.isInteger(value) && (i === 0 || value - numbers[i - 1] === step))
    const areYears = numbers.every((value) => value >= 1800 && value <= 2200)
    return isEven && step > 0 && (numbers.length > 2 || (numbers.length === 2 && areYears))
  }
  return hasText && rest.length > 0 && isSequence(first) && !rest.some(isSequence)
}

/** A row of texts above columns of numbers: logging programs write units below the names. */
export function hasUnits(body: readonly SampleRow[], decimal: Decimal): boolean {
  const [units, ...rest] = body
  if (units === undefined || rest.length === 0 || units.cells.length < 2) return false
  if (units.cells.some((cell) => /^\s*[-+(\u2212]?[.,]?\d/.test(cell) || cell.trim().length > 20)) return false
  const isNumeric = units.cells.map(
    (_, i) =>
      rest.every(({ cells }) => isNumberLike(cells[i] ?? '', decimal)) &&
      rest.some(({ cells }) => isNumber(cells[i] ?? '', decimal)),
  )
  return units.cells.some((cell, i) => isNumeric[i] && !isNumberLike(cell, decimal))
}

/** A whole number that can be a number of rows. */
export function countOf(cell: string): number | undefined {
  const text = cell.trim()
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** A word, a date, a time: text as tables have it without quotes. */
export function isLabel(cell: string): boolean {
  return cell.length < 200 && /^\s*[\p{L}\d_+-][\p{L}\p{M}\d_ .:/+()[\]°-]*\s*$/u.test(cell)
}
