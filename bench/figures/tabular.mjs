// Models on real tables: (ratios) the loss of training on few rows for each set and model, (scaling) the loss against the number
// of rows on one set.
import { comparisons, METHODS, outcome, SCALING_METHODS, SHARES, scaling } from '../cases/tabular.mjs'
import { geometricMean, groupBy } from '../measure.mjs'
import { MODELS } from '../regression.mjs'
import { countsOf, extent, filled, GREY, layer, logarithmicOf, panels, seriesBy, solid } from './style.mjs'

const COLORS = ['#1f77d0', '#0b8a8f', '#d9480f', '#b07d00', '#2f8f2f']
// Larger ratios are drawn here.
const MOST = 30
const by = seriesBy('method', Object.values(METHODS), null, COLORS)
const few = seriesBy(
  'method',
  SCALING_METHODS.map((method) => METHODS[method]),
  null,
  [COLORS[0], COLORS[2], COLORS[4]],
)
const reference = { type: 'rule', color: GREY, strokeDash: [4, 3] }

export function figures({ results, options }) {
  return [ratiosFigure(results, options), scalingFigure(results, options)]
}

function ratiosFigure(results, { trials }) {
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
        ratio: Math.min(ratio, MOST),
      })),
  )
  const list = Object.keys(MODELS).flatMap((model, i, models) =>
    shares.map((share) => {
      const own = drawn.filter((one) => one.share === share && one.model === model)
      return ratioPanel(own, drawn, {
        title: i === 0 ? `d' = d/${share}` : undefined,
        left: share === shares[0] ? MODELS[model] : undefined,
        isLast: i === models.length - 1,
      })
    }),
  )
  return {
    id: 'ratios',
    title: 'Training on few rows of real tables',
    caption: ratiosCaption(all, shares, trials),
    specification: {
      ...panels(list, shares.length, {
        title: "Trained on d' of d rows: the loss on test rows, divided by that of all rows",
      }),
      bounds: 'flush',
      spacing: { row: 16, column: 96 },
    },
  }
}

function ratioPanel(own, all, { title, left, isLast }) {
  const sets = [...new Map(own.map(({ set, inputs }) => [set, inputs]))].sort((a, b) => a[1] - b[1]).map(([set]) => set)
  const axis = logarithmicOf('ratio', isLast ? 'times the loss of all rows' : null, all)
  const x = { ...axis, axis: { ...axis.axis, values: [1, 2, 5, 10, 20], labels: isLast } }
  const y = {
    field: 'set',
    type: 'nominal',
    sort: sets,
    axis: { title: left ?? null, ticks: false, grid: true, titleFontWeight: 'bold', titlePadding: 8 },
  }
  return {
    width: 230,
    height: 19 * Math.max(sets.length, 5),
    ...(title && { title: { text: title, fontSize: 13, offset: 6, frame: 'group' } }),
    layer: [
      layer([{ ratio: 1 }], reference, { x }),
      layer(own, { ...filled, size: 50, opacity: 0.85 }, { x, y, ...by }),
    ],
  }
}

function ratiosCaption(all, shares, trials) {
  const groups = [...groupBy(all, ({ model, share }) => `${MODELS[model]} d/${share}`)]
  const means = groups
    .map(([name, group]) => {
      const average = (method) => geometricMean(group.map(({ ratios }) => ratios[method])).toFixed(2)
      const count = (wanted) => group.filter((one) => outcome(one) === wanted).length
      const counts = `${count('won')} won, ${count('tied')} tied, ${count('lost')} lost`
      return `${name} ${['compressed', 'random', 'means'].map(average).join(', ')} (${counts})`
    })
    .join('; ')
  return (
    `Medians of ${trials} splits into four fifths for training and one for the test; beside the name of a set, its columns; ratios above ` +
    `${MOST} are drawn at ${MOST}. Sets with fewer than 30 rows left are not shown (shares of ${shares.join(', ')}); k-means is left out ` +
    'where it takes minutes. Geometric means over the sets for compressed rows, random rows and means of cells, and how often the ' +
    `compressed rows are better than the best of the others, equal or worse: ${means}. Means and centroids are not rows of the data.`
  )
}

function scalingFigure(results, { trials }) {
  const { set, rows, inputs, lines, losses } = scaling(results)
  const values = lines.flatMap(({ model, method, points }) =>
    points.map((point) => ({ ...point, model, method: METHODS[method] })),
  )
  const list = Object.keys(losses).map((model, i) => {
    const own = values.filter((one) => one.model === model)
    const x = countsOf('size', "rows trained on, d'", values)
    const y = logarithmicOf('ratio', 'times the loss of all rows', [...own.map(({ ratio }) => ratio), 1])
    return {
      width: 300,
      height: 280,
      title: `(${'abc'[i]}) ${MODELS[model]}`,
      layer: [
        layer([{ ratio: 1 }], reference, { y }),
        layer(own, solid, { x, y, color: few.color }),
        layer(own, filled, { x, y, ...few }),
      ],
    }
  })
  const ends = lines.map(({ model, method, points, exponent }) => {
    const [low, high] = extent(points.map(({ ratio }) => ratio))
    return `${MODELS[model]}, ${METHODS[method]} ${high.toFixed(2)} to ${low.toFixed(2)} (${exponent.toFixed(2)})`
  })
  return {
    id: 'scaling',
    title: `The loss against the number of rows: ${set}`,
    caption:
      `${set}, ${rows.toLocaleString('en')} rows for training, ${inputs} columns; medians of ${trials} splits. The loss on test rows, divided by ` +
      `that of training on all rows. ${SCALING_METHODS.map((method) => METHODS[method]).join(', ')} of the whole, as many for each. The ` +
      `largest and smallest ratio, and the exponent of the loss in the number of rows: ${ends.join('; ')}.`,
    specification: panels(list, 3, {
      title: `${set}: the loss against the number of rows, which stand for ${rows.toLocaleString('en')}`,
    }),
  }
}
