// What the page shows of a run for one column, or for two: a picture and statistics.
import type { View } from '../messages.js'
import { densityOf, histogramOf } from './density.js'
import type { Run } from './run.js'
import { shownSet } from './shown-set.js'
import { statisticsOf } from './statistics.js'

/** `axes`: the positions of the columns. */
export function viewOf({ selection, few, facts }: Run, axes: readonly number[]): View {
  const { points, weights, names } = selection
  const all = shownSet(points, names.length, weights, axes)
  const kept = shownSet(few.points, names.length, few.weights, axes)
  const labels = axes.map((axis) => names[axis])
  return {
    picture: axes.length === 1 ? histogramOf(all, kept, labels) : densityOf(all, kept, labels),
    statistics: statisticsOf(all, kept, labels, facts.order),
  }
}
