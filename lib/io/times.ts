// Days and points in time of binary formats. A Date has milliseconds, so what is finer becomes a text in ISO 8601: all values
// of a column have one kind.

export type TimeUnit = 'SECONDS' | 'MILLIS' | 'MICROS' | 'NANOS'

const DIGITS: Record<TimeUnit, number> = { SECONDS: 0, MILLIS: 3, MICROS: 6, NANOS: 9 }
const MILLISECONDS_PER_DAY = 86_400_000

/** The day as a Date at midnight UTC; the number as a text where there is no such Date. */
export function dayOf(days: number): Date | string {
  return dateOf(days * MILLISECONDS_PER_DAY) ?? `${days} d`
}

/** A Date for seconds and milliseconds, else a text: 2024-05-01T12:00:00.123456, with Z at its end when it is in UTC. */
export function instantOf(value: bigint, unit: TimeUnit, isUtc: boolean): Date | string {
  const digits = DIGITS[unit]
  if (digits <= 3) return dateOf(Number(value) * 10 ** (3 - digits)) ?? `${value} ${unit.toLowerCase()}`
  const perSecond = 10n ** BigInt(digits)
  const fraction = ((value % perSecond) + perSecond) % perSecond
  const date = dateOf(Number((value - fraction) / perSecond) * 1000)
  if (date === undefined) return `${value} ${unit.toLowerCase()}`
  return `${date.toISOString().slice(0, -'.000Z'.length)}.${String(fraction).padStart(digits, '0')}${isUtc ? 'Z' : ''}`
}

/** A time of day: 12:00:00.123. */
export function timeText(value: bigint, unit: TimeUnit): string {
  const digits = DIGITS[unit]
  const perSecond = 10n ** BigInt(digits)
  const seconds = value / perSecond
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'))
  return `${parts.join(':')}${digits === 0 ? '' : `.${String(value % perSecond).padStart(digits, '0')}`}`
}

function dateOf(milliseconds: number): Date | undefined {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? undefined : date
}
