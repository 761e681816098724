// Two columns: the density of all rows, and the points that were kept, on the same axes.
import { make } from '../elements.js'
import type { DensityPicture } from '../messages.js'
import { counted, short } from '../numbers.js'
import { drawAxes, frameOf } from './frame.js'
import { shade, theme } from './theme.js'

const RATIO = 0.86
// A set can have cells whose weights differ by hundreds of decades.
const DECADES = 4
/** The share of the panel that all marks of an even set have together, and the most that one mark may have. */
const MARKS_SHARE = 0.15
const LARGEST_SHARE = 0.01
const OPACITY = 0.55

/** Two figures, and what draws them. */
export function densityFigures(picture: DensityPicture, words: { rows: string; kept: string }) {
  const { x, y, kept } = picture
  const range = `${x.label} from ${short(x.low)} to ${short(x.high)}, ${y.label} from ${short(y.low)} to ${short(y.high)}`
  const density = canvas(`Density of all ${words.rows}: ${range}.`)
  const marks = canvas(`The ${words.kept} as circles whose area is their weight, on the same axes: ${range}.`)
  const ramp = make('canvas', { width: 128, height: 1, className: 'ramp' })
  ramp.setAttribute('aria-hidden', 'true')
  const [least, most] = shades(picture)
  const weights = kept.weights
  const legend = make('span', { className: 'legend' }, `${short(least)} `, ramp, ` ${short(most)} per cell`)
  const largest =
    weights.length === 0 ? '' : ` Weights from ${short(weights[weights.length - 1])} to ${short(weights[0])}.`
  const elements = [
    make('figure', {}, density, make('figcaption', {}, make('span', {}, `All ${words.rows}.`), ' ', legend)),
    make('figure', {}, marks, make('figcaption', {}, `The ${words.kept}; area: weight.${largest}`)),
  ]
  const draw = () => {
    drawDensity(density, picture)
    drawMarks(marks, picture)
    drawRamp(ramp)
  }
  return { elements, draw }
}

export function canvas(label: string): HTMLCanvasElement {
  const element = make('canvas')
  element.setAttribute('role', 'img')
  element.setAttribute('aria-label', label)
  return element
}

/** The weights of cells that are drawn in the faintest and in the strongest shade. */
function shades({ cells }: DensityPicture): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const weight of cells) {
    if (weight > most) most = weight
    if (weight > 0 && weight < least) least = weight
  }
  if (!(least < most)) return [(most || 1) / 10, most || 1]
  return [Math.max(least, most / 10 ** DECADES), most]
}

function drawDensity(element: HTMLCanvasElement, picture: DensityPicture): void {
  const { cells, across, up, x, y } = picture
  const frame = frameOf(element, RATIO, x, y)
  const [least, most] = shades(picture)
  const span = Math.log(most / least)
  const image = new ImageData(across, up)
  cells.forEach((weight, cell) => {
    if (weight === 0) return
    const [i, j] = [cell % across, Math.floor(cell / across)]
    const colour = shade(frame.colours, Math.log(weight / least) / span)
    image.data.set([...colour, 255], 4 * ((up - 1 - j) * across + i))
  })
  const small = make('canvas', { width: across, height: up })
  small.getContext('2d')?.putImageData(image, 0, 0)
  frame.context.imageSmoothingEnabled = false
  frame.context.drawImage(small, frame.left, frame.top, frame.width, frame.height)
  drawAxes(frame, x, y)
}

function drawMarks(element: HTMLCanvasElement, { kept, x, y }: DensityPicture): void {
  const frame = frameOf(element, RATIO, x, y)
  const { context, colours, left, top, width, height } = frame
  const total = kept.weights.reduce((sum, weight) => sum + weight, 0)
  const largest = kept.weights[0] ?? 1
  const room = width * height
  const area = Math.min((MARKS_SHARE * room) / total, (LARGEST_SHARE * room) / largest)
  context.save()
  context.beginPath()
  context.rect(left, top, width, height)
  context.clip()
  context.fillStyle = colours.mark
  context.strokeStyle = colours.mark
  context.lineWidth = 0.6
  kept.weights.forEach((weight, i) => {
    context.beginPath()
    context.arc(frame.x(kept.x[i]), frame.y(kept.y[i]), Math.sqrt((area * weight) / Math.PI), 0, 2 * Math.PI)
    context.globalAlpha = OPACITY
    context.fill()
    // The rim keeps points of small weight visible.
    context.globalAlpha = 1
    context.stroke()
  })
  context.restore()
  drawAxes(frame, x, y)
}

function drawRamp(element: HTMLCanvasElement): void {
  const image = new ImageData(element.width, 1)
  const colours = theme()
  for (let i = 0; i < element.width; i++) image.data.set([...shade(colours, i / (element.width - 1)), 255], 4 * i)
  element.getContext('2d')?.putImageData(image, 0, 0)
}

/** What the axes leave out, in a sentence; '' when that is nothing. */
export function outsideText({ rows, points }: { rows: number; points: number }): string {
  if (rows + points === 0) return ''
  return `Beyond the axes, far from all others: ${counted(rows, 'row')} and ${counted(points, 'kept point')}.`
}
