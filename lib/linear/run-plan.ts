// Runs a plan: the native calls one after another, their progress as one, their results as one.

import type { AsyncOptions } from '../input/options.js'
import { runJob } from '../native/job.js'
import { float64s, uint32s } from '../native/memory.js'
import { native } from '../native/native.js'
import type { NativeCompressed, WhyRows } from '../surface.js'
import type { Plan } from './plan.js'

/** What all parts have together. */
export interface PlanReport {
  cells: number
  threads: number
  /** The largest of the parts' residuals. */
  residual: number
  /** The sum over the parts. */
  cellsKeepingLess: number
  partition: number
  recombine: number
}

/** The rows chosen, ascending. */
export interface Chosen extends PlanReport {
  indices: Uint32Array
  weights: Float64Array
}

/** Points that may lie anywhere, part by part. */
export interface ChosenFree extends PlanReport {
  /** As the rows of the plan. */
  data: Float64Array
  weights: Float64Array
  freeCells: number
  rowCells: number
  /** Of the first part, where no part has free points. */
  whyRows: WhyRows | undefined
}

export async function runPlan(plan: Plan, watch: AsyncOptions): Promise<Chosen> {
  return chosenOf(plan, await outputsOf(plan, watch))
}

/** The results of the native calls, part by part. */
export async function outputsOf(plan: Plan, { signal, onProgress }: AsyncOptions): Promise<NativeCompressed[]> {
  const outputs: NativeCompressed[] = []
  const total = plan.rows.count
  const many = plan.parts.length > 1
  let before = 0
  let through = 0
  for (const { input } of plan.parts) {
    // With several parts, progress counts rows. Only the recombination of a part adds to it.
    const watch: AsyncOptions['onProgress'] =
      onProgress && many
        ? ({ done, total: units, stage }) => {
            const share = stage === 'recombine' ? done / units : 0
            through = Math.max(through, before + Math.floor(share * input.points.count))
            onProgress({ done: through, total, stage: 'recombine' })
          }
        : onProgress
    outputs.push(await runJob((progress) => native().compress(input, progress), { signal, onProgress: watch }))
    before += input.points.count
    through = before
    if (many) onProgress?.({ done: before, total, stage: 'recombine' })
  }
  return outputs
}

export function runPlanSync(plan: Plan): Chosen {
  return chosenOf(plan, outputsOfSync(plan))
}

export function outputsOfSync(plan: Plan): NativeCompressed[] {
  return plan.parts.map(({ input }) => native().compressSync(input))
}

function chosenOf({ parts, rows: { count } }: Plan, outputs: NativeCompressed[]): Chosen {
  const dense = float64s(count)
  let kept = 0
  for (const [i, { indices, weights }] of outputs.entries()) {
    const { rows } = parts[i]
    for (let j = 0; j < indices.length; j++) dense[rows ? rows[indices[j]] : indices[j]] = weights[j]
    kept += indices.length
  }
  const indices = uint32s(kept)
  const weights = float64s(kept)
  for (let row = 0, to = 0; row < count; row++) {
    if (dense[row] > 0) {
      indices[to] = row
      weights[to++] = dense[row]
    }
  }
  return { indices, weights, ...reportOf(outputs) }
}

/** Columns that a part does not have are constant in it. */
export function freeOf({ parts, rows: { data, polynomial, linear } }: Plan, outputs: NativeCompressed[]): ChosenFree {
  const width = polynomial + linear
  const count = outputs.reduce((sum, { weights }) => sum + weights.length, 0)
  const all = float64s(count * width)
  const weights = float64s(count)
  let to = 0
  for (const [i, output] of outputs.entries()) {
    const { rows = uint32s(1), columns = [] } = parts[i]
    const constant = data.subarray(rows[0] * width, (rows[0] + 1) * width)
    weights.set(output.weights, to)
    for (let j = 0; j < output.weights.length; j++, to++) {
      all.set(constant, to * width)
      for (const [c, a] of columns.entries()) all[to * width + a] = output.points[j * columns.length + c]
    }
  }
  const sum = (of: (output: NativeCompressed) => number) => outputs.reduce((total, output) => total + of(output), 0)
  const freeCells = sum((output) => output.freeCells)
  return {
    data: all,
    weights,
    ...reportOf(outputs),
    freeCells,
    rowCells: sum(({ rowCells }) => rowCells),
    whyRows: freeCells === 0 ? outputs[0].whyRows : undefined,
  }
}

function reportOf(outputs: NativeCompressed[]): PlanReport {
  const sum = (of: (output: NativeCompressed) => number) => outputs.reduce((total, output) => total + of(output), 0)
  return {
    cells: sum(({ cells }) => cells),
    threads: Math.max(...outputs.map(({ threads }) => threads)),
    residual: Math.max(...outputs.map(({ residual }) => residual)),
    cellsKeepingLess: sum(({ cellsKeepingLess }) => cellsKeepingLess),
    partition: sum(({ partition }) => partition),
    recombine: sum(({ recombine }) => recombine),
  }
}
