// Numbers as the page writes them.

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
const VALUE = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 })

/** 1234567 as 1,234,567. */
export const whole = (value: number): string => WHOLE.format(value)

/** Three digits, with an exponent where there would be many zeros. */
export function short(value: number): string {
  return isPlain(value) ? SHORT.format(value) : value.toExponential(1)
}

/** A number beside an axis: 2,000,000 as 2M. */
export function tick(value: number): string {
  return Math.abs(value) >= 1e5 && Math.abs(value) < 1e15 ? COMPACT.format(value) : short(value)
}

/** Six digits. */
export function figure(value: number): string {
  return isPlain(value) ? VALUE.format(value) : value.toExponential(4)
}

/** An error: 2.2e-16. */
export function errorText(value: number): string {
  return value === 0 ? '0' : value.toExponential(1)
}

const isPlain = (value: number) => value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e7)

/** 1 row, 2 rows. */
export const counted = (n: number, noun: string): string => `${whole(n)} ${noun}${n === 1 ? '' : 's'}`

export function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  if (bytes < 1e6) return `${SHORT.format(bytes / 1000)} kB`
  return bytes < 1e9 ? `${SHORT.format(bytes / 1e6)} MB` : `${SHORT.format(bytes / 1e9)} GB`
}
