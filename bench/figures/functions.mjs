// Functions that are not so kind: a panel for each kind (rows) and each set of points (columns), two sets in a figure. Sizes
// at which compress has lost are shaded, with the factor by which it has.
import { comparisons, FUNCTIONS, KINDS, METHODS, NAMES, shortRatio, TIE, tally } from '../cases/functions.mjs'
import { POINT_SETS } from '../point-sets.mjs'
import { COLORS, countsOf, filled, GREY, layer, panels, powersOfTen, seriesBy, solid } from './style.mjs'

const PANEL = { width: 215, height: 130 }
const GROUPS = [
  { id: 'plane', title: 'points all over the plane', sets: ['uniform', 'mixture'] },
  { id: 'spiral', title: 'points on and near a curve in the plane', sets: ['spiral', 'noisy'] },
  { id: 'space', title: 'points in space', sets: ['knot', 'mixture3'] },
]
// Told apart in grey by their dashes and by the shapes of seriesBy.
const LOOK = {
  compress: { color: COLORS[0], dash: [1, 0], name: "compress, order 'auto'" },
  lowOrder: { color: '#1f77d0', dash: [7, 2], name: NAMES.lowOrder },
  free: { color: '#8a3fb0', dash: [3, 1.5], name: NAMES.free },
  random: { color: GREY, dash: [1.5, 2.5], name: NAMES.random },
  stratified: { color: '#2f8f2f', dash: [4, 3], name: NAMES.stratified },
  kmeans: { color: '#d9480f', dash: [8, 2, 1.5, 2], name: NAMES.kmeans },
}
const SHADE = { lost: '#d6d6d6', tied: '#f0f0f0' }
// Smaller ones are rounding.
const LEAST = 1e-16
// Of the logarithmic axis, below the smallest error, for the factors.
const ROOM = 0.2

export function figures({ results, options }) {
  const all = comparisons(results)
  return GROUPS.map(({ id, title, sets }) => ({
    id,
    title: `Functions with kinks, jumps, peaks and oscillations: ${title}`,
    caption: caption(all, sets, results[0].points, options),
    specification: figure(all, title, sets),
  }))
}

function figure(all, title, sets) {
  const kinds = Object.keys(KINDS)
  const list = kinds.flatMap((kind, row) => {
    const group = all.filter((one) => one.kind === kind && sets.includes(one.set))
    const axis = errorAxis(group)
    return sets.map((set) =>
      panel(
        kind,
        set,
        group.filter((one) => one.set === set),
        axis,
        row === kinds.length - 1,
      ),
    )
  })
  const figure = panels(list, sets.length, {
    title: `Error of the mean: ${title}`,
    subtitle: [
      'relative to the deviation of the function, at equal numbers of points kept;',
      'dark: compress has lost, by the factor below; light: tied',
    ],
  })
  // By their frames, so that titles stand in line whatever the labels of the axes.
  return { ...figure, bounds: 'flush', spacing: { row: 82, column: 88 } }
}

/** One for all panels of a row. */
function errorAxis(group) {
  const errors = group.flatMap((one) => Object.values(one.errors).map((error) => Math.max(error, LEAST)))
  const [low, high] = [Math.min(...errors), Math.max(...errors)]
  return powersOfTen('error', 'relative error', [low * (low / high) ** ROOM, low, high * 1.3], 5)
}

function panel(kind, set, group, y, isLast) {
  const methods = Object.keys(METHODS)
  const points = group.flatMap(({ size, errors }) =>
    methods.map((method) => ({ size, method: LOOK[method].name, error: Math.max(errors[method], LEAST) })),
  )
  const sizes = group.map(({ size }) => size)
  const gap = 10 ** 0.25 // half of what is between two sizes
  const counts = countsOf('size', "number of points kept, d'", [Math.min(...sizes) / 1.4, Math.max(...sizes) * 1.4])
  const x = isLast ? counts : { ...counts, axis: { ...counts.axis, title: null } }
  const { color, shape } = seriesBy(
    'method',
    methods.map((method) => LOOK[method].name),
    null,
    methods.map((method) => LOOK[method].color),
  )
  const withLegend = (encoding) => ({
    ...encoding,
    legend: { ...encoding.legend, columns: 2, columnPadding: 24, symbolSize: 60 },
  })
  const lines = methods.map((method) =>
    layer(
      points.filter((one) => one.method === LOOK[method].name),
      { ...solid, color: LOOK[method].color, strokeDash: LOOK[method].dash },
      { x, y },
    ),
  )
  const shades = ['tied', 'lost'].map((outcome) =>
    layer(
      group.filter((one) => one.outcome === outcome).map(({ size }) => ({ size: size / gap, end: size * gap })),
      { type: 'rect', color: SHADE[outcome], clip: true },
      { x, x2: { field: 'end' }, y: { value: 0 }, y2: { value: PANEL.height } },
    ),
  )
  return {
    ...PANEL,
    title: { text: kind, subtitle: POINT_SETS[set].title, fontSize: 13, offset: 4, frame: 'group' },
    layer: [
      ...shades,
      ...lines,
      layer(points, filled, { x, y, color: withLegend(color), shape: withLegend(shape) }),
      layer(
        group
          .filter(({ outcome }) => outcome === 'lost')
          .map(({ size, ratio }) => ({ size, factor: `${ratio < 10 ? ratio.toPrecision(2) : Math.round(ratio)}×` })),
        { type: 'text', fontSize: 11, baseline: 'bottom', color: '#000000' },
        { x, y: { value: PANEL.height - 2 }, text: { field: 'factor' } },
      ),
    ],
  }
}

function caption(all, sets, count, { trials }) {
  const group = all.filter(({ set }) => sets.includes(set))
  const of = (kind) => {
    const own = group.filter((one) => one.kind === kind)
    const { won, tied, lost } = tally(own)
    const ratios = own.map(({ ratio }) => ratio)
    return (
      `${kind} ${won} won, ${tied} tied, ${lost} lost ` +
      `(${shortRatio(Math.min(...ratios))} to ${shortRatio(Math.max(...ratios))})`
    )
  }
  return (
    `${count.toLocaleString('en')} points, ${sets.map((set) => POINT_SETS[set].title).join('; ')}. ` +
    `The error of a function's mean over the points kept, divided by the function's standard deviation over all points: root ` +
    `mean square over ${trials} trials of ${FUNCTIONS} random functions of each kind; below ${LEAST} drawn there. A random ` +
    `subset has d'^(-1/2) whatever the function. k-means centroids are not points of the set; all others keep some of them. ` +
    `Compress, called with a size and nothing else, beside the closest of random subset, stratified subset and k-means ` +
    `centroids, equal within a factor of ${TIE} counted as tied; in brackets the range of the ratio of the errors: ` +
    `${Object.keys(KINDS).map(of).join('; ')}.`
  )
}
