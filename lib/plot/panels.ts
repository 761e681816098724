// The panels of a picture as parts of a specification of Vega-Lite: a density, kept points, two histograms over one another.
import { type Cells, type Counter, cellOf, type PlotColumn } from './histogram.js'
import type { Specification } from './render.js'
import { GREY, INK, OPACITY, SHADES } from './style.js'

/** The points that were kept. */
export interface KeptPoints {
  /** count x columns, row-major. */
  points: Float64Array
  weights: Float64Array
}

/** What all panels of a picture share. */
export interface Scene {
  counter: Counter
  kept: KeptPoints
  /** What the weights are, for the legends. */
  weightName: string
  /** Square pixels of a mark for a weight of 1, and the largest weight. */
  area: number
  largest: number
  /** The weights of cells that are drawn in the lightest and in the darkest shade. */
  shades: [least: number, largest: number]
}

/** How the axes of a panel are shown: with numbers and title, or not at all. */
export interface Frame {
  width: number
  height: number
  x: AxisLook
  y: AxisLook
}

export type AxisLook = 'full' | 'right' | 'title' | 'none'

// A kept set can have weights over hundreds of decades, and so can cells.
const DECADES = 4
/** The share of a panel's area that all marks of an even set have together. */
const MARKS_SHARE = 0.15
/** The share of a panel's area that the largest mark may have. */
const LARGEST_SHARE = 0.01

/** The scales that all panels share. Panels have `panelArea` square pixels. */
export function sceneOf(counter: Counter, kept: KeptPoints, weightName: string, panelArea: number): Scene {
  const total = kept.weights.reduce((sum, weight) => sum + weight, 0)
  const largest = kept.weights.reduce((most, weight) => Math.max(most, weight), 0)
  const area = Math.min((MARKS_SHARE * panelArea) / total, (LARGEST_SHARE * panelArea) / largest)
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let a = 0; a < counter.columns.length; a++) {
    for (let b = 0; b < a; b++) {
      for (const weight of counter.pair(a, b)) {
        if (weight > most) most = weight
        if (weight > 0 && weight < least) least = weight
      }
    }
  }
  if (!(least < most)) [least, most] = [(most || 1) / 10, most || 1]
  return { counter, kept, weightName, area, largest, shades: [Math.max(least, most / 10 ** DECADES), most] }
}

/** The original: column x across, y up, the weight of each cell as a shade of grey. */
export function densityPanel(scene: Scene, x: number, y: number, frame: Frame): Specification {
  const { counter, shades, weightName } = scene
  const [across, up] = [counter.columns[x], counter.columns[y]]
  return {
    width: frame.width,
    height: frame.height,
    data: { values: cellValues(counter, x, y) },
    mark: { type: 'rect', strokeWidth: 0, binSpacing: 0, clip: true },
    encoding: {
      x: { ...axis('x', across, frame), bin: 'binned' },
      x2: { field: 'x2' },
      y: { ...axis('y', up, frame), bin: 'binned' },
      y2: { field: 'y2' },
      color: {
        field: 'density',
        type: 'quantitative',
        scale: { type: 'log', domain: shades, clamp: true, range: SHADES },
        legend: {
          title: `${weightName} per cell of the density`,
          orient: 'bottom',
          direction: 'horizontal',
          gradientLength: 200,
          gradientThickness: 10,
          values: shadeTicks(shades),
          labelExpr: NUMBER,
        },
      },
    },
  }
}

function cellValues(counter: Counter, x: number, y: number): Specification[] {
  const [across, up] = [counter.columns[x].fine, counter.columns[y].fine]
  const [later, earlier] = x > y ? [x, y] : [y, x]
  const weights = counter.pair(later, earlier)
  const width = counter.columns[earlier].fine.count
  const values: Specification[] = []
  weights.forEach((w, cell) => {
    if (w === 0) return
    const [i, j] = [Math.floor(cell / width), cell % width]
    const [xs, ys] = [edges(across, x > y ? i : j), edges(up, x > y ? j : i)]
    values.push({ x: xs[0], x2: xs[1], y: ys[0], y2: ys[1], density: w })
  })
  return values
}

const edges = ({ low, width }: Cells, cell: number) => [low + cell * width, low + (cell + 1) * width]

/** The kept points: a circle each, with an area in proportion to its weight. */
export function keptPanel(scene: Scene, x: number, y: number, frame: Frame): Specification {
  const { counter, kept, area, largest, weightName } = scene
  const [across, up] = [counter.columns[x], counter.columns[y]]
  return {
    width: frame.width,
    height: frame.height,
    data: { values: markValues(scene, x, y) },
    // The rim keeps points of very small weight visible.
    mark: { type: 'circle', color: INK, stroke: INK, strokeWidth: 0.6, opacity: OPACITY, clip: true },
    encoding: {
      x: axis('x', across, frame),
      y: axis('y', up, frame),
      size: {
        field: 'w',
        type: 'quantitative',
        scale: { type: 'linear', domain: [0, largest], range: [0, area * largest] },
        legend: {
          title: `${weightName} per kept point`,
          orient: 'bottom',
          direction: 'horizontal',
          values: sizeTicks(kept.weights, largest),
          labelExpr: NUMBER,
          symbolFillColor: INK,
          symbolStrokeColor: INK,
          symbolOpacity: OPACITY,
        },
      },
    },
  }
}

