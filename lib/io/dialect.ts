// Recognises the dialect of a text table: the delimiter, the decimal mark, the comments, the place of the names. Each
// candidate for the delimiter splits the first lines. The one with the most regular rows of the clearest cells wins:
// pattern score times type score, as in G. van den Burg, A. Nazabal and C. Sutton, Wrangling messy CSV files by
// detecting row and type patterns (2019). Nothing ambiguous is decided here: a number in another notation than the rest
// of the file becomes a cell that is refused when its column is used.
import { fileError } from './bytes.js'
import { type Decimal, isNumber, isNumberLike, numberOf } from './cell.js'
import { columnNames, countOf, hasUnits, isLabel } from './heading.js'
import { beginsWith, type SampleRow, sampleRows } from './sample.js'
import type { ReadOptions } from './table.js'

export interface Dialect {
  /** One character; ' ' for any number of blanks and tabs. */
  delimiter: string
  decimal: Decimal
  /** The first characters of comment lines between the rows. */
  comment: string | undefined
  /** The first characters of comment lines before the first row. */
  leading: string | undefined
  /** Lines before the first row, comments and blank lines included. */
  skip: number
  /** Undefined when the first row has none. */
  names: string[] | undefined
  /** Whether the names are in the first row; otherwise they come from a comment, or there are none. */
  namesInRow: boolean
  /** Cells per row. */
  width: number
  /** Whether the row below the names has units. */
  hasUnits: boolean
  /** Whether rows end in a delimiter. */
  isTrailing: boolean
  /** The number of rows, where the first line has it and nothing else. */
  promised: number | undefined
  /** Remarks on unusual things, a few words each. */
  remarks: string[]
}

const DELIMITERS = [',', '\t', ';', '|', ' ']
const DELIMITER_NAMES: Record<string, string> = {
  ',': 'commas',
  '\t': 'tabs',
  ';': 'semicolons',
  '|': 'bars',
  ' ': 'blanks',
}
const COMMENTS = ['#', '%', '//', '!']
const MAX_LINES = 500

interface Candidate {
  delimiter: string
  rows: SampleRow[]
  width: number
  /** Index of the first row of the table. */
  start: number
  score: number
}

/**
 * The dialect of a text, from its first complete lines. `firstLine` is the line number of the first one, for messages.
 * Throws Error ERR_FILE where it would have to guess and could so read wrong numbers.
 */
export function recognise(
  path: string,
  firstLines: readonly string[],
  firstLine: number,
  options: ReadOptions,
  isTabs: boolean,
): Dialect {
  const given = options.text ?? {}
  const lines = firstLines.slice(0, MAX_LINES)
  const remarks: string[] = []

  // Excel reads the delimiter from such a line.
  const separator = /^"?sep=(.)"?\s*$/i.exec(lines[0] ?? '')?.[1]
  if (separator !== undefined) lines[0] = ''
  const comment = given.comment ?? likelyComment(lines)
  const fixed = given.delimiter ?? separator ?? (isTabs && lines.some((line) => line.includes('\t')) ? '\t' : undefined)
  const best = bestCandidate(lines, comment, fixed, given.decimal)
  const { delimiter, rows, width } = best
  const decimal = given.decimal ?? likelyDecimal(rows.slice(best.start), width, delimiter)
  const start = given.skip === undefined ? best.start : 0
  const at = (row: SampleRow) => firstLine + row.line

  const body = rows.slice(start)
  const before = rows.slice(0, start)
  const heading = columnNames(body, before.at(-1), width, decimal, options.header)
  const promised = before.length > 0 && before[0].cells.length === 1 ? countOf(before[0].cells[0]) : undefined
  const left = heading.isAbove ? before.slice(0, -1) : before
  checkLeft(path, left, body, { width, delimiter, isNamed: heading.names !== undefined, promised, at })

  const firstOfTable = (heading.isAbove ? before.at(-1) : body[0]) as SampleRow | undefined
  const skip = firstOfTable?.line ?? 0
  const inBody = body.slice(heading.names === undefined || heading.isAbove ? 0 : 1)
  const leading = lines.slice(0, skip)
  const usedComment = commentOfRows(path, lines, skip, inBody, {
    comment,
    given: given.comment,
    delimiter,
    width,
    firstLine,
  })
  const fromComment =
    heading.names === undefined && options.header !== false && comment
      ? namesInComment(leading, comment, delimiter, width, decimal)
      : undefined

  if (width > 1 && delimiter !== ',' && !(isTabs && delimiter === '\t'))
    remarks.push(`${DELIMITER_NAMES[delimiter] ?? `'${delimiter}'`} between the cells`)
  if (decimal === ',') remarks.push('decimal commas')
  if (heading.isTrailing) remarks.push('a delimiter at the end of each row')
  const lost = left.length
  if (lost > 0) remarks.push(`${lost} ${lost === 1 ? 'line' : 'lines'} before the table left out`)
  if (fromComment) remarks.push(`names from a comment (${fromComment.slice(0, 6).join(', ')})`)
  if (heading.remark) remarks.push(heading.remark)
  const units = heading.names !== undefined && hasUnits(inBody, decimal)
  if (units)
    remarks.push(`line ${at(inBody[0])} taken for units (${inBody[0].cells.join(' ').trim().slice(0, 40)}), left out`)
  return {
    delimiter,
    decimal,
    comment: usedComment,
    leading: comment === '' ? undefined : comment,
    skip,
    names: heading.names ?? fromComment,
    namesInRow: heading.names !== undefined,
    width: heading.isTrailing ? width - 1 : width,
    hasUnits: units,
    isTrailing: heading.isTrailing,
    promised,
    remarks,
  }
}

