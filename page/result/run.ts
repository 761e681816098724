// One run: reads the columns that are used, and compresses their rows.

import type { Compressed } from 'fewpoints'
import { compress } from 'fewpoints'
import { compensatedSum } from '#dist/compensated-sum.js'
import type { RunFacts, RunOptions, Step } from '../messages.js'
import type { OpenFile } from '../reading/open-file.js'
import { type Selection, select } from '../reading/select.js'

export interface Run {
  facts: RunFacts
  selection: Selection
  few: Compressed
  /** Per kept point, its row in the file. */
  rows: Uint32Array
}

/** Rejects with the errors of the readers and of compress(), or with the signal's reason. */
export async function runOn(
  file: OpenFile,
  options: RunOptions,
  signal: AbortSignal,
  onStep: (step: Step) => void,
): Promise<Run> {
  const { columns, weights, dropMissing, order, size, quality, scale } = options
  const start = performance.now()
  const wanted = weights === undefined ? columns : [...columns, weights]
  const onRead = (done: number, total: number) => onStep({ stage: 'read', done, total })
  const table = await file.read({ columns: wanted, signal, onProgress: onRead })
  const selection = select(file.facts.name, table, { columns, weights, dropMissing })
  const read = performance.now()
  const few = await compress(selection.points, {
    dimension: selection.names.length,
    weights: selection.weights,
    order,
    size,
    quality,
    scale,
    signal,
    onProgress: onStep,
  })
  const end = performance.now()
  const all = selection.rows
  return {
    selection,
    few,
    rows: all === undefined ? few.indices : few.indices.map((index) => all[index]),
    facts: {
      file: file.facts.name,
      columns: selection.names,
      weights,
      rows: selection.count,
      dropped: selection.dropped,
      count: few.count,
      order: few.order as number,
      cells: few.cells,
      residual: few.residual,
      cellsKeepingLess: few.cellsKeepingLess,
      totalWeight: selection.weights === undefined ? selection.count : compensatedSum(selection.weights),
      elapsed: { read: read - start, compress: end - read },
      notes: selection.notes.filter((note) => !file.facts.notes.includes(note)),
    },
  }
}
