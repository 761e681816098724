// Models on real tables: (excess) how much larger the loss of training on few rows is, for each set and model, (scaling) the loss
// against the number of rows on one set.
import {
  comparisons,
  METHODS,
  outcomesOf,
  SCALING_METHODS,
  SCALING_MODELS,
  SHARES,
  scaling,
  TIE,
} from '../cases/tabular.mjs'
import { geometricMean, groupBy } from '../measure.mjs'
import { MODELS } from '../regression.mjs'
import { countsOf, filled, GREY, layer, logarithmicOf, panels, seriesBy, solid } from './style.mjs'

const COLORS = ['#1f77d0', '#0b8a8f', '#8a3fb0', '#d9480f', '#b07d00', '#2f8f2f']
// A loss that is larger by less than the first share of it, by more than the last one, or smaller, is drawn at the edge.
const EDGES = [1e-4, 10]
const by = seriesBy('method', Object.values(METHODS), null, COLORS)
const few = seriesBy(
  'method',
  SCALING_METHODS.map((method) => METHODS[method]),
  null,
  [COLORS[0], COLORS[2], COLORS[3], COLORS[5]],
)
const reference = { type: 'rule', color: GREY, strokeDash: [4, 3] }
const within = (value) => Math.min(Math.max(value, EDGES[0]), EDGES[1])

export function figures({ results, options }) {
  return [excessFigure(results, options), scalingFigure(results, options)]
}

function excessFigure(results, { trials }) {
  const all = comparisons(results)
  const shares = SHARES.filter((share) => all.some((one) => one.share === share))
  const drawn = all.flatMap(({ set, inputs, model, share, ratios }) =>
    Object.entries(ratios)
      .filter(([, ratio]) => ratio !== undefined)
      .map(([method, ratio]) => ({
        set: `${set}, ${inputs}`,
        inputs,
        model,
        share,
        method: METHODS[method],
        excess: within(ratio - 1),
      })),
  )
  const list = Object.keys(MODELS).flatMap((model, i, models) =>
    shares.map((share) => {
      const own = drawn.filter((one) => one.share === share && one.model === model)
      return excessPanel(own, {
        title: i === 0 ? `d' = d/${share}` : undefined,
        left: share === shares[0] ? MODELS[model] : undefined,
        isLast: i === models.length - 1,
      })
    }),
  )
  return {
    id: 'excess',
    title: 'Training on few rows of real tables',
    caption: excessCaption(all, trials),
    specification: {
      ...panels(list, shares.length, {
        title: "Trained on d' of d rows: how much larger the loss on test rows is than that of all rows",
      }),
      bounds: 'flush',
      spacing: { row: 16, column: 96 },
    },
  }
}

function excessPanel(own, { title, left, isLast }) {
  const sets = [...new Map(own.map(({ set, inputs }) => [set, inputs]))].sort((a, b) => a[1] - b[1]).map(([set]) => set)
  const shared = excessAxis(isLast ? 'excess of the loss' : null)
  const x = { ...shared, axis: { ...shared.axis, labels: isLast } }
  const y = {
    field: 'set',
    type: 'nominal',
    sort: sets,
    axis: { title: left ?? null, ticks: false, grid: true, titleFontWeight: 'bold', titlePadding: 8 },
  }
  return {
    width: 230,
    height: 23 * Math.max(sets.length, 4),
    ...(title && { title: { text: title, fontSize: 13, offset: 6, frame: 'group' } }),
    layer: [
      layer([{ excess: TIE - 1 }], reference, { x }),
      layer(own, { ...filled, size: 34 }, { x, y, yOffset: { field: 'method', sort: Object.values(METHODS) }, ...by }),
    ],
  }
}

function excessCaption(all, trials) {
  const groups = [...groupBy(all, ({ model, share }) => `${MODELS[model]} d/${share}`)]
  const means = groups
    .map(([name, group]) => {
      const average = (method) => geometricMean(group.map(({ ratios }) => ratios[method])).toFixed(2)
      const counts = `${outcomesOf(group, 'compressed')}; free ${outcomesOf(group, 'free')}`
      return `${name} ${['compressed', 'free', 'random', 'means'].map(average).join(', ')} (${counts})`
    })
    .join('; ')
  return (
    `The loss on test rows, divided by that of training on all rows, less 1; medians of ${trials} splits into four fifths for training and one ` +
    `for the test. A loss that is larger by less than ${100 * EDGES[0]} %, or smaller, is drawn at the left edge. Dashed: ${Math.round(100 * (TIE - 1))} %. ` +
    'Beside the name of a set, its columns. Sets with fewer than 30 rows left are not shown; k-means is left out where it takes minutes. ' +
    'The ratio of the losses, as the geometric mean over the sets, of compressed rows, of free support, of random rows and of means of equal ' +
    'cells, and how often compressed rows and those of free support are better than the best of the others, as good within ' +
    `${Math.round(100 * (TIE - 1))} %, or worse: ${means}. Free support, means and centroids are not rows of the data.`
  )
}

function scalingFigure(results, { trials }) {
  const { set, rows, inputs, lines } = scaling(results)
  const values = lines.flatMap(({ model, method, points }) =>
    points.map(({ size, ratio }) => ({ size, model, method: METHODS[method], excess: within(ratio - 1) })),
  )
  const list = SCALING_MODELS.map((model, i) => {
    const own = values.filter((one) => one.model === model)
    const x = countsOf('size', "number of rows trained on, d'", values)
    const y = excessAxis(i === 0 ? 'excess of the loss' : null)
    return {
      width: 300,
      height: 280,
      title: `(${'abc'[i]}) ${MODELS[model]}`,
      layer: [layer(own, solid, { x, y, color: few.color }), layer(own, filled, { x, y, ...few })],
    }
  })
  const exponents = lines.map(
    ({ model, method, exponent }) => `${MODELS[model]}, ${METHODS[method]} ${exponent?.toFixed(2) ?? 'none'}`,
  )
  return {
    id: 'scaling',
    title: `The loss against the number of rows: ${set}`,
    caption:
      `${set}, ${rows.toLocaleString('en')} rows for training, ${inputs} columns; medians of ${trials} splits. The loss on test rows, divided by ` +
      `that of training on all rows, less 1; below ${100 * EDGES[0]} %, or negative, at the lower edge. Few rows that stand for all: ` +
      `${SCALING_METHODS.map((method) => METHODS[method]).join(', ')}. The exponent of the excess in the number of rows: ${exponents.join('; ')}.`,
    specification: panels(list, SCALING_MODELS.length, {
      title: `${set}: few rows that stand for ${rows.toLocaleString('en')}`,
    }),
  }
}

function excessAxis(title) {
  const axis = logarithmicOf('excess', title, EDGES)
  return { ...axis, axis: { ...axis.axis, values: [1e-4, 1e-3, 1e-2, 0.1, 1, 10], format: '~%' } }
}
