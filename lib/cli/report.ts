// What the commands print: a table of names and values, or one line of JSON with the same content.

/** One machine epsilon: the unit in which residuals are shown. */
export const EPSILON = 2 ** -52

/** Lines of `name  value`, the values in one column. */
export function listing(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

/** A table with a line of heads; columns whose cells all look like numbers are set flush right. */
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

/** 1234567 as 1,234,567, the same in every locale. */
export function whole(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** Six digits, which is enough to look at. */
export function short(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return whole(value)
  return String(Number(value.toPrecision(6)))
}

/** A relative difference in machine epsilons, with the number itself. */
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

/** The names, and how many more where they are many. */
export function names(list: readonly string[], most = 12): string {
  const shown = list.slice(0, most).join(', ')
  return list.length > most ? `${shown} and ${list.length - most} more` : shown
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, (_, item) => (item instanceof Float64Array ? [...item] : item))}\n`)
}

/** A remark on stderr, one line, which `--quiet` leaves out. */
export function note(text: string, quiet: boolean): void {
  if (!quiet) process.stderr.write(`fewpoints: note: ${text}\n`)
}

/** The sum in twice the precision (Neumaier), so that the comparison of two totals does not show its own rounding. */
export function exactSum(values: ArrayLike<number>): number {
  let sum = 0
  let lost = 0
  for (let i = 0; i < values.length; i++) {
    const next = sum + values[i]
    lost += Math.abs(sum) >= Math.abs(values[i]) ? sum - next + values[i] : values[i] - next + sum
    sum = next
  }
  return sum + lost
}
