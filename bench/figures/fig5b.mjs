// Figure 5b: figure 'loss', the loss against the width, and against that of the original of the same d; figure 'mean-field', the
// distance from the limit of infinite width, a panel for each epoch.
import { authors, FIELD_VARIANTS, losses, meanFields, VARIANTS } from '../cases/fig5b.mjs'
import { groupBy, TIE } from '../measure.mjs'
import { factor, NAMES } from '../trajectories.mjs'
import {
  barOf,
  barred,
  COLORS,
  countsOf,
  dashed,
  endsOf,
  extent,
  filled,
  GREY,
  hollow,
  layer,
  linear,
  logarithmicOf,
  panels,
  powersOfTen,
  seriesBy,
  solid,
} from './style.mjs'

const WAYS = {
  ...NAMES,
  squares: 'compressed, squares of the output, too',
  linear: 'compressed, moments linear in the output',
}
const HUES = { original: COLORS[0], compressed: COLORS[1], squares: COLORS[2], linear: COLORS[4], subset: COLORS[5] }
const OURS = VARIANTS.map((variant) => HUES[variant])
const SERIES = VARIANTS.map((variant) => WAYS[variant])
const THEIRS = 'the authors'
const SIZE = "d' = ⌊16 √d⌋"
const NEURONS = "number of neurons, d or d'"

const PANEL = { width: 400, height: 330 }

export function figures({ results, options }) {
  return [lossFigure(results, options), meanFieldFigure(results, options)]
}

function lossFigure(results, { trials, small }) {
  const ours = losses(results)
  const theirs = small ? [] : authors()
  const { rows, epochs } = results.find(({ part }) => part === 'loss')
  const exponents = (list) => list.map(({ variant, exponent }) => `${WAYS[variant]} ${exponent.toFixed(3)}`).join(', ')
  const ratios = (one) =>
    extent(one.points.map(({ ratio }) => ratio))
      .map((ratio) => ratio.toFixed(2))
      .join(' to ')
  const [, compressed, subset] = ours
  return {
    id: 'loss',
    title: 'The loss against the width',
    caption:
      `relu, J₆(20 r) cos 6θ with noise 0.2, ${rows.toLocaleString('en')} rows, AdamW with batches of 128, ${epochs} epochs; means of ${trials} ` +
      `trials with their standard errors. (a) The loss at the end, of d neurons and of ${SIZE} of them; lines, powers of the number ` +
      `of neurons with the exponents ${exponents(ours)}` +
      `${small ? '' : `; the authors' in grey, ${exponents(theirs)}`}. ` +
      "Where d' grows like √d, an exponent twice as large says no more than that the loss has stayed what it was: any way to keep " +
      `it doubles the exponent. (b) So the loss against that of the original of the same d: compressed ${ratios(compressed)}, ` +
      `the random subset ${ratios(subset)}${small ? '' : `, the authors' compressed ${ratios(theirs[1])}`}. ${doubling(ours)}`,
    specification: panels([widthPanel(ours, theirs), ratioPanel(ours, theirs)], 2, {
      title: 'The loss of wide networks, and of fewer of their neurons',
    }),
  }
}

/** Whether the law of the compressed network is more than that of a random subset. */
function doubling([original, compressed, subset]) {
  const [ours, theirs] = [compressed, subset].map(({ exponent }) => exponent / original.exponent)
  const words = `the exponent of the compressed networks is ${ours.toFixed(2)} times the original's, that of the random subsets ${theirs.toFixed(2)} times`
  return ours > TIE * theirs
    ? `Against the random subset this survives: ${words}.`
    : `Against the random subset nothing of this survives: ${words}.`
}

function widthPanel(ours, theirs) {
  const points = pointsOf(ours)
  const grey = pointsOf(theirs)
  const x = countsOf('x', NEURONS, [...points, ...grey])
  const y = logarithmicOf('value', 'test loss', endsOf([...points, ...grey], 'value'))
  const by = seriesBy('name', grey.length > 0 ? [...SERIES, THEIRS] : SERIES, null, [...OURS, GREY])
  return {
    ...PANEL,
    title: '(a) loss',
    layer: [
      layer(fitsOf(theirs), { ...dashed, color: GREY }, { x, y, detail: { field: 'name' } }),
      layer(
        grey.map((one) => ({ ...one, series: THEIRS })),
        { ...hollow, color: GREY, opacity: 1 },
        { x, y, shape: by.shape },
      ),
      layer(fitsOf(ours), { ...solid, clip: true }, { x, y, color: by.color }),
      ...barred(points, { x, y, ...by }),
    ],
  }
}

