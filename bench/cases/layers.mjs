// Deep networks: a wide hidden layer between narrow ones, compressed before training and after it. One of three hidden layers
// has `width` neurons, the two others have `neighbours`, and the network learns a sum of waves on [-1, 1]^2 (bench/deep.mjs).
// A neuron of the wide layer is (incoming weights, bias | outgoing weights), so the number of neighbours is the number of
// dimensions. The ways (bench/deep-compression.mjs):
//   whole   compressNetwork() of the layer as a network of its own
//   fair    a random subset, each neuron for d / d'
//   pruned  the neurons with the largest weights, as they are
// All are trained on the same batches, with the gradient of one copy of each neuron; and all are tried on the trained network.
import { deepNetwork, trainDeep, valuesOf } from '../deep.mjs'
import { fair, pruned, surveyOf, waves, whole, withNeurons } from '../deep-compression.mjs'
import { eachTrial, groupBy, mapped, meanSquare, median } from '../measure.mjs'
import { fDistance } from '../networks.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Deep networks: a wide layer between narrow ones, compressed before training and after'
export const seed = 14
export const trials = 2

export const NAMES = { whole: 'compressNetwork', fair: 'random subset', pruned: 'magnitude pruning' }
const WAYS = { whole, fair, pruned }
export const LAYERS = ['first', 'second', 'last']
/** When a way is judged: how far its function is from the original's at the same time. */
export const TIMES = {
  start: 'before training',
  largest: 'largest in training',
  end: 'end of training',
  after: 'compressed after it',
}
const FULL = { activations: ['gelu', 'sin'], neighbours: [1, 2, 4, 8], width: 2000, size: 400, steps: 400 }
const SMALL = { activations: ['gelu'], neighbours: [1, 4], width: 120, size: 40, steps: 12 }
const INPUTS = 2
const STEEPNESS = 2
const FREQUENCY = 4
const BATCH = 64
const TESTS = 1000
const EVALUATIONS = 12

export function cases({ small, trials, threads, cores }) {
  const { activations, neighbours, ...shape } = small ? SMALL : FULL
  return activations.flatMap((activation) =>
    LAYERS.flatMap((layer) =>
      neighbours.flatMap((one) =>
        eachTrial(trials, { activation, layer, neighbours: one, ...shape, threads: threads ?? cores }),
      ),
    ),
  )
}

/** About the products of one step. */
export function cost({ layer, neighbours, width }) {
  const columns = layer === 'first' ? INPUTS : neighbours
  const rows = layer === 'last' ? 1 : neighbours
  return width * (columns + rows + 4)
}

export function run({ activation, layer, neighbours, width, size, steps, trial, threads }, _trials, progress) {
  const own = 1000 * seed + 10 * trial
  const l = LAYERS.indexOf(layer)
  const widths = LAYERS.map((name) => (name === layer ? width : neighbours))
  const original = deepNetwork({ inputs: INPUTS, widths, activation, steepness: STEEPNESS }, own + 1)
  const test = waves(INPUTS, FREQUENCY, own)(TESTS)
  const survey = surveyOf(original, l, test.x)
  const chosen = mapped(WAYS, (way) => way(survey, size, { threads, seed: own + 2 }))
  const few = mapped(chosen, (neurons) => structuredClone(withNeurons(original, l, neurons)))

  const variants = { original, ...few }
  const curves = mapped(variants, (network, name) => {
    // The same batches for each.
    const draw = waves(INPUTS, FREQUENCY, own)
    const curve = [valuesOf(network, test.x)]
    const part = Object.keys(variants).indexOf(name)
    trainDeep(network, { steps, batch: BATCH, rate: 1e-3, draw }, (done) => {
      if (Math.floor(done * EVALUATIONS) === curve.length) curve.push(valuesOf(network, test.x))
      progress(part === 0 ? 0.6 * done : 0.6 + 0.4 * ((part - 1 + done) / Object.keys(few).length))
    })
    return curve
  })

  const end = curves.original.at(-1)
  const loss = meanSquare(end, test.y)
  const trained = surveyOf(original, l, test.x)
  return {
    kept: chosen.whole.indices.length,
    order: chosen.whole.order,
    loss: loss / meanSquare(test.y, new Float64Array(TESTS)),
    ways: mapped(WAYS, (way, name) => {
      const distances = curves[name].map((values, i) => fDistance(values, curves.original[i], test.y))
      const now = valuesOf(withNeurons(original, l, way(trained, size, { threads, seed: own + 2 })), test.x)
      return {
        start: distances[0],
        largest: Math.max(...distances.slice(1)),
        end: distances.at(-1),
        after: fDistance(now, end, test.y),
        ratio: meanSquare(curves[name].at(-1), test.y) / loss,
        ratioAfter: meanSquare(now, test.y) / loss,
      }
    }),
  }
}

export function table(results) {
  return results.flatMap(({ activation, layer, neighbours, trial, kept, order, loss, ways }) =>
    Object.entries(ways).map(([way, measures]) => ({
      ...{ activation, layer, neighbours, trial, kept, order, relative_loss: loss, way, ...measures },
    })),
  )
}

/** Medians over the trials, for each activation, layer and number of neighbours. */
export function series(results) {
  const groups = groupBy(results, ({ activation, layer, neighbours }) => `${activation} ${layer} ${neighbours}`)
  return [...groups.values()].map((runs) => {
    const [{ activation, layer, neighbours, kept, order, width }] = runs
    return {
      ...{ activation, layer, neighbours, kept, order, width },
      loss: median(runs.map(({ loss }) => loss)),
      ways: mapped(NAMES, (_, way) =>
        mapped(runs[0].ways[way], (_, key) =>
          median(runs.map(({ ways }) => ways[way][key] ?? Number.POSITIVE_INFINITY)),
        ),
      ),
    }
  })
}

const short = (value) => (Number.isFinite(value) ? value.toPrecision(2) : 'diverged')

export function report(results, { trials }) {
  const all = series(results)
  const { width, size } = results[0]
  return [
    `One layer of ${width} neurons to ${size}, medians of ${trials} trials: |f - f'| / |y|, and the loss divided by the original's`,
    '',
    tableOf(
      all.flatMap(({ ways, ...one }) => Object.entries(ways).map(([way, measures]) => ({ ...one, way, ...measures }))),
      [
        ['wide layer', ({ activation, layer }) => `${activation}, ${layer}`],
        ['neighbours', ({ neighbours }) => neighbours],
        ['order', ({ order }) => order],
        ['loss', ({ loss }) => loss.toExponential(1)],
        ['way', ({ way }) => NAMES[way]],
        ...Object.entries(TIMES).map(([key, name]) => [name, (one) => short(one[key])]),
        ['loss at the end', ({ ratio }) => short(ratio)],
        ['loss after it', ({ ratioAfter }) => short(ratioAfter)],
      ],
    ),
    '',
    "loss: the original's at the end, divided by the mean square of the target",
  ].join('\n')
}
