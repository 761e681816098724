// Deep networks: the error of the function when one layer is compressed, against the number of inputs.
import { ACTIVATIONS, GOOD, LAYERS, limits, NAMES, series } from '../cases/depth.mjs'
import { filled, GREY, layer, linear, panels, powersOfTen, seriesBy, solid } from './style.mjs'

const COLORS = ['#1f77d0', '#0b8a8f', '#d9480f', '#6b7280']
const PART = 4
const by = seriesBy('way', Object.values(NAMES), null, COLORS)

export function figures({ results, options }) {
  const all = series(results)
  const shown = all.filter(({ part }) => part === PART)
  const values = shown.flatMap(({ errors, ...one }) =>
    Object.entries(errors).map(([way, error]) => ({ ...one, way: NAMES[way], error })),
  )
  const list = ACTIVATIONS.flatMap((activation) =>
    LAYERS.map((name) => panel(values, activation, name, name === LAYERS[0], activation === ACTIVATIONS.at(-1))),
  )
  return [
    {
      id: 'layers',
      title: 'Deep networks, one layer compressed',
      caption: caption(all, results, options),
      specification: panels(list, LAYERS.length, {
        title: `One of three hidden layers of ${results[0].width} neurons compressed to ${results[0].width / PART}`,
      }),
    },
  ]
}

function panel(values, activation, name, isFirst, isLow) {
  const own = values
    .filter((one) => one.activation === activation && one.layer === name)
    .map(({ inputs, way, error }) => ({ inputs, way, error }))
  const counts = [...new Set(own.map(({ inputs }) => inputs))]
  const x = linear('inputs', isLow ? 'inputs' : null, { values: counts, format: 'd' })
  const y = powersOfTen('error', isFirst ? "|f − f'| / |f|" : null, values)
  return {
    width: 250,
    height: 210,
    title: `${activation}, ${name} hidden layer`,
    layer: [
      layer([{ error: GOOD }], { type: 'rule', color: GREY, strokeDash: [4, 3] }, { y }),
      layer(own, solid, { x, y, color: by.color }),
      layer(own, filled, { x, y, ...by }),
    ],
  }
}

function caption(all, results, { trials }) {
  const { width, samples, steps } = results[0]
  const losses = ACTIVATIONS.map((activation) => {
    const own = all.filter((one) => one.activation === activation && one.layer === 'last' && one.part === PART)
    const each = own.map(
      ({ inputs, loss, ratios }) => `${inputs}: ${loss.toExponential(0)}, ${ratios.measured.toPrecision(2)}`,
    )
    return `${activation} ${each.join('; ')}`
  })
  const reach = LAYERS.map((name) => `${name} ${limits(all, 'measured', { layer: name, part: PART })}`).join('; ')
  return (
    `Networks with three hidden layers of ${width} neurons, trained for ${steps} steps on a sum of waves; one layer is compressed to a quarter, ` +
    `the others stay. Geometric means of ${trials} trials of the distance of the functions, on points that are not among the ${samples} ` +
    `at which the sums were measured; dashed, an error of ${GOOD}. An error of at most that, with measured sums: ${reach}. The ` +
    "network's loss by number of inputs, divided by the mean square of the target, and how many times as large it is with the last layer " +
    `compressed by measured sums: ${losses.join('. ')}.`
  )
}
