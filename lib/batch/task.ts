// One task of a plan: a shard or some sets in, one set out. It is skipped when its output is there.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CodedError } from '../errors.js'
import { Compressor, merge } from '../index.js'
import { fileError, isSystemError, systemError } from '../io/bytes.js'
import type { RowChunk } from '../io/rows.js'
import { isEmptyInput, OutputError } from './failure.js'
import { openShard } from './open-shard.js'
import { nameOf, type OpenPlan, summaryOptions, type Task } from './plan.js'
import { markRunning, removeLeftovers } from './running.js'
import { emptySet, isWhole, readSet, type SetOfTask, toMerge, writeSet } from './set-file.js'
import { checkUnchanged } from './shards.js'

export interface TaskOptions {
  threads?: number | undefined
  signal?: AbortSignal | undefined
  /** Called with how far the task is. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

export interface TaskReport {
  /** Whether the output was there already. */
  skipped: boolean
  /** Rows read and points kept; 0 when it was skipped. */
  rows: number
  points: number
  /** How far the moments of the output are from those of what the task read, relative; 0 when it was skipped. */
  residual: number
}

/** What a step makes. */
interface Made {
  set: SetOfTask
  rows: number
  residual: number
}

const SKIPPED: TaskReport = { skipped: true, rows: 0, points: 0, residual: 0 }

/**
 * Does the task of this number. The output is written under a temporary name, fsynced and renamed, so it is there as a
 * whole or not at all, and two processes that do the same task at the same time do no harm. The last task also removes what
 * killed processes have left. Throws the errors of reading and compressing, which name the shard, OutputError, or the
 * signal's reason.
 */
export async function doTask(plan: OpenPlan, number: number, options: TaskOptions = {}): Promise<TaskReport> {
  const task = plan.tasks[number]
  const isLast = number === plan.tasks.length - 1
  if (await isWhole(task.output)) return SKIPPED
  await toOutput(task, options.signal, () => mkdir(dirname(task.output), { recursive: true }))
  const mark = await markRunning(task.output)
  const watch: TaskOptions = {
    ...options,
    onProgress(done, total) {
      mark.update(done, total)
      options.onProgress?.(done, total)
    },
  }
  try {
    const { set, rows, residual } =
      task.level === 0 ? await compressShard(plan, task, isLast, watch) : await mergeSets(plan, task, isLast, watch)
    if (isLast && set.weights.length === 0) throw fileError(plan.path, EMPTY)
    await toOutput(task, options.signal, () => writeSet(task.output, set, options.signal))
    return { skipped: false, rows, points: set.weights.length, residual }
  } catch (error) {
    // Another process may have been faster, and may have cleaned up.
    if (await isWhole(task.output)) return SKIPPED
    throw error
  } finally {
    await mark.end()
    if (isLast) removeLeftovers(plan)
  }
}

const EMPTY = 'there is nothing to compress: no shard has a row of positive weight without missing values'

async function toOutput<T>(task: Task, signal: AbortSignal | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    signal?.throwIfAborted()
    const { message } = isSystemError(cause) ? systemError(task.output, cause) : (cause as Error)
    throw new OutputError(message, { cause })
  }
}

/** Errors name the shard. One without rows of positive weight gives an empty set. */
async function compressShard(plan: OpenPlan, task: Task, isLast: boolean, watch: TaskOptions): Promise<Made> {
  try {
    return await compressRows(plan, task, isLast, watch)
  } catch (error) {
    watch.signal?.throwIfAborted()
    const { columns, weights, dropMissing } = plan.options.read
    if (isEmptyInput(error, dropMissing))
      return { set: emptySet([...(columns ?? [])], weights ?? null, dropMissing), rows: 0, residual: 0 }
    const { message, code } = error as Partial<CodedError>
    const name = nameOf(plan, task.index)
    if (code !== undefined && !message?.includes(name))
      Object.assign(error as Error, { message: `${name}: ${message}` })
    throw error
  }
}

