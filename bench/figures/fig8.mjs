// Figure 8: sizes that grow like a power of log d, and the error against d'^(1/m) at fixed d.
import { series } from '../cases/fig8.mjs'
import { paper } from '../paper.mjs'
import {
  barred,
  COLORS,
  countsOf,
  dotted,
  errorAxis,
  extent,
  GREY,
  layer,
  linear,
  panels,
  seriesBy,
  solid,
  withBar,
} from './style.mjs'

const WAYS = {
  auto: "order 'auto'",
  free: "order 'auto', support 'free'",
  chosen: 'order chosen by the error, fast',
  authors: 'the authors',
}
const SIZES = { 1: "d' = ⌊120 ln d⌋", 2: "d' = ⌊20 ln² d⌋" }

// Of f in double precision, half an epsilon: some of the authors' errors are 0.
const ROUNDING = 2 ** -53

export function figures({ results, options }) {
  const all = series(results)
  return [
    polylogFigure(
      all.filter(({ part }) => part === 'polylog'),
      options,
    ),
    lawFigure(
      all.filter(({ part }) => part === 'law'),
      results,
      options,
    ),
  ]
}

function polylogFigure(all, { trials }) {
  const theirs = paper('fig8').map(({ m, d, lower, error, upper }) => ({
    m,
    d,
    way: WAYS.authors,
    error: Math.max(error, ROUNDING),
    low: Math.max(lower, ROUNDING),
    high: upper,
  }))
  const dimensions = [...new Set(all.map(({ dimension }) => dimension))]
  const list = dimensions.map((m, i) => {
    const points = all
      .filter(({ dimension }) => dimension === m)
      .flatMap(({ way, points }) => points.map(({ d, error, low, high }) => ({ d, way: WAYS[way], error, low, high })))
    const values = [...points, ...theirs.filter((one) => one.m === m)]
    return errorPanel(
      values,
      'median error of f',
      { text: `(${'ab'[i]}) m = ${m}, ${SIZES[m]}` },
      {
        x: countsOf('d', 'number of points d', values),
        by: seriesBy('way', Object.values(WAYS), 'order', [COLORS[0], COLORS[1], COLORS[2], GREY]),
        size: { width: 400, height: 300 },
        mark: { ...dotted, opacity: 1 },
        lines: values,
      },
    )
  })
  return {
    id: 'polylog',
    title: 'Sizes that grow like a power of log d',
    caption:
      `The mean of 1/(A + w·x) over d uniform points, A = 1.05 for m = 1 and 2.05 for m = 2, of which only as many are kept as the ` +
      `headings say; medians and quartiles of the errors of ${trials} trials (the authors: 4 or 5, an error of 0 drawn as half an epsilon). They spread over many powers of ten, ` +
      "because f has a pole just outside of the points and some x point at it. Order 'auto' " +
      "does not see f. Order chosen by the error: the paper's rule, for each set the order raised until the error first rises, in cells that keep that order " +
      'and no more. The error does not grow with d, although the part that is kept goes to zero.',
    specification: panels(list, 2, {
      title: 'Few points suffice for any number: sizes that grow like a power of log d',
    }),
  }
}

function lawFigure(all, results, { trials }) {
  const { points: count } = results.find(({ part }) => part === 'law')
  const dimensions = [...new Set(all.map(({ dimension }) => dimension))]
  const ways = [WAYS.auto, WAYS.free, WAYS.chosen]
  const list = dimensions.map((m, i) => {
    const own = all.filter(({ dimension }) => dimension === m)
    const values = own.flatMap(({ way, points }) =>
      points.map(({ root, error, standardError }) => ({ root, way: WAYS[way], ...withBar(error, standardError) })),
    )
    const fits = own.flatMap(({ way, fitted, fit }) =>
      fit === undefined
        ? []
        : extent(fitted.map(({ root }) => root)).map((root) => ({
            root,
            way: WAYS[way],
            error: Math.exp(-fit.at(root)),
          })),
    )
    const root = ['', "d'", "d'^(1/2)", "d'^(1/3)"][m]
    return errorPanel(
      values,
      'mean error of f',
      { text: `(${'abc'[i]}) m = ${m}` },
      {
        x: linear('root', `${root}`, { tickCount: 8 }),
        by: seriesBy('way', ways, 'order'),
        size: { width: 290, height: 320 },
        mark: { ...solid, clip: true },
        lines: fits,
      },
    )
  })
  const slopes = all
    .filter(({ fit }) => fit !== undefined)
    .map(({ dimension, way, fit }) => `${fit.slope.toFixed(2)} (m = ${dimension}, ${WAYS[way]})`)
  const deviations = all
    .filter(({ fit }) => fit !== undefined)
    .map(
      ({ dimension, way, fit, power }) =>
        `${fit.deviation.toFixed(2)} and ${power.deviation.toFixed(2)} (m = ${dimension}, ${WAYS[way]})`,
    )
  return {
    id: 'law',
    title: "The stretched exponential: error against d'^(1/m)",
    caption:
      `${count.toLocaleString('en')} uniform points, f the mean of sigmoids of figure 2, d' of them kept; mean errors of ${trials} trials. ` +
      `Lines: exp(−a d'^(1/m)), fitted up to the first error that is rounding; a = ${slopes.join(', ')}. ` +
      `The rms deviation of ln error from these lines, and from a power of d' fitted to the same errors: ${deviations.join(', ')}.`,
    specification: panels(list, 3, { title: `Error against d'^(1/m), ${count.toLocaleString('en')} points` }),
  }
}

function errorPanel(values, yTitle, title, { x, by, size, lines, mark }) {
  const y = errorAxis(yTitle, values)
  return {
    ...size,
    title,
    layer: [layer(lines, mark, { x, y, color: by.color }), ...barred(values, { x, y, ...by })],
  }
}
