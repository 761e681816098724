// Values of Parquet columns that are no numbers to compute with: texts, dates, times. Columns that are carried along have them.
import { fileError } from './bytes.js'
import type { ParquetField } from './parquet-footer.js'
import { dayOf, instantOf, timeText } from './times.js'

type Convert = ((stored: unknown) => unknown) | undefined

const TEXTS = new Set<string | undefined>([undefined, 'UTF8', 'STRING', 'ENUM', 'JSON'])
const JULIAN_EPOCH = 2_440_588n
const NANOSECONDS_PER_DAY = 86_400_000_000_000n

/** Makes the value of a stored one. Undefined: they are the same. Throws Error ERR_FILE for kinds that are not carried along. */
export function valueConverter(path: string, field: ParquetField): Convert {
  const { isFlat, type, typeLength, converted, logical } = field
  const kind = logical?.name ?? converted
  const unit = logical?.unit ?? (converted?.endsWith('MILLIS') ? 'MILLIS' : 'MICROS')
  const isUtc = logical?.isUtc ?? true
  if (isFlat && type === 'BYTE_ARRAY' && TEXTS.has(kind)) {
    const decoder = new TextDecoder()
    return (bytes) => decoder.decode(bytes as Uint8Array)
  }
  if (isFlat && type === 'BOOLEAN') return undefined
  if (isFlat && type === 'INT32' && kind === 'DATE') return (days) => dayOf(days as number)
  if (isFlat && type === 'INT64' && /^TIMESTAMP/.test(kind ?? ''))
    return (value) => instantOf(value as bigint, unit, isUtc)
  if (isFlat && /^INT(32|64)$/.test(type ?? '') && /^TIME(_|$)/.test(kind ?? ''))
    return (value) => timeText(BigInt(value as number | bigint), unit)
  if (isFlat && type === 'INT96') return (value) => instantOf(nanosecondsOf(value as bigint), 'NANOS', false)
  if (isFlat && kind === 'UUID' && typeLength === 16) return (bytes) => uuidOf(bytes as Uint8Array)
  const what = isFlat ? (kind ?? type ?? 'unknown').toLowerCase() : 'nested'
  throw fileError(path, `column '${field.name}' is ${what}; numbers, texts, booleans and times can be carried along`)
}

/** Times of old writers: the nanoseconds of the day, then the day in the count of Julius Scaliger. */
function nanosecondsOf(value: bigint): bigint {
  const day = BigInt.asIntN(32, value >> 64n)
  return (day - JULIAN_EPOCH) * NANOSECONDS_PER_DAY + BigInt.asUintN(64, value)
}

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
