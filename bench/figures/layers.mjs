// Deep networks: a wide layer between narrow ones; the distance from the original's function against the number of neighbours.
import { LAYERS, NAMES, series, TIMES } from '../cases/layers.mjs'
import { groupBy } from '../measure.mjs'
import { short } from '../trajectories.mjs'
import { filled, layer, panels, powersOfTen, seriesBy, solid } from './style.mjs'

const COLORS = ['#1f77d0', '#d9480f', '#6b7280']
const SHOWN = ['start', 'end', 'after']
const by = seriesBy('way', Object.values(NAMES), null, COLORS)

export function figures({ results, options }) {
  const all = series(results)
  const [{ width, size }] = results
  return [...groupBy(all, ({ activation }) => activation)].map(([activation, own]) => {
    return {
      id: activation,
      title: `Deep networks, a wide layer between narrow ones: ${activation}`,
      caption: caption(own, results[0], options),
      specification: panels(
        SHOWN.flatMap((time) => LAYERS.map((name) => panel(own, time, name))),
        LAYERS.length,
        { title: `One layer of ${width} ${activation} neurons compressed to ${size}: distance from the original` },
      ),
    }
  })
}

function panel(own, time, name) {
  const values = (list) =>
    list
      .flatMap(({ neighbours, ways }) =>
        Object.entries(ways).map(([way, measures]) => ({ neighbours, way: NAMES[way], distance: measures[time] })),
      )
      .filter(({ distance }) => distance > 0 && Number.isFinite(distance))
  const shown = values(own.filter((one) => one.layer === name))
  const counts = [...new Set(own.map(({ neighbours }) => neighbours))]
  const x = {
    field: 'neighbours',
    type: 'quantitative',
    scale: { type: 'log', base: 2 },
    axis: { title: time === SHOWN.at(-1) ? 'neurons in each neighbouring layer' : null, values: counts, format: 'd' },
  }
  const y = powersOfTen('distance', name === LAYERS[0] ? "|f − f'| / |y|" : null, values(own))
  return {
    width: 250,
    height: 170,
    title: `${name} layer, ${TIMES[time]}`,
    layer: [layer(shown, solid, { x, y, color: by.color }), layer(shown, filled, { x, y, ...by })],
  }
}

function caption(own, { width, size, steps }, { trials }) {
  const ratios = LAYERS.map((name) => {
    const each = own
      .filter((one) => one.layer === name)
      .map(({ neighbours, ways }) => {
        const [ours, fair] = ['whole', 'fair'].map(
          (way) => `${short(ways[way].ratio)} and ${short(ways[way].ratioAfter)}`,
        )
        return `${neighbours}: ${ours} (random subset ${fair})`
      })
    return `${name} layer ${each.join('; ')}`
  })
  return (
    `Networks of two inputs with three hidden layers, one of ${width} neurons and two of as few as the axis says, learn a sum of waves in ` +
    `${steps} steps of Adam. The wide layer is compressed to ${size} neurons before training, and both are trained on the same batches, or ` +
    `it is compressed after training. Medians of ${trials} trials of |f − f_original| / |y|. The loss at the end divided by the ` +
    `original's, compressed before training and after it: ${ratios.join('. ')}.`
  )
}
