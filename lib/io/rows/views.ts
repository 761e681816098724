// Numbers that lie in an array at equal distances, as the columns of a matrix or the fields of records do.
import type { Trouble } from '../table.js'

export interface View {
  values: ArrayLike<number> | ArrayLike<bigint>
  offset: number
  stride: number
}

/** Writes the numbers of a view into `into`, at equal distances. Whole numbers that float64 lacks become NaN. */
export function gather(view: View, count: number, into: Float64Array, offset: number, stride: number): void {
  const { values } = view
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < count; i++) into[offset + i * stride] = exact(values[view.offset + i * view.stride])
  } else if (values instanceof Float64Array) {
    // A loop of its own: it sees one type of array.
    for (let i = 0, at = view.offset, to = offset; i < count; i++, at += view.stride, to += stride)
      into[to] = values[at]
  } else {
    const numbers = values as ArrayLike<number>
    for (let i = 0, at = view.offset, to = offset; i < count; i++, at += view.stride, to += stride)
      into[to] = numbers[at]
  }
}

/** NaN when float64 does not hold the whole number. */
export function exact(value: bigint): number {
  const number = Number(value)
  return Number.isSafeInteger(number) || BigInt(number) === value ? number : Number.NaN
}

/** A copy of the values, for columns that are carried along. */
export function copyOf({ values, offset, stride }: View, count: number): ArrayLike<unknown> {
  return Array.from({ length: count }, (_, i) => values[offset + i * stride])
}

/** What is wrong with a value that is not finite. */
export function troubleOf(value: unknown, row: number): Trouble {
  const rest = { row, line: undefined, text: undefined }
  if (typeof value === 'bigint') return { ...rest, kind: 'inexact', text: String(value) }
  if (typeof value !== 'number') return { ...rest, kind: 'missing' }
  return { ...rest, kind: Number.isNaN(value) ? 'nan' : 'infinite' }
}