function bestCandidate(
  lines: readonly string[],
  comment: string | undefined,
  fixed: string | undefined,
  decimal: Decimal | undefined,
): Candidate {
  const candidates = (fixed === undefined ? DELIMITERS : [fixed])
    .map((delimiter) => scored(delimiter, sampleRows(lines, delimiter, comment), decimal))
    .filter(
      ({ delimiter, rows }) => fixed !== undefined || decimal !== ',' || delimiter !== ',' || hasQuotedCommas(rows),
    )
  // Of equally good candidates the first one wins: a comma, unless something else is better.
  return candidates.reduce((best, candidate) => (candidate.score > best.score * (1 + 1e-9) ? candidate : best))
}

function scored(delimiter: string, rows: SampleRow[], decimal: Decimal | undefined): Candidate {
  const width = usualWidth(rows)
  const start = Math.max(
    0,
    rows.findIndex(({ cells }) => cells.length === width),
  )
  const regular = rows.slice(start).filter(({ cells }) => cells.length === width)
  const pattern = (regular.length / Math.max(rows.length, 1)) * (Math.max(width - 1, 1e-3) / width)
  const marks: Decimal[] = decimal === undefined ? (delimiter === ',' ? ['.'] : ['.', ',']) : [decimal]
  const type = Math.max(...marks.map((mark) => typeScore(regular, mark)))
  return { delimiter, rows, width, start, score: pattern * type }
}

/** With decimal commas, a comma can be the delimiter only when the decimals are in quotes. */
function hasQuotedCommas(rows: readonly SampleRow[]): boolean {
  return rows.some(({ cells, quoted }) =>
    cells.some((cell, i) => quoted[i] && cell.includes(',') && isNumber(cell, ',')),
  )
}

/** The width of most rows; of two equally frequent widths the later one. */
function usualWidth(rows: readonly SampleRow[]): number {
  const counts = new Map<number, number>()
  let width = rows.at(-1)?.cells.length ?? 1
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1)
  for (const [cells, count] of counts) if (count > (counts.get(width) ?? 0)) width = cells
  return width
}

/** How clear the cells are, 0 to 1: numbers and missing values most, then texts, then texts with another delimiter. */
function typeScore(rows: readonly SampleRow[], mark: Decimal): number {
  let sum = 0
  let count = 0
  for (const { cells, quoted } of rows) {
    for (const [i, cell] of cells.entries()) {
      count++
      if (isNumberLike(cell, mark)) sum += 1
      else if (quoted[i] || isLabel(cell)) sum += 0.8
      else sum += /[,;|\t]/.test(cell) ? 0.2 : 0.7
    }
  }
  return count === 0 ? 0 : sum / count
}

/**
 * A comma only where a fraction proves it (1,5 or 0,125, but not 1,234), no number has a decimal point, and no commas are
 * between thousands.
 */
