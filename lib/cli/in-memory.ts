// A compression with all rows in memory.
import { compensatedSum } from '../compensated-sum.js'
import { compress } from '../index.js'
import { openRows } from '../io/rows.js'
import { type CompressCommand, orderOption, rowsOptions } from './compress-options.js'
import { EXIT, step } from './exit.js'
import { memoryWatch } from './memory.js'
import { gatherValues, type Outcome } from './outcome.js'
import type { ProgressBar } from './progress.js'
import { note } from './report.js'
import { readSelection } from './selection.js'

/** Reads the whole file and compresses it. Throws CliError, or the library's errors. */
export async function compressInMemory(
  path: string,
  command: CompressCommand,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<Outcome> {
  const start = performance.now()
  const used = await usedColumns(path, command, signal)
  const collect = memoryWatch(command.memory)
  const onProgress = (done: number, total: number) => {
    bar.update('read', done, total)
    collect()
  }
  const { selection } = await step(EXIT.input, () => readSelection(path, used, command, { signal, onProgress }))
  for (const text of selection.notes) note(text, command.quiet)
  const read = performance.now()
  collect()

  const { points, weights, names: columns, count, dropped } = selection
  const { size, support, hull, equalWeights, minimumWeight, tolerance, quality, threads, scale } = command
  const result = await compress(points, {
    dimension: columns.length,
    weights,
    order: orderOption(command, columns),
    size,
    support,
    hull,
    equalWeights,
    minimumWeight,
    tolerance,
    quality,
    threads,
    scale,
    signal,
    onProgress: ({ done, total, stage }) => bar.update(stage, done, total),
  })
  const end = performance.now()
  const all = selection.rows
  const rows = all === undefined ? result.indices : result.indices?.map((index) => all[index])
  const isCarrying = rows !== undefined && command.keepColumns !== undefined
  const kept = isCarrying
    ? await gatherValues(path, { ...rowsOptions(command, signal), ...used, dropMissing: true }, rows, collect)
    : []
  return {
    columns,
    weightColumn: selection.weightColumn,
    count,
    dropped,
    totalWeight: weights === undefined ? count : compensatedSum(weights),
    files: [{ path, first: 0, rows: count + dropped }],
    result,
    rows,
    kept,
    milliseconds: { read: read - start, compress: end - read },
  }
}

/** The columns that are used. Those that are carried along must be there, and are no coordinates. */
async function usedColumns(path: string, command: CompressCommand, signal: AbortSignal) {
  const { columns, weights, dropMissing, keepColumns } = command
  if (keepColumns === undefined) return { columns, weights, dropMissing }
  const rows = await step(EXIT.input, () => openRows(path, rowsOptions(command, signal)))
  await rows.close()
  return { columns: rows.names, weights: rows.weightColumn ?? undefined, dropMissing }
}
