// The first lines of a text table, split into cells by a delimiter that is to be tried.

export interface SampleRow {
  cells: string[]
  /** Per cell, whether it is in quotes. */
  quoted: boolean[]
  /** Index of its first line. */
  line: number
}

// A quote that stays open for more lines is taken for one that is never closed.
const LONGEST_QUOTE = 50

/** The rows of some lines. Blank lines and lines that begin with `comment` are passed over. */
export function sampleRows(lines: readonly string[], delimiter: string, comment: string | undefined): SampleRow[] {
  const rows: SampleRow[] = []
  for (let line = 0; line < lines.length; line++) {
    if (lines[line].trim() === '' || beginsWith(lines[line], comment)) continue
    let text = lines[line]
    let row = splitRow(text, delimiter)
    const first = line
    while (row.isOpen && line + 1 < lines.length && line - first < LONGEST_QUOTE) {
      text += `\n${lines[++line]}`
      if (lines[line].includes('"')) row = splitRow(text, delimiter)
    }
    if (!row.isOpen) rows.push({ cells: row.cells, quoted: row.quoted, line: first })
    else line = first
  }
  return rows
}

// Errors of spreadsheets in place of a number, in English, German and French. They begin like comments but are none.
const SPREADSHEET_ERROR = /^#(n\/?a|nv|null!?|getting_data|spill!|[\p{Lu}\d/]+[!?])(?![\p{L}\d!?])/iu

/** Whether a line is a comment. */
export function beginsWith(line: string, comment: string | undefined): boolean {
  if (comment === undefined || comment === '') return false
  const text = line.trimStart()
  return text.startsWith(comment) && !SPREADSHEET_ERROR.test(text)
}

/** One row. The delimiter ' ' stands for any number of blanks and tabs. */
function splitRow(
  text: string,
  delimiter: string,
): { cells: string[]; quoted: boolean[]; isOpen: boolean; isBroken: boolean } {
  const isBlank = delimiter === ' '
  const cells: string[] = []
  const quoted: boolean[] = []
  if (isBlank) text = text.trim()
  if (!text.includes('"')) {
    for (const cell of isBlank ? text.split(/[ \t]+/) : text.split(delimiter)) {
      cells.push(cell)
      quoted.push(false)
    }
    return { cells, quoted, isOpen: false, isBroken: false }
  }
  let isBroken = false
  let at = 0
  while (true) {
    let end: number
    if (text[at] === '"') {
      let close = text.indexOf('"', at + 1)
      while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2)
      if (close === -1) return { cells, quoted, isOpen: true, isBroken: true }
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'))
      quoted.push(true)
      end = nextDelimiter(text, delimiter, close + 1)
      isBroken ||= text.slice(close + 1, end).trim() !== ''
    } else {
      end = nextDelimiter(text, delimiter, at)
      cells.push(text.slice(at, end))
      quoted.push(false)
    }
    if (end === text.length) return { cells, quoted, isOpen: false, isBroken }
    at = end + 1
    if (isBlank) while (text[at] === ' ' || text[at] === '\t') at++
  }
}

function nextDelimiter(text: string, delimiter: string, from: number): number {
  let at = from
  if (delimiter === ' ') while (at < text.length && text[at] !== ' ' && text[at] !== '\t') at++
  else at = text.indexOf(delimiter, from)
  return at === -1 ? text.length : at
}

/** Rows whose cells are separated by blanks, in the form of Papa.Parser's results. A row is one line, also in quotes. */
export function parseBlanks(
  text: string,
  newline: string,
  isLast: boolean,
): { data: string[][]; errors: { code: string; row: number }[]; meta: { cursor: number } } {
  const data: string[][] = []
  const errors: { code: string; row: number }[] = []
  let cursor = 0
  while (cursor < text.length) {
    const end = text.indexOf(newline, cursor)
    if (end === -1 && !isLast) break
    const row = splitRow(text.slice(cursor, end === -1 ? text.length : end), ' ')
    if (row.isBroken) errors.push({ code: row.isOpen ? 'MissingQuotes' : 'InvalidQuotes', row: data.length })
    data.push(row.cells)
    cursor = end === -1 ? text.length : end + newline.length
  }
  return { data, errors, meta: { cursor } }
}