/** Those inside the axes. Large circles first, so that small ones lie on top of them. */
function markValues({ counter, kept }: Scene, x: number, y: number): { x: number; y: number; w: number }[] {
  const m = counter.columns.length
  const [across, up] = [counter.columns[x].fine, counter.columns[y].fine]
  return Array.from(kept.weights, (w, i) => ({ x: kept.points[i * m + x], y: kept.points[i * m + y], w }))
    .filter((mark) => cellOf(across, mark.x) !== -1 && cellOf(up, mark.y) !== -1)
    .sort((one, other) => other.w - one.w)
}

/** How many kept points lie outside the axes of some column. */
export function keptOutside({ counter, kept }: Pick<Scene, 'counter' | 'kept'>): number {
  const m = counter.columns.length
  const isOutside = (i: number) => counter.columns.some(({ fine }, a) => cellOf(fine, kept.points[i * m + a]) === -1)
  return kept.weights.reduce((count, _, i) => count + (isOutside(i) ? 1 : 0), 0)
}

/** One column: the weights of the original as grey bars, those of the kept points as a line over them. */
export function histogramPanel({ counter, kept, weightName }: Scene, a: number, frame: Frame): Specification {
  const column = counter.columns[a]
  const original = counter.bars(a)
  const few = keptBars(kept, counter.columns.length, a, column.bars)
  const bars = Array.from(original, (w, i) => ({ x: edges(column.bars, i)[0], x2: edges(column.bars, i)[1], w }))
  const top = Math.max(...original, ...few) * 1.05
  const title = frame.y === 'none' ? null : frame.y === 'title' ? column.label : `${weightName} per bar`
  const look = frame.y === 'full' ? numbers(top, frame.height) : { labels: false, ticks: false, grid: false }
  return {
    width: frame.width,
    height: frame.height,
    encoding: {
      y: {
        field: 'w',
        type: 'quantitative',
        axis: frame.y === 'none' ? null : { ...look, title },
        scale: { domain: [0, top], nice: false },
      },
    },
    layer: [
      {
        data: { values: bars.filter(({ w }) => w > 0) },
        mark: { type: 'bar', color: GREY, stroke: GREY, strokeWidth: 0.4, binSpacing: 0, clip: true },
        encoding: { x: { ...axis('x', column, frame), bin: 'binned' }, x2: { field: 'x2' } },
      },
      {
        data: { values: outline(column.bars, few) },
        mark: { type: 'line', color: INK, strokeWidth: 1.6, clip: true },
        encoding: { x: axis('x', column, frame), order: { field: 'i' } },
      },
    ],
  }
}

function keptBars({ points, weights }: KeptPoints, dimension: number, a: number, bars: Cells): Float64Array {
  const result = new Float64Array(bars.count)
  for (const [i, weight] of weights.entries()) {
    const bar = cellOf(bars, points[i * dimension + a])
    if (bar !== -1) result[bar] += weight
  }
  return result
}

/** The corners of the tops of all bars, from the ground and back to it. */
function outline(bars: Cells, weights: Float64Array): { x: number; w: number; i: number }[] {
  const tops = [...weights].flatMap((w, bar) => edges(bars, bar).map((x) => ({ x, w })))
  const corners = [{ ...tops[0], w: 0 }, ...tops, { ...tops[tops.length - 1], w: 0 }]
  return corners.map((corner, i) => ({ ...corner, i }))
}

function axis(field: 'x' | 'y', { label, fine }: PlotColumn, { width, height, ...looks }: Frame): Specification {
  const domain = [fine.low, fine.low + fine.count * fine.width]
  const look = looks[field]
  const shown = { title: label, ...numbers(Math.max(...domain.map(Math.abs)), field === 'x' ? width : height) }
  return {
    field,
    type: 'quantitative',
    scale: { domain, nice: false, zero: false },
    axis: look === 'none' ? null : look === 'right' ? { ...shown, title: null, orient: 'right' } : shown,
  }
}

/** As many ticks as there is room for on that many pixels, with short numbers. */
function numbers(largest: number, room: number): Specification {
  const format = largest >= (room < 200 ? 1e4 : 1e5) ? '~s' : largest < 1e-3 ? '~e' : undefined
  const tickCount = Math.max(4, Math.round(room / 60))
  return { grid: false, tickCount, labelFlush: false, labelOverlap: true, ...(format && { format }) }
}

const NUMBER = "format(datum.value, datum.value >= 1e4 || datum.value < 1e-3 ? '~s' : ',~r')"

/** Powers of ten between the shades, or their ends when there are not two. */
function shadeTicks([least, most]: [number, number]): number[] {
  const powers: number[] = []
  for (let power = Math.ceil(Math.log10(least) - 1e-9); 10 ** power <= most * (1 + 1e-9); power++)
    powers.push(10 ** power)
  return powers.length > 1 ? powers : [roundBelow(least * 1.999), roundBelow(most)]
}

/** Round weights of about the largest point, and of smaller ones as far as there are some. */
function sizeTicks(weights: Float64Array, largest: number): number[] {
  const least = weights.reduce((few, weight) => Math.min(few, weight), largest)
  const round = roundBelow(largest)
  return [0.01, 0.1, 1].map((share) => share * round).filter((value) => value === round || value > least / 2)
}

/** The largest of 1, 2, 5, 10, 20, 50, ... that is at most `value`. */
function roundBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([5, 2].find((digit) => digit * power <= value) ?? 1) * power
}
