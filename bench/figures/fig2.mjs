// Figure 2: panels a to d and f, the error against d for m = 1 to 5; panel e, the fitted exponents.
import { exponentOf, MIN_FITTED, paperSeries, series, WAYS } from '../cases/fig2.mjs'
import {
  bars,
  countsOf,
  dashed,
  dotted,
  errorAxis,
  extent,
  filled,
  hollow,
  layer,
  linear,
  panels,
  seriesBy,
  solid,
  withBar,
} from './style.mjs'

const NAMES = {
  fast: "quality 'fast': cells keep the moments up to order k and no others",
  best: "quality 'best', the default: cells keep more moments than asked for, as far as the size has room",
  'free-fast': "support 'free', quality 'fast': points that need not be rows, and moments up to order k",
  'free-best':
    "support 'free': points that need not be rows, and more moments than asked for, as far as the size has room",
}
const PANEL = { width: 300, height: 260 }

export function figures({ results, options }) {
  const all = series(results)
  const measured = new Set(all.map(({ dimension, order }) => `${dimension},${order}`))
  const theirs = paperSeries().filter(({ dimension, order }) => measured.has(`${dimension},${order}`))
  return Object.keys(WAYS).map((way) => {
    const ours = all.filter((one) => one.way === way)
    return {
      id: way,
      title: `Error against the number of points, ${way}`,
      caption: caption(way, ours, options),
      specification: figure(way, ours, theirs),
    }
  })
}

function figure(way, ours, theirs) {
  const dimensions = [...new Set(ours.map(({ dimension }) => dimension))]
  const orders = [...new Set(ours.map(({ order }) => order))]
  const errors = dimensions.map((m) => errorPanel(m, ours, theirs, orders))
  const list = [...errors.slice(0, 4), exponentPanel(ours, theirs, dimensions), ...errors.slice(4)]
  return panels(
    list.map((panel, i) => ({ ...panel, title: { ...panel.title, text: `(${'abcdef'[i]}) ${panel.title.text}` } })),
    3,
    {
      title: 'Mean error of f when a tenth of d points is kept',
      subtitle: NAMES[way],
      resolve: {
        legend: { color: 'independent', shape: 'independent' },
        scale: { color: 'independent', shape: 'independent' },
      },
    },
  )
}

function errorPanel(m, ours, theirs, orders) {
  const points = rowsOf(ours, m)
  const others = rowsOf(theirs, m)
  const fits = ours
    .filter(({ dimension, fit }) => dimension === m && fit?.count > 2)
    .flatMap(({ order, points: all, fit }) =>
      extent(all.filter(({ isFitted }) => isFitted).map(({ d }) => d)).map((d) => ({ k: order, d, error: fit.at(d) })),
    )
  const floor = floorOf(points)
  const x = countsOf('d', 'number of points d', [...points, ...others])
  // The floor is shown where the errors come near it.
  const least = Math.min(...points.map(({ error }) => error))
  const near = floor.filter(({ error }) => least < 1000 * error)
  const y = errorAxis('mean error of f', [...points, ...others, ...near])
  const by = seriesBy('k', orders, 'order k')
  return {
    ...PANEL,
    title: { text: `m = ${m}` },
    layer: [
      layer(floor, { type: 'area', color: '#dddddd', clip: true }, { x, y, y2: { datum: y.scale.domain[0] } }),
      layer(others, dotted, { x, y, color: by.color }),
      layer(others, hollow, { x, y, ...by }),
      layer(fits, solid, { x, y, color: by.color }),
      bars(points, { x, y, color: by.color }),
      layer(points, filled, { x, y, ...by, opacity: { condition: { test: 'datum.isFitted', value: 1 }, value: 0.4 } }),
    ],
  }
}

/** A line for each point that is drawn, with the ends of its error bar. */
function rowsOf(series, m) {
  return series
    .filter(({ dimension }) => dimension === m)
    .flatMap(({ order, points }) =>
      points.map(({ d, error, standardError, rounding, isFitted }) => ({
        k: order,
        d,
        ...withBar(error, standardError),
        rounding,
        isFitted,
      })),
    )
}

/** The largest rounding of all orders at each d, as it is in the means. */
function floorOf(points) {
  const counts = [...new Set(points.map(({ d }) => d))]
  return counts.map((d) => ({
    d,
    error: Math.max(...points.filter((one) => one.d === d).map(({ rounding }) => rounding)),
  }))
}

function exponentPanel(ours, theirs, dimensions) {
  const row = ({ dimension, order, alpha }) => ({ m: dimension, k: order, alpha })
  const values = ours.filter(({ fit }) => fit?.count >= MIN_FITTED).map(row)
  const others = theirs.filter(({ fit }) => fit?.count >= MIN_FITTED).map(row)
  const orders = [...new Set(ours.map(({ order }) => order))]
  const law = dimensions.flatMap((m) => orders.map((k) => ({ m, k, alpha: exponentOf(m, k) })))
  const x = linear('k', 'order k', { values: orders, format: 'd', domain: [orders[0] - 0.2, orders.at(-1) + 0.2] })
  const y = linear('alpha', 'exponent α')
  const by = seriesBy('m', dimensions, 'dimension m')
  const high = Math.max(...[...values, ...others, ...law].map(({ alpha }) => alpha)) + 0.3
  y.scale = { domain: [0, high], nice: false }
  return {
    ...PANEL,
    title: { text: 'fitted exponents' },
    layer: [
      layer(law, { ...dashed, clip: true }, { x, y, detail: { field: 'm' }, color: by.color }),
      layer(others, { ...hollow, size: 45 }, { x, y, ...by }),
      layer(values, filled, { x, y, ...by }),
    ],
  }
}

function caption(way, ours, { trials }) {
  const fitted = ours.filter(({ fit }) => fit?.count >= MIN_FITTED)
  const gaps = fitted.map(({ dimension, order, alpha }) => alpha - exponentOf(dimension, order))
  const within = gaps.filter((gap) => gap >= -0.15).length
  return (
    `Uniform points in m dimensions, f a mean of sigmoids, a tenth of the points kept, ${NAMES[way]}. ` +
    `Filled: mean error of ${trials} trials with its standard error, pale where it is not fitted; lines: power laws d^−α fitted to the rest. ` +
    'Hollow and dotted: the errors that the authors of the paper publish, at the same sizes. ' +
    'Grey ground: what the last bits of weights and values make up; errors down to it are real because differences are summed exactly. ' +
    'Panel e: the exponents of the fits with at least four points, dashed (k+1)/m + 1/2' +
    (fitted.length > 0 ? `; ${within} of ${fitted.length} lie above it or at most 0.15 below.` : '.')
  )
}