async function compressRows(
  plan: OpenPlan,
  task: Task,
  isLast: boolean,
  { threads, signal, onProgress }: TaskOptions,
): Promise<Made> {
  const shard = plan.shards[task.index]
  const { read } = plan.options
  await checkUnchanged(shard)
  const rows = await openShard(shard, { ...read, signal })
  try {
    const compressor = new Compressor({ ...stepOptions(plan, isLast), dimension: rows.names.length, threads, signal })
    const [first, end] = shard.rows ?? [0, Number.POSITIVE_INFINITY]
    let isEmpty = true
    for await (const chunk of rows.chunks()) {
      const part = partOf(chunk, rows.names.length, first, end)
      isEmpty &&= part.weights === undefined ? part.count === 0 : !part.weights.some((weight) => weight > 0)
      if (part.count > 0) await compressor.push(part.points, part.weights)
      if (chunk.first + chunk.count >= end) break
      if (shard.rows !== undefined) onProgress?.(compressor.rows, end - first)
      else if (rows.total !== undefined) onProgress?.(chunk.done, rows.total)
    }
    if (isEmpty)
      return { set: emptySet(rows.names, rows.weightColumn, read.dropMissing), rows: compressor.rows, residual: 0 }
    const { points, weights, indices, order, residual } = await compressor.finish()
    const set: SetOfTask = {
      names: rows.names,
      points,
      weights,
      rows: Float64Array.from(indices, (row) => first + row),
      sources: new Float64Array(weights.length).fill(task.index),
      order: order as number, // blocks are not given here
      sourceWeight: rows.weightColumn,
      dropMissing: read.dropMissing,
    }
    return { set, rows: compressor.rows, residual }
  } finally {
    await rows.close()
  }
}

/** The rows of a chunk that are in [first, end). */
function partOf({ first, count, points, weights }: RowChunk, width: number, from: number, end: number) {
  const start = Math.min(Math.max(from - first, 0), count)
  const stop = Math.max(Math.min(end - first, count), start)
  return {
    count: stop - start,
    points: points.subarray(start * width, stop * width),
    weights: weights?.subarray(start, stop),
  }
}

async function mergeSets(
  plan: OpenPlan,
  task: Task,
  isLast: boolean,
  { threads, signal, onProgress }: TaskOptions,
): Promise<Made> {
  const all: SetOfTask[] = []
  for (const input of task.inputs) {
    all.push(await readSet(input, signal))
    onProgress?.(all.length, task.inputs.length + 1)
  }
  const sets = all.filter(({ weights }) => weights.length > 0)
  if (sets.length === 0) return { set: all[0], rows: 0, residual: 0 }
  const [{ names, sourceWeight }] = sets
  for (const set of sets) {
    if (set.names.join('\n') !== names.join('\n'))
      throw fileError(
        task.inputs[all.indexOf(set)],
        `has the columns ${set.names.join(', ')}; those before have ${names.join(', ')}`,
      )
  }
  const dimension = names.length
  const merged = await merge(sets.map(toMerge), { ...stepOptions(plan, isLast), dimension, threads, signal })
  // A row that a set gives is a row of a shard, which the set knows.
  const from = (values: 'rows' | 'sources') =>
    Float64Array.from(merged.indices, (row, j) => sets[merged.sets[j]][values][row])
  const { points, weights, order, residual } = merged
  const set: SetOfTask = {
    names,
    points,
    weights,
    rows: from('rows'),
    sources: from('sources'),
    order: order as number,
    sourceWeight,
    dropMissing: plan.options.read.dropMissing,
  }
  return { set, rows: sets.reduce((sum, one) => sum + one.weights.length, 0), residual }
}

/** Only the last task goes down to the size that was asked for. */
function stepOptions({ options: { compress } }: OpenPlan, isLast: boolean) {
  return { ...summaryOptions(compress), summary: !isLast }
}
