// Smooth neurons: figure 'path', compressed before training, a column for each update rule; figure 'later', compressed in the
// middle of a training and after it.
import { AFTER, ends, middles, paths, percent, VARIANTS } from '../cases/smooth.mjs'
import { groupBy } from '../measure.mjs'
import { short, verdict } from '../trajectories.mjs'
import { COLORS, filled, layer, linear, logarithmicOf, panels, seriesBy, solid } from './style.mjs'
import { LOOKS, OTHER_ORDER, trainingPanels } from './training.mjs'

const PATH_LOOKS = {
  ...LOOKS,
  [VARIANTS.first]: OTHER_ORDER,
  [VARIANTS.free]: { color: '#2f8f2f', dash: [9, 2, 2, 2] },
  [VARIANTS.total]: { color: COLORS[6], dash: [4, 2] },
}
const LATER = {
  compressed: 'compressed',
  reset: 'compressed, memory lost',
  highest: 'compressed, one cell',
  free: 'free neurons',
  subset: 'random subset',
}
const LATER_COLORS = [COLORS[1], COLORS[4], COLORS[6], '#2f8f2f', COLORS[5]]

export function figures({ results, options }) {
  return [pathFigure(results, options), laterFigure(results, options)]
}

function pathFigure(results, { trials }) {
  const all = paths(results)
  const [{ width, size, rows, epochs, kept }] = results
  const columns = all.map(({ rule, curves }) => ({ title: rule, curves }))
  const controls = (variant) =>
    all.map(({ rule, deviations }) => `${rule} ${short(deviations[variant].lossLargest)}`).join(', ')
  const distances = all.map(
    ({ rule, deviations }) =>
      `${rule} ${['compressed', 'free', 'first', 'subset'].map((variant) => short(deviations[variant].largest)).join(', ')}`,
  )
  return {
    id: 'path',
    title: 'Smooth neurons keep the whole path of the training',
    caption:
      `gelu neurons, J₂(4 r) cos 2θ with noise 0.1, ${rows.toLocaleString('en')} rows, batches of 512, ${epochs} epochs with a rate that goes to ` +
      `zero like a cosine; ${width.toLocaleString('en')} neurons and ${kept} of them, medians of ${trials} trials. Above, the loss on points free of ` +
      'noise; below, the distance |f − f_original| / |y| of the functions at the same epoch. ' +
      `Its largest value in training, compressed, free neurons, compressed with order 1, the random subset: ${distances.join('; ')}. ` +
      `The largest relative difference of the loss, epoch 0 included: compressed ${controls('compressed')}; the random subset ` +
      `${controls('subset')}; the first neurons, the paper's rival, ${controls('naive')}; compressed, but without the division of ` +
      `the gradient by the multiplicity, ${controls('total')}. ` +
      `${verdict(all.map(({ rule, advantages }) => ({ name: rule, advantages })))}`,
    specification: trainingPanels(columns, {
      names: VARIANTS,
      looks: PATH_LOOKS,
      title: `${width.toLocaleString('en')} gelu neurons and ${size} of them, trained on the same batches`,
    }),
  }
}

function laterFigure(results, { trials }) {
  const during = middles(results)
  const after = ends(results)
  const rules = [...groupBy(during, ({ rule }) => rule)]
  const [{ epochs }] = results
  const atOnce = after.flatMap(({ activation, ...one }) =>
    AFTER.map((variant) => ({ name: LATER[variant], activation, distance: one[variant].distance })),
  )
  const losses = (variant) =>
    rules.map(([rule, own]) => {
      const differences = own.filter((one) => one.variant === variant).map(({ difference }) => percent(difference))
      return `${rule} ${differences.join(', ')}`
    })
  const moments = rules[0][1].filter(({ variant }) => variant === 'kept').map(({ epoch }) => epoch)
  const differences = after.map(({ activation, ...one }) => {
    const each = AFTER.map((variant) => `${short(one[variant].distance)} (${percent(one[variant].difference)})`)
    return `${activation} ${each.join(', ')}`
  })
  const { highestOrder } = after.find(({ activation }) => activation === 'gelu')
  return {
    id: 'later',
    title: 'Compressed in the middle of a training, and after it',
    caption:
      `The distance from the function of the original at the end, medians of ${trials} trials. (a, b) Compressed after ${inList(moments)} of ` +
      `${epochs} epochs, with the original's momentum and second moments kept for each neuron that stays, or lost. ` +
      `Loss at the end against the original's, with them kept: ${losses('kept').join('; ')}; lost: ${losses('reset').join('; ')}; ` +
      `of a random subset with them kept: ${losses('subset').join('; ')}. (c) Compressed when the training has ended, at once; ` +
      `one cell: with the highest order that fits, ${highestOrder}. Compressed, one cell, free neurons, random subset, with the loss ` +
      `against the original's: ${differences.join('; ')}.`,
    specification: panels(
      [
        ...rules.map(([rule, own], i) => duringPanel(rule, own, 'ab'[i])),
        afterPanel(atOnce, `(${'abc'[rules.length]}) after training`),
      ],
      rules.length + 1,
      { title: 'Compressed later: the distance from the original at the end' },
    ),
  }
}

const inList = (values) => `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`

const SIZE = { width: 300, height: 280 }
const distanceAxis = (values) => logarithmicOf('distance', 'distance from the original', values)
const laterSeries = () => seriesBy('name', Object.values(LATER), null, LATER_COLORS)

function duringPanel(rule, own, letter) {
  const values = own
    .map(({ epoch, variant, distance }) => ({
      epoch,
      name: LATER[variant === 'kept' ? 'compressed' : variant],
      distance,
    }))
    .filter(({ distance }) => distance > 0 && Number.isFinite(distance))
  const encoding = {
    x: linear('epoch', 'epoch of compression', { tickCount: 6, format: 'd' }),
    y: distanceAxis(values),
  }
  const by = laterSeries()
  return {
    ...SIZE,
    title: `(${letter}) ${rule}`,
    layer: [layer(values, solid, { ...encoding, color: by.color }), layer(values, filled, { ...encoding, ...by })],
  }
}

function afterPanel(values, title) {
  const x = { field: 'activation', type: 'nominal', sort: null, axis: { title: 'neurons', labelAngle: 0 } }
  return {
    ...SIZE,
    width: 140,
    title,
    data: { values },
    mark: { ...filled, size: 60 },
    encoding: { x, y: distanceAxis(values), ...laterSeries() },
  }
}
