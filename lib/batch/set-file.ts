// The files between tasks, and the result: Parquet with the columns, `weight`, `row` and `source`, the number of the shard
// that the row comes from.
import { open } from 'node:fs/promises'
import type { SetToMerge } from '../index.js'
import { checkTarget } from '../io/atomic.js'
import { fileError } from '../io/bytes.js'
import { readTable } from '../io/read.js'
import { writeCompressed } from '../io/write.js'

export interface SetOfTask {
  names: string[]
  /** count x names.length, row-major. */
  points: Float64Array
  weights: Float64Array
  /** Per point, its row in the file of its shard, and the number of that shard. */
  rows: Float64Array
  sources: Float64Array
  order: number
  sourceWeight: string | null
  dropMissing: boolean
}

/** Writes the file as a whole or not at all. The same set gives the same bytes. Throws Error ERR_FILE. */
export async function writeSet(path: string, set: SetOfTask, signal: AbortSignal | undefined): Promise<number> {
  const { sources, order, sourceWeight, dropMissing, ...points } = set.weights.length > 0 ? set : asRow(set)
  const kept = [{ name: 'source', values: BigInt64Array.from(sources, BigInt) }]
  const target = await checkTarget(path, { force: true })
  return writeCompressed(target, 'parquet', { ...points, kept }, { order, sourceWeight, dropMissing }, signal)
}

/** No reader takes a file without rows, so an empty set is stored as a row of weight 0. */
function asRow(set: SetOfTask): SetOfTask {
  const zero = new Float64Array(1)
  return { ...set, points: new Float64Array(set.names.length), weights: zero, rows: zero, sources: zero }
}

const isStoredEmpty = (weights: ArrayLike<number>) => weights.length === 1 && weights[0] === 0

/** A set without points, which merges pass over. */
export function emptySet(names: string[], sourceWeight: string | null, dropMissing: boolean): SetOfTask {
  const none = new Float64Array(0)
  return { names, points: none, weights: none, rows: none, sources: none, order: 0, sourceWeight, dropMissing }
}

/** Throws Error ERR_FILE when the file is not one of writeSet(). */
export async function readSet(path: string, signal: AbortSignal | undefined): Promise<SetOfTask> {
  const { columns, meta, rows: count } = await readTable(path, { signal })
  const kept = meta?.kept ?? []
  if (meta === undefined || meta.row === null || kept.length !== 1) throw fileError(path, 'is not the output of a task')
  const find = (wanted: string): Float64Array => {
    const column = columns.find(({ name }) => name === wanted)
    if (column?.values === undefined || column.trouble !== undefined)
      throw fileError(path, `is damaged: column '${wanted}' is not whole`)
    return column.values
  }
  const { columns: names, order, sourceWeight, dropMissing } = meta
  const points = new Float64Array(count * names.length)
  for (const [i, values] of names.map(find).entries())
    for (let j = 0; j < count; j++) points[j * names.length + i] = values[j]
  const [weights, rows, sources] = [meta.weight, meta.row, kept[0]].map(find)
  if (isStoredEmpty(weights)) return emptySet(names, sourceWeight, dropMissing)
  return { names, points, weights, rows, sources, order, sourceWeight, dropMissing }
}

export function toMerge({ names, points, weights, order }: SetOfTask): SetToMerge {
  return { points, weights, dimension: names.length, order }
}

const MAGIC = 'PAR1'

/** Whether the file is there, from its first bytes to its last. */
export async function isWhole(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return false
  try {
    const { size } = await handle.stat()
    if (size < 2 * MAGIC.length) return false
    const ends = Buffer.alloc(2 * MAGIC.length)
    await handle.read(ends, 0, MAGIC.length, 0)
    await handle.read(ends, MAGIC.length, MAGIC.length, size - MAGIC.length)
    return ends.toString('latin1') === MAGIC + MAGIC
  } finally {
    await handle.close()
  }
}
