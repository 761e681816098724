// A canvas with axes: its size, its scales, its ticks.
import type { Axis } from '../messages.js'
import { tick } from '../numbers.js'
import { type Theme, theme } from './theme.js'

export interface Frame {
  context: CanvasRenderingContext2D
  colours: Theme
  /** The inside of the axes, in CSS pixels. */
  left: number
  top: number
  width: number
  height: number
  /** From values to pixels. */
  x(value: number): number
  y(value: number): number
}

const MARGIN = { left: 52, right: 10, top: 8, bottom: 44 }
const FONT = '12px system-ui, sans-serif'
// Pixels between ticks.
const GAP = { x: 70, y: 44 }
const TICK = 4

/** Makes the canvas as wide as its element and clears it. `y`: undefined for an axis without numbers. */
export function frameOf(canvas: HTMLCanvasElement, ratio: number, x: Axis, y: Axis): Frame {
  const scale = devicePixelRatio || 1
  const width = Math.max(canvas.clientWidth, 120)
  const height = Math.round(width * ratio)
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  context.scale(scale, scale)
  const inside = {
    left: MARGIN.left,
    top: MARGIN.top,
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.top - MARGIN.bottom,
  }
  return {
    context,
    colours: theme(),
    ...inside,
    x: (value) => inside.left + ((value - x.low) / (x.high - x.low)) * inside.width,
    y: (value) => inside.top + inside.height - ((value - y.low) / (y.high - y.low)) * inside.height,
  }
}

export function drawAxes(frame: Frame, x: Axis, y: Axis): void {
  const { context, colours, left, top, width, height } = frame
  context.font = FONT
  context.fillStyle = colours.ink
  context.strokeStyle = colours.grid
  context.lineWidth = 1
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1)
  context.strokeStyle = colours.ink
  context.textAlign = 'center'
  context.textBaseline = 'top'
  for (const value of ticks(x, width / GAP.x)) {
    line(context, frame.x(value), top + height, 0, TICK)
    context.fillText(tick(value), frame.x(value), top + height + TICK + 3)
  }
  context.fillText(fitting(context, x.label, width), left + width / 2, top + height + 26)
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (const value of ticks(y, height / GAP.y)) {
    line(context, left, frame.y(value), -TICK, 0)
    context.fillText(tick(value), left - TICK - 3, frame.y(value), left - TICK - 18)
  }
  context.save()
  context.translate(9, top + height / 2)
  context.rotate(-Math.PI / 2)
  context.textAlign = 'center'
  context.fillText(fitting(context, y.label, height), 0, 0)
  context.restore()
}

/** The label, or its beginning where there is no room for all of it. */
function fitting(context: CanvasRenderingContext2D, label: string, room: number): string {
  if (context.measureText(label).width <= room) return label
  let length = label.length - 1
  while (length > 1 && context.measureText(`${label.slice(0, length)}…`).width > room) length--
  return `${label.slice(0, length)}…`
}

function line(context: CanvasRenderingContext2D, x: number, y: number, dx: number, dy: number): void {
  context.beginPath()
  context.moveTo(Math.round(x) + 0.5, Math.round(y) + 0.5)
  context.lineTo(Math.round(x) + dx + 0.5, Math.round(y) + dy + 0.5)
  context.stroke()
}

/** Round values inside of an axis, about as many as asked for: multiples of 1, 2 or 5 times a power of ten. */
export function ticks({ low, high }: Axis, count: number): number[] {
  const rough = (high - low) / Math.max(count, 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((digit) => digit * power >= rough) ?? 10) * power
  const first = Math.ceil(low / step)
  const last = Math.floor(high / step)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}
