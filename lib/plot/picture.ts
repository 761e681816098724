// A picture of a set and of the points that were kept of it: two panels side by side, a matrix of all pairs, or histograms.
import type { Counter } from './histogram.js'
import {
  type AxisLook,
  densityPanel,
  histogramPanel,
  type KeptPoints,
  keptPanel,
  type Scene,
  sceneOf,
} from './panels.js'
import type { Specification } from './render.js'

export interface PictureData {
  counter: Counter
  kept: KeptPoints
  /** The names of the two sets. */
  original: string
  compressed: string
  /** What the weights are: rows, or a column's name. */
  weightName: string
  /** In bold above the picture. */
  title: string
  /** Sentences below it. */
  remarks: readonly string[]
}

/** A picture that can be drawn as a whole, or in parts that a narrow page sets below one another. */
export interface Picture {
  whole: Specification
  parts: readonly { specification: Specification; label: string }[]
  /** Sentences that say how the parts are to be read. The whole has them. */
  key: readonly string[]
}

/** The most columns of a matrix: with more, its panels are too small to see anything. */
export const MOST_COLUMNS = 6

interface Size {
  width: number
  height: number
}

// Pixels of the SVG.
const PAIR = { width: 390, height: 330 }
const SINGLE = { width: 640, height: 320 }
const NARROW = { width: 300, height: 255 } // of a part, so that its letters can be read on a telephone
const MATRIX_WIDTH = 780
const CELL = 3
const MATRIX_CELL = 2.5
const GAP = 10
// Vega makes room for letters of this width at 12 pixels. They are narrower, but wider lines would widen the picture.
const LETTER = 9.6

/** The most cells of the density and bars of the histogram per column, for that many columns and kept points. */
export function resolution(columns: number, keptPoints: number): { fine: number[]; bars: number } {
  const side = columns === 2 ? [PAIR.width / CELL, PAIR.height / CELL] : [matrixSide(columns) / MATRIX_CELL]
  const fine = Array.from({ length: columns }, (_, a) => Math.floor(side[a % side.length]))
  const most = columns === 1 ? 60 : 30
  // With few kept points, narrow bars would show their gaps and nothing else.
  return { fine, bars: Math.max(8, Math.min(most, Math.round(1.5 * Math.sqrt(keptPoints)))) }
}

/** Two columns: density and kept points, on the same axes. One: both histograms. More: a matrix of all pairs. */
export function pictureOf(data: PictureData): Picture {
  const columns = data.counter.columns.length
  if (columns === 1) return single(data)
  return columns === 2 ? pair(data) : matrix(data)
}

function single(data: PictureData): Picture {
  const key = `Histograms of ${data.counter.columns[0].label}, ${greyAndLine(data)}.`
  const panel = (size: Size) => histogramPanel(scene(data, size), 0, { ...size, x: 'full', y: 'full' })
  return {
    whole: { ...panel(SINGLE), title: heading(data, SINGLE.width, [key]) },
    parts: [{ specification: panel(NARROW), label: key }],
    key: [key],
  }
}

const greyAndLine = ({ original, compressed }: PictureData) => `grey bars: ${original}, line: ${compressed}`

function pair(data: PictureData): Picture {
  const [x, y] = data.counter.columns.map(({ label }) => label)
  const panels = (size: Size) => {
    const frame = { ...size, x: 'full', y: 'full' } as const
    const shared = scene(data, size)
    const titled = (panel: Specification, text: string, subtitle: string) => ({ ...panel, title: { text, subtitle } })
    return [
      titled(densityPanel(shared, 0, 1, frame), data.original, 'shade: weight, logarithmic'),
      titled(keptPanel(shared, 0, 1, frame), data.compressed, 'area of a circle: weight of a kept point'),
    ]
  }
  const labels = [
    `Density of ${y} over ${x} in ${data.original}.`,
    `Kept points of ${data.compressed}, ${y} over ${x}.`,
  ]
  return {
    whole: { title: heading(data, 2 * PAIR.width, []), hconcat: panels(PAIR), spacing: 34, ...SHARED },
    parts: panels(NARROW).map((specification, i) => ({ specification, label: labels[i] })),
    key: [],
  }
}

const scene = ({ counter, kept, weightName }: PictureData, { width, height }: Size): Scene =>
  sceneOf(counter, kept, weightName, width * height)

function matrix(data: PictureData): Picture {
  const m = data.counter.columns.length
  const side = matrixSide(m)
  const shared = scene(data, { width: side, height: side })
  const panels = Array.from({ length: m * m }, (_, i) => matrixPanel(shared, i % m, Math.floor(i / m), side))
  const key =
    `Below the diagonal: the density of ${data.original}. Above it: the kept points of ${data.compressed}. ` +
    `On it: histograms, ${greyAndLine(data)}.`
  const body = {
    concat: panels,
    columns: m,
    spacing: GAP,
    bounds: 'flush',
    ...SHARED,
    config: { axis: { labelFontSize: 10, titleFontSize: 12 } },
  }
  return {
    whole: { ...body, title: heading(data, MATRIX_WIDTH, [key]) },
    parts: [{ specification: body, label: key }],
    key: [key],
  }
}

/** Numbers stand at the left of densities and below the last row; the first row, which has no density, has them at the right. */
function matrixPanel(scene: Scene, x: number, y: number, side: number): Specification {
  const m = scene.counter.columns.length
  const looks: AxisLook[] = ['none', 'none']
  if (y === m - 1) looks[0] = 'full'
  if (x === 0) looks[1] = y === 0 ? 'title' : 'full'
  else if (y === 0 && x === m - 1) looks[1] = 'right'
  const frame = { width: side, height: side, x: looks[0], y: looks[1] }
  if (x === y) return histogramPanel(scene, x, frame)
  return x < y ? densityPanel(scene, x, y, frame) : keptPanel(scene, x, y, frame)
}

/** One legend for all panels. */
const SHARED = { resolve: { scale: { color: 'shared', size: 'shared' }, legend: { color: 'shared', size: 'shared' } } }

function matrixSide(columns: number): number {
  return Math.floor((MATRIX_WIDTH - (columns - 1) * GAP) / columns / MATRIX_CELL) * MATRIX_CELL
}

function heading({ title, remarks }: PictureData, width: number, key: readonly string[]): Specification {
  const lines = [...key, ...remarks].flatMap((text) => wrapped(text, Math.floor(width / LETTER)))
  return { text: title, fontSize: 16, offset: 14, ...(lines.length > 0 && { subtitle: lines }) }
}

/** Lines of at most that many letters. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
