// Figure 5a: (a) the loss against the number of rows that are trained on, (b) how many times the original's it is.
import { authors, NAMES, series, survival } from '../cases/fig5a.mjs'
import {
  barred,
  countsOf,
  dotted,
  errorAxis,
  extent,
  hollow,
  layer,
  panels,
  seriesBy,
  solid,
  withBar,
} from './style.mjs'

const PANEL = { width: 430, height: 340 }
const COLORS = ['#000000', '#1f77d0', '#2f8f2f', '#d9480f']

export function figures({ results, options }) {
  const ours = series(results)
  // The small form trains for less long.
  const theirs = options.small ? [] : authors()
  return [
    {
      id: 'rows',
      title: 'The loss against the number of rows',
      caption: caption(ours, theirs, results, options),
      specification: panels([lossPanel(ours, theirs), ratioPanel(ours, theirs)], 2, {
        title: "Training on d rows, and on d' = ⌊16 √d⌋ that stand for them",
      }),
    },
  ]
}

const names = Object.values(NAMES)
const by = seriesBy('name', names, null, COLORS)

function lossPanel(ours, theirs) {
  const rowsOf = (list) =>
    list.flatMap(({ name, points }) =>
      points.map(({ x, loss, standardError }) => ({ name: NAMES[name], x, ...withBar(loss, standardError) })),
    )
  const fits = ours.flatMap(({ name, points, fit }) =>
    extent(points.map(({ x }) => x)).map((x) => ({ name: NAMES[name], x, error: fit.at(x) })),
  )
  return panel(rowsOf(ours), rowsOf(theirs), fits, {
    title: '(a) the loss',
    xTitle: "number of rows trained on: d, or d'",
    axis: (values) => errorAxis('mean test loss', values),
  })
}

function ratioPanel(ours, theirs) {
  const rowsOf = (list) =>
    list
      .filter(({ name }) => name !== 'original')
      .flatMap(({ name, points }) =>
        points.map(({ rows, ratio, spread = 0 }) => ({
          name: NAMES[name],
          x: rows,
          error: ratio,
          low: ratio * Math.exp(-spread),
          high: ratio * Math.exp(spread),
        })),
      )
  const one = extent(ours[0].points.map(({ rows }) => rows)).map((x) => ({ name: NAMES.original, x, error: 1 }))
  return panel(rowsOf(ours), rowsOf(theirs), one, {
    title: "(b) divided by the original's",
    xTitle: 'number of rows d',
    axis: (values) => {
      const y = errorAxis("times the original's loss", values)
      return { ...y, axis: { ...y.axis, format: '~g' } }
    },
  })
}

function panel(points, others, lines, { title, xTitle, axis }) {
  const all = [...points, ...others, ...lines]
  const x = countsOf('x', xTitle, all)
  const y = axis(all)
  return {
    ...PANEL,
    title: { text: title },
    layer: [
      layer(others, dotted, { x, y, color: by.color }),
      layer(others, { ...hollow, size: 45 }, { x, y, ...by }),
      layer(lines, solid, { x, y, color: by.color }),
      ...barred(points, { x, y, ...by }),
    ],
  }
}

function caption(ours, theirs, results, { trials }) {
  const exponents = (list) =>
    list
      .map(({ name, fit }) => {
        const times = (fit.exponent / list[0].fit.exponent).toFixed(2)
        return `${NAMES[name]} ${(-fit.exponent).toFixed(2)}${name === 'original' ? '' : ` (${times} times)`}`
      })
      .join(', ')
  const ratios = (list) =>
    list
      .slice(1)
      .map(({ name, points }) => {
        const [low, high] = extent(points.map(({ ratio }) => ratio))
        return `${NAMES[name]} ${low.toFixed(2)} to ${high.toFixed(2)}, ${points.at(-1).ratio.toFixed(2)} at the most rows`
      })
      .join('; ')
  return (
    `Teacher, student and noise as in figure 3, AdamW, ${results[0].epochs} epochs of d samples; mean losses of ${trials} trials on rows ` +
    `without noise, with their standard errors. (a) Lines: power laws; the exponents, the original's in d and the others' in d': ` +
    `${exponents(ours)}${theirs.length > 0 ? `; hollow, the authors' means: ${exponents(theirs)}` : ''}. Twice the exponent is what any ` +
    `method has whose losses are the original's, because d' grows like the root of d; so (b) their ratio: ${ratios(ours)}` +
    `${theirs.length > 0 ? `; the authors' ${ratios(theirs)}` : ''}. ${survival(ours)} Those means are no rows of the data.`
  )
}
