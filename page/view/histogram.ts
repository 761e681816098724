// One column: the weights of all rows as bars, those of the kept points as a line over them.
import { make } from '../elements.js'
import type { HistogramPicture } from '../messages.js'
import { short } from '../numbers.js'
import { canvas } from './density.js'
import { drawAxes, frameOf } from './frame.js'

const RATIO = 0.5

export function histogramFigure(picture: HistogramPicture, words: { rows: string; kept: string }) {
  const { x } = picture
  const range = `${x.label} from ${short(x.low)} to ${short(x.high)}`
  const element = canvas(`Histogram of all ${words.rows} as bars, and of the ${words.kept} as a line: ${range}.`)
  const caption = make(
    'figcaption',
    {},
    make('span', { className: 'key bars' }, `all ${words.rows}`),
    make('span', { className: 'key line' }, words.kept),
  )
  return {
    elements: [make('figure', { className: 'single' }, element, caption)],
    draw: () => drawHistogram(element, picture),
  }
}

function drawHistogram(element: HTMLCanvasElement, { x, all, kept }: HistogramPicture): void {
  const top = 1.05 * Math.max(...all, ...kept)
  const y = { label: 'weight per bar', low: 0, high: top }
  const frame = frameOf(element, RATIO, x, y)
  const { context, colours } = frame
  const edge = (bar: number) => frame.x(x.low + (bar / all.length) * (x.high - x.low))
  context.fillStyle = colours.bars
  all.forEach((weight, bar) => {
    context.fillRect(edge(bar), frame.y(weight), edge(bar + 1) - edge(bar) - 0.5, frame.y(0) - frame.y(weight))
  })
  context.strokeStyle = colours.mark
  context.lineWidth = 2
  context.beginPath()
  context.moveTo(edge(0), frame.y(0))
  kept.forEach((weight, bar) => {
    context.lineTo(edge(bar), frame.y(weight))
    context.lineTo(edge(bar + 1), frame.y(weight))
  })
  context.lineTo(edge(kept.length), frame.y(0))
  context.stroke()
  drawAxes(frame, x, y)
}