function ratioPanel(ours, theirs) {
  const points = ours
    .filter(({ variant }) => variant !== 'original')
    .flatMap(({ variant, points }) => points.map(({ width, ratio }) => ({ name: WAYS[variant], width, ratio })))
  const grey = theirs
    .filter(({ variant }) => variant !== 'original')
    .flatMap(({ points }) => points.map(({ width, ratio }) => ({ name: THEIRS, width, ratio })))
  const all = [...points, ...grey]
  const [low, high] = extent(all.map(({ ratio }) => ratio))
  const margin = (high - low) / 10
  const encoding = {
    x: countsOf('width', 'width of the original, d', all),
    y: linear('ratio', "loss / original's loss", { domain: [low - margin, high + margin] }),
    ...seriesBy('name', grey.length > 0 ? [...SERIES, THEIRS] : SERIES, null, [...OURS, GREY]),
  }
  const { shape, ...line } = encoding
  return {
    ...PANEL,
    title: '(b) loss against the original of the same d',
    layer: [layer(all, solid, line), layer(all, filled, { ...line, shape })],
  }
}

function pointsOf(list) {
  return list.flatMap(({ variant, points }) =>
    points.map(({ x, value, standardError }) => ({ name: WAYS[variant], x, value, ...barOf(value, standardError) })),
  )
}

function fitsOf(list) {
  return list.flatMap(({ variant, points, fit }) =>
    extent(points.map(({ x }) => x)).map((x) => ({ name: WAYS[variant], x, value: fit.at(x) })),
  )
}

function meanFieldFigure(results, { trials }) {
  const all = meanFields(results)
  const { reference, rows } = results.find(({ part }) => part === 'mean-field')
  const epochs = [...groupBy(all, ({ epoch }) => epoch)]
  const exponents = epochs.map(
    ([epoch, [original, ...others]]) =>
      `epoch ${epoch}: ${original.exponent.toFixed(2)}, ${others.map((one) => (one.exponent / original.exponent).toFixed(2)).join(', ')}`,
  )
  return {
    id: 'mean-field',
    title: 'The distance from the limit of infinite width',
    caption:
      `tanh, f = (1/d) Σ of d neurons, J₂(4 r) cos 2θ with noise 0.2, ${rows.toLocaleString('en')} rows, momentum, ` +
      `the same batches for all; the mean of |f_d − f_ref|², f_ref a network of ${reference.toLocaleString('en')} neurons, means of ${trials} ` +
      `trials with their standard errors, of d neurons and of ${SIZE} of them. Compressed: the moments of (hidden, bias, output) ` +
      'together, as in the paper; linear in the output: compressNetwork(), which is for outputs that are small beside the rest, as ' +
      'in the default initialisation; here the square of the output counts, too, and the option `squares` keeps it. The exponent of the original, and that of the ' +
      `compressed, of the one with squares, of the linear one and of the random subset, each divided by it: ${exponents.join('; ')}. ${survival(epochs)}`,
    specification: panels(
      epochs.map(([epoch, own], i) => meanFieldPanel(own, `(${'abcd'[i]}) epoch ${epoch}`)),
      2,
      { title: 'The distance from the limit of infinite width' },
    ),
  }
}

/** After which epochs compression is better than the random subset: closer to the limit at the largest d, and by its law. */
function survival(epochs) {
  const closer = ([, list]) => {
    const [compressed, subset] = ['compressed', 'subset'].map((name) => list.find(({ variant }) => variant === name))
    return subset.points.at(-1).value / compressed.points.at(-1).value
  }
  const words = epochs.map((one) => `${factor(closer(one))} after epoch ${one[0]}`)
  const { width } = epochs[0][1][0].points.at(-1)
  const lost = epochs.filter((one) => closer(one) <= TIE).map(([epoch]) => epoch)
  return (
    `At d = ${width.toLocaleString('en')} the mean square of the compressed network is smaller than that of the random subset by ` +
    `${words.join(', ')}${lost.length > 0 ? `; so nothing survives the fair baseline after epoch ${lost.join(', ')}` : ''}.`
  )
}

function meanFieldPanel(list, title) {
  const points = pointsOf(list)
  const x = countsOf('x', NEURONS, points)
  const y = powersOfTen('value', 'mean of |f_d − f_ref|²', endsOf(points, 'value'))
  const by = seriesBy(
    'name',
    FIELD_VARIANTS.map((variant) => WAYS[variant]),
    null,
    FIELD_VARIANTS.map((variant) => HUES[variant]),
  )
  return {
    ...{ ...PANEL, height: 260, title },
    layer: [
      layer(fitsOf(list), { ...solid, clip: true }, { x, y, color: by.color }),
      ...barred(points, { x, y, ...by }),
    ],
  }
}
