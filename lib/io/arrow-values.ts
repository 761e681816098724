// Values of Arrow columns that are no numbers to compute with: texts, booleans, dates, times. Columns that are carried along
// have them.
import { Type } from '@uwdata/flechette'
import { type ArrowType, type Batch, describeField, nullsOf, numbersOf } from './arrow.js'
import { fileError } from './bytes.js'
import { dayOf, instantOf, type TimeUnit, timeText } from './times.js'

const UNITS: TimeUnit[] = ['SECONDS', 'MILLIS', 'MICROS', 'NANOS']

/** The values of a batch. Throws Error ERR_FILE for kinds that are not carried along, and Error when the batch is damaged. */
export function valuesOf(
  path: string,
  name: string,
  field: { type: unknown; metadata?: Map<string, string> | null },
  batch: Batch,
): (i: number) => unknown {
  const type = field.type as ArrowType
  const { kind, stored } = describeField(field)
  if (kind === 'number') return numbersOf(name, type, batch)
  const isNull = nullsOf(name, batch)
  const valueAt = kind === 'text' || type.typeId === Type.Bool ? texts(name, batch) : times(type, batch)
  if (valueAt === undefined)
    throw fileError(path, `column '${name}' is ${stored}; numbers, texts, booleans and times can be carried along`)
  return isNull === undefined ? valueAt : (i) => (isNull(i) ? null : valueAt(i))
}

function texts(name: string, batch: Batch): (i: number) => unknown {
  const { length, offsets } = batch
  // Texts that overlap could take any memory.
  for (let i = 0; offsets !== undefined && i < length; i++)
    if (!(offsets[i] <= offsets[i + 1])) throw new Error(`column '${name}' has texts that overlap`)
  return (i) => {
    const value = batch.at(i)
    if (value === undefined) throw new Error(`column '${name}' has an entry that its dictionary lacks`)
    return value
  }
}

function times({ typeId, unit = 0, timezone }: ArrowType, { values }: Batch): ((i: number) => unknown) | undefined {
  const numbers = values as ArrayLike<number | bigint>
  if (typeId === Type.Date && unit === 0) return (i) => dayOf(Number(numbers[i]))
  if (typeId === Type.Date) return (i) => instantOf(BigInt(numbers[i]), 'MILLIS', true)
  if (typeId === Type.Timestamp) return (i) => instantOf(BigInt(numbers[i]), UNITS[unit], timezone != null)
  if (typeId === Type.Time) return (i) => timeText(BigInt(numbers[i]), UNITS[unit])
  return undefined
}
