// What the page shows of a run for one column, or for two: a picture and statistics.
import type { View } from '../messages.js'
import { densityOf, histogramOf } from './density.js'
import type { Run } from './run.js'
import { statisticsOf } from './statistics.js'

/** A weighted set in one or two columns. */
export interface Sample {
  /** One list of values per column. */
  columns: Float64Array[]
  weights: Float64Array | undefined
  count: number
}

/** `axes`: the positions of the columns. */
export function viewOf({ selection, few, facts }: Run, axes: readonly number[]): View {
  const { points, weights, count, names } = selection
  const all = { columns: axes.map((axis) => column(points, names.length, axis)), weights, count }
  const kept = {
    columns: axes.map((axis) => column(few.points, names.length, axis)),
    weights: few.weights,
    count: few.count,
  }
  const labels = axes.map((axis) => names[axis])
  return {
    picture: axes.length === 1 ? histogramOf(all, kept, labels) : densityOf(all, kept, labels),
    statistics: statisticsOf(all, kept, labels, facts.order),
  }
}

function column(points: Float64Array, width: number, at: number): Float64Array {
  const result = new Float64Array(points.length / width)
  for (let i = 0; i < result.length; i++) result[i] = points[i * width + at]
  return result
}
