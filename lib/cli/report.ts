// The output of the commands: a table of names and values, or one line of JSON with the same content.
import { whole } from '../io/text.js'

export { listOf as names, whole } from '../io/text.js'

/** One machine epsilon: the unit in which residuals are shown. */
export const EPSILON = 2 ** -52

/** Lines of `name  value`, the values in one column. */
export function listing(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

/** A table with a line of headings. Columns of cells that look like numbers are set flush right. */
export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => rows.reduce((width, row) => Math.max(width, row[i].length), head.length))
  const isNumeric = heads.map((_, i) => rows.every((row) => /^[-+\d.,e%]*$/.test(row[i])))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  return [heads, ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** 1 row, 2 rows. */
export const counted = (n: number, noun: string): string => `${whole(n)} ${noun}${n === 1 ? '' : 's'}`

/** Rounded to six digits. */
export function short(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return whole(value)
  return String(Number(value.toPrecision(6)))
}

/** A relative difference, in machine epsilons and as a number. */
export function epsilons(value: number): string {
  const count = value / EPSILON
  return `${count < 1e6 ? Number(count.toPrecision(3)) : count.toExponential(1)} epsilons (${value.toExponential(1)})`
}

export function milliseconds(value: number): string {
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`
}

export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`
}

/** Rows per second. */
export function rate(value: number): string {
  return value < 1e6 ? `${whole(Math.round(value))} rows/s` : `${Number((value / 1e6).toPrecision(3))} M rows/s`
}

/** Milliseconds as 5 s, 2 min 05 s, 1 h 02 min. */
export function duration(value: number): string {
  const seconds = Math.max(0, Math.round(value / 1000))
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)]
  const two = (number: number) => String(number).padStart(2, '0')
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`
}

/** `stream`: standard output, or standard error where that has the result. */
export function printJson(value: unknown, stream: NodeJS.WritableStream = process.stdout): void {
  stream.write(`${JSON.stringify(value, (_, item) => (item instanceof Float64Array ? [...item] : item))}\n`)
}

/** Prints a remark on stderr, in one line. `--quiet` suppresses it. */
export function note(text: string, quiet: boolean): void {
  if (!quiet) process.stderr.write(`fewpoints: note: ${line(text)}\n`)
}

/** A message as one line. It may quote a file, whose control characters could move the cursor or hide text. */
export function line(message: string): string {
  return message
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
