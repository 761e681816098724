// What the figures share: series that can be told apart in grey, by shape and by a label of their own; axes of powers of ten.

/** Dark to light; every figure uses as many as it has series, in order. */
export const COLORS = [
  '#1b0c42',
  '#1f55a5',
  '#0b8a8f',
  '#3a9d3a',
  '#b07d00',
  '#d9480f',
  '#a61e6e',
  '#6b7280',
  '#5b2a86',
  '#8c6d31',
]
const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
  'M-1-.35H1V.35H-1Z', // a bar
  'M0-1.2L.35-.35L1.2 0L.35.35L0 1.2L-.35.35L-1.2 0L-.35-.35Z', // a star of four points
]

export const GREY = '#8a8f98'
const GRID = '#e6e6e6'
// Room between the outermost points and the frame, as a factor.
const MARGIN = 1.25

/**
 * A field that tells series apart, by colour and by shape, with one legend for both.
 *
 * @param {string} field
 * @param {(string | number)[]} domain the series in order
 * @param {string | null} title of the legend, if it is to have one
 * @param {string[]} colors where the series mean something that a colour says
 */
export function seriesBy(field, domain, title, colors = COLORS) {
  const legend = { title, orient: 'bottom', direction: 'horizontal', columns: 10, labelLimit: 400 }
  const one = (range) => ({
    field,
    type: 'nominal',
    sort: domain,
    scale: { domain, range: range.slice(0, domain.length) },
    legend,
  })
  return { color: one(colors), shape: one(SHAPES) }
}

/**
 * A logarithmic axis whose labels are powers of ten, 1e-7, at most `most` of them. `shown` has the numbers that it must show, or
 * rows with these numbers in `field`.
 */
export function powersOfTen(field, title, shown, most = 7) {
  return logarithmic(field, title, shown, { format: '.0e', most })
}

/** A logarithmic axis of counts: 100, 1k, 10k, 1M. */
export function countsOf(field, title, shown) {
  return logarithmic(field, title, shown, { format: '~s', most: 9 })
}

/** A logarithmic axis of numbers that are neither very large nor very small: 0.01, 0.5, 20. */
export function logarithmicOf(field, title, shown) {
  return logarithmic(field, title, shown, { format: '~g', most: 7 })
}

function logarithmic(field, title, shown, { format, most }) {
  const values = shown.map((one) => (typeof one === 'object' ? one[field] : one))
  const [low, high] = extent(values).map((value, i) => value * (i === 0 ? 1 / MARGIN : MARGIN))
  return {
    field,
    type: 'quantitative',
    scale: { type: 'log', domain: [low, high], nice: false },
    axis: { title, values: ticks(low, high, most), format, gridColor: GRID, labelOverlap: false },
  }
}

/**
 * Powers of ten, the largest always among them; 1, 2 and 5 times them where there would be two or fewer, and more multiples where
 * these are still two or fewer.
 */
function ticks(low, high, most) {
  const last = Math.floor(Math.log10(high))
  const first = Math.ceil(Math.log10(low))
  if (last - first < 2) {
    const within = (digits) =>
      [first - 1, first, first + 1, first + 2]
        .flatMap((power) => digits.map((digit) => digit * 10 ** power))
        .filter((tick) => tick >= low && tick <= high)
    const few = within([1, 2, 5])
    return few.length > 2 ? few : within([1, 2, 3, 4, 6, 8])
  }
  const step = Math.ceil((last - first + 1) / most)
  const powers = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => last - i * step)
  return powers.reverse().map((power) => 10 ** power)
}

/** A linear axis that need not begin at 0. */
export function linear(field, title, options = {}) {
  const { domain, ...axis } = options
  return {
    field,
    type: 'quantitative',
    scale: { zero: false, nice: domain === undefined, ...(domain && { domain }) },
    axis: { title, gridColor: GRID, format: '~g', ...axis },
  }
}

export function extent(values) {
  return [Math.min(...values), Math.max(...values)]
}

/** An error that is drawn with a bar from `low` to `high`; on a logarithmic axis the bar ends at a tenth. */
export function withBar(error, standardError = 0) {
  return { error, ...barOf(error, standardError) }
}

/** The ends of the bar of a value. */
export function barOf(value, standardError) {
  return { low: Math.max(value - standardError, value / 10), high: value + standardError }
}

/** The ends of all bars, for the range of an axis. A row without a bar counts by its `field`. */
export function endsOf(rows, field = 'error') {
  return rows.flatMap(({ [field]: value, low = value, high = value }) => [low, high])
}

/** The axis of such errors. */
export function errorAxis(title, rows) {
  return powersOfTen('error', title, endsOf(rows))
}

/** A layer of a panel: its rows, how they are drawn, and which field is which axis. */
export function layer(values, mark, encoding) {
  return { data: { values }, mark, encoding }
}

/** The layer of the bars, for the encoding of the points. */
export function bars(values, { x, y, color }) {
  return layer(values, 'rule', { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color })
}

/** Points with their bars. */
export function barred(values, encoding) {
  return [bars(values, encoding), layer(values, filled, encoding)]
}

/** Shape, colour and position of the same data in several layers. */
export const filled = { type: 'point', filled: true, size: 42, opacity: 1 }
export const hollow = { type: 'point', filled: false, size: 30, strokeWidth: 1, opacity: 0.65 }
export const solid = { type: 'line', strokeWidth: 1.4 }
export const dashed = { type: 'line', strokeWidth: 1.2, strokeDash: [6, 4] }
export const dotted = { type: 'line', strokeWidth: 1, strokeDash: [1.5, 3], opacity: 0.65 }

/** Panels in rows of `columns`, each with scales of its own unless `resolve` says otherwise. */
export function panels(list, columns, { title, subtitle, resolve } = {}) {
  return {
    ...(title && { title: { text: title, subtitle, fontSize: 16, offset: 16 } }),
    concat: list,
    columns,
    spacing: 28,
    resolve: resolve ?? { legend: { color: 'shared', shape: 'shared' }, scale: { color: 'shared', shape: 'shared' } },
  }
}
