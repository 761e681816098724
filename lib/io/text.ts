// Text of tables of numbers, as CSV and JSON write them, and words for messages.

const ROWS_PER_PIECE = 4096

/** The texts of all rows, a few thousand rows per piece. */
export function* rowTexts(rows: number, textOf: (row: number) => string): Generator<string> {
  for (let start = 0; start < rows; start += ROWS_PER_PIECE) {
    let text = ''
    for (let row = start; row < Math.min(start + ROWS_PER_PIECE, rows); row++) text += textOf(row)
    yield text
  }
}

/**
 * The shortest text that reads back as the same float64. JavaScript writes -0 as 0, so that has a case of its own. It fills
 * up whole numbers from 2^53 to 10^21 with zeros; with all digits these are other numbers, so they get an exponent.
 */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  return Number.isInteger(value) ? value.toExponential() : String(value)
}

/** 1234567 as 1,234,567, the same in every locale. */
export function whole(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** The first names, and how many more there are. */
export function listOf(list: readonly string[], max = 12): string {
  const shown = list.slice(0, max).join(', ')
  return list.length > max ? `${shown} and ${list.length - max} more` : shown
}