function likelyDecimal(rows: readonly SampleRow[], width: number, delimiter: string): Decimal {
  if (delimiter === ',') return '.'
  let isProven = false
  for (let column = 0; column < width; column++) {
    const cells = rows.flatMap(({ cells }) => (cells.length === width ? [cells[column].trim()] : []))
    // The first one may be a name.
    const below = cells.length > 2 ? cells.slice(1) : cells
    const texts = below.filter((cell) => !isNumberLike(cell, '.') && !isNumberLike(cell, ',')).length
    if (2 * texts > below.length) continue
    for (const cell of cells) {
      const isPoint = cell.includes('.') && numberOf(cell, '.') !== undefined
      const isGrouped = /^[+-]?\d{1,3}(,\d{3})+(,\d{3}|\.\d*)$/.test(cell)
      if (isPoint || isGrouped) return '.'
      if (cell.includes(',') && numberOf(cell, ',') !== undefined && !/^[+-]?[1-9]\d{0,2},\d{3}$/.test(cell))
        isProven = true
    }
  }
  return isProven ? ',' : '.'
}

/** A mark with which lines before the table begin, or fewer than half of the lines in the table. */
function likelyComment(lines: readonly string[]): string | undefined {
  const filled = lines.filter((line) => line.trim() !== '')
  return COMMENTS.find((mark) => {
    const count = filled.filter((line) => beginsWith(line, mark)).length
    const leading = filled.findIndex((line) => !beginsWith(line, mark))
    return count > 0 && leading !== -1 && 2 * (count - leading) < filled.length - leading
  })
}

/** The mark of comments between the rows. With texts in the first column, such a line could also be a row. */
function commentOfRows(
  path: string,
  lines: readonly string[],
  skip: number,
  body: readonly SampleRow[],
  facts: {
    comment: string | undefined
    given: string | undefined
    delimiter: string
    width: number
    firstLine: number
  },
): string | undefined {
  const { comment, given, delimiter, width, firstLine } = facts
  if (given !== undefined) return given === '' ? undefined : given
  if (comment === undefined) return undefined
  const texts = body.filter(({ cells }) => !isNumberLike(cells[0], '.') && !isNumberLike(cells[0], ',')).length
  if (2 * texts <= body.length) return comment
  const between = lines.findIndex((line, i) => i >= skip && beginsWith(line, comment))
  if (between === -1) return undefined
  if (sampleRows([lines[between]], delimiter, undefined)[0]?.cells.length === width) {
    const what = `line ${firstLine + between} begins with '${comment}' and may be a comment or a row`
    throw fileError(path, `${what}; --comment '${comment}' or --comment none settles it`)
  }
  return comment
}

/** Names as numpy.savetxt and gnuplot write them: in the last comment before the rows, one per column. */
function namesInComment(
  leading: readonly string[],
  comment: string,
  delimiter: string,
  width: number,
  decimal: Decimal,
): string[] | undefined {
  const last = leading.findLast((line) => beginsWith(line, comment))?.trim()
  if (last === undefined) return undefined
  const inside = last.replace(new RegExp(`^(${comment.replaceAll(/[/]/g, '\\/')})+`), '')
  for (const text of [inside, last]) {
    const cells = sampleRows([text], delimiter, undefined)[0]?.cells ?? []
    const isNames = cells.length === width && !cells.some((cell) => isNumber(cell, decimal)) && width > 1
    if (isNames) return cells.map((cell, i) => cell.trim() || (i === 0 ? comment : ''))
  }
  return undefined
}

/** Lines before the table may be left out only where they can be neither rows nor names. */
function checkLeft(
  path: string,
  left: readonly SampleRow[],
  body: readonly SampleRow[],
  facts: {
    width: number
    delimiter: string
    isNamed: boolean
    promised: number | undefined
    at: (row: SampleRow) => number
  },
): void {
  const { width, delimiter, isNamed, promised, at } = facts
  const last = left.at(-1)
  if (last === undefined || isNamed) return
  const { cells } = last
  const found = `line ${at(last)} has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, line ${at(body[0])} has ${width}`
  const numbers = left.find(
    (row) => row.cells.some((cell) => isNumber(cell)) && (row.cells.length > 1 || promised === undefined),
  )
  if (numbers === undefined && cells.length === 1 && !(delimiter === ',' && width === 2)) return
  if (numbers === undefined && promised !== undefined) return
  const help =
    delimiter === ',' && cells.length < width
      ? '--decimal , reads decimal commas, --skip passes over lines before the table'
      : '--delimiter says what stands between the cells, --skip passes over lines before the table'
  throw fileError(path, `${found} (${cells.join(' | ').slice(0, 60)}); ${help}`)
}
