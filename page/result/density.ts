// The picture of a run, by the histograms of `fewpoints picture`.
import { Counter, cellOf, cellsFor, type PlotColumn } from '#dist/plot/histogram.js'
import { resolution } from '#dist/plot/picture.js'
import { RangeFinder } from '#dist/plot/range.js'
import type { Axis, DensityPicture, HistogramPicture } from '../messages.js'
import type { ShownSet } from './shown-set.js'

// Cells of about three pixels.
const CELLS = 128
const CHUNK = 1 << 16

export function densityOf(all: ShownSet, kept: ShownSet, labels: readonly string[]): DensityPicture {
  const counter = counterOf(all, labels, kept.count)
  const [x, y] = counter.columns
  const [across, up] = [x.fine.count, y.fine.count]
  const inside = insideOf(kept, counter.columns)
  return {
    kind: 'density',
    x: axisOf(x),
    y: axisOf(y),
    cells: counter.pair(1, 0),
    across,
    up,
    kept: {
      x: Float64Array.from(inside, (i) => kept.columns[0][i]),
      y: Float64Array.from(inside, (i) => kept.columns[1][i]),
      weights: Float64Array.from(inside, (i) => (kept.weights as Float64Array)[i]),
    },
    outside: { rows: counter.outside.rows, points: kept.count - inside.length },
  }
}

export function histogramOf(all: ShownSet, kept: ShownSet, labels: readonly string[]): HistogramPicture {
  const counter = counterOf(all, labels, kept.count)
  const [x] = counter.columns
  const few = new Counter(counter.columns)
  few.add(kept.columns[0], kept.weights, kept.count)
  return {
    kind: 'histogram',
    x: { label: x.label, low: x.bars.low, high: x.bars.low + x.bars.count * x.bars.width },
    all: counter.bars(0),
    kept: few.bars(0),
    outside: { rows: counter.outside.rows, points: few.outside.rows },
  }
}

/** All rows, counted chunk by chunk. */
function counterOf({ columns, weights, count }: ShownSet, labels: readonly string[], points: number): Counter {
  const { bars } = resolution(columns.length, points)
  const finder = new RangeFinder(columns.length)
  eachChunk(columns, weights, count, (points, part, length) => finder.add(points, part, length))
  const plotted = finder.ranges('robust').map((range, i) => ({
    label: labels[i],
    range,
    fine: cellsFor(range, CELLS, labels[i]),
    bars: cellsFor(range, bars, labels[i]),
  }))
  const counter = new Counter(plotted)
  eachChunk(columns, weights, count, (points, part, length) => counter.add(points, part, length))
  return counter
}

type TakeChunk = (points: Float64Array, weights: Float64Array | undefined, count: number) => void

/** Row-major points of all rows. */
function eachChunk(
  columns: readonly Float64Array[],
  weights: Float64Array | undefined,
  count: number,
  take: TakeChunk,
): void {
  const m = columns.length
  const points = new Float64Array(m * Math.min(CHUNK, count))
  for (let start = 0; start < count; start += CHUNK) {
    const length = Math.min(CHUNK, count - start)
    for (let a = 0; a < m; a++) for (let i = 0; i < length; i++) points[i * m + a] = columns[a][start + i]
    take(points, weights?.subarray(start, start + length), length)
  }
}

/** The points inside the axes, the heaviest first: so small marks lie on top of large ones. */
function insideOf({ columns, weights, count }: ShownSet, plotted: readonly PlotColumn[]): number[] {
  const isInside = (i: number) => plotted.every(({ fine }, a) => cellOf(fine, columns[a][i]) !== -1)
  const heavy = weights as Float64Array
  return Array.from({ length: count }, (_, i) => i)
    .filter(isInside)
    .sort((i, j) => heavy[j] - heavy[i])
}

const axisOf = ({ label, fine }: PlotColumn): Axis => ({
  label,
  low: fine.low,
  high: fine.low + fine.count * fine.width,
})
