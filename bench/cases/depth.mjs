// Deep networks: one hidden layer of three is compressed after training, the others stay. The network has learned a sum of waves
// on [-1, 1]^inputs (bench/deep.mjs). For each layer, and a half, a quarter and an eighth of its neurons
// (bench/deep-compression.mjs):
//   measured  recombine() on the sums that the next layer reads at sample points, in as many leading directions as neurons stay
//   moments   compressNetwork() on (incoming weights, bias | outgoing weights), in leading directions where these are many
//   fair      a random subset, each neuron for d / d'
//   pruned    the neurons with the largest weights, as they are
// The errors are on points that are not among the sample points.

import { deepNetwork, trainDeep, valuesOf } from '../deep.mjs'
import { surveyOf, WAYS, waves, withNeurons } from '../deep-compression.mjs'
import { eachTrial, geometricMean, groupBy, mapped, meanSquare, median } from '../measure.mjs'
import { fDistance } from '../networks.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Deep networks: one layer of three compressed after training'
export const seed = 13
export const trials = 2

export const NAMES = {
  measured: 'recombine, measured sums',
  moments: 'compressNetwork, leading directions',
  fair: 'random subset',
  pruned: 'magnitude pruning',
}
export const LAYERS = ['first', 'second', 'last']
export const ACTIVATIONS = ['sin', 'gelu']
export const PARTS = [2, 4, 8]
const FULL = { inputs: [1, 2, 3, 4, 6], width: 256, steps: 300, samples: 768 }
const SMALL = { inputs: [1, 2], width: 32, steps: 100, samples: 128 }
const STEEPNESS = { sin: 4, gelu: 2 }
const FREQUENCY = 4
const TESTS = 1000
// An error of the function that leaves it usable.
export const GOOD = 0.1

export function cases({ small, trials, threads, cores }) {
  const { inputs, ...shape } = small ? SMALL : FULL
  return ACTIVATIONS.flatMap((activation) =>
    inputs.flatMap((columns) =>
      eachTrial(trials, { activation, inputs: columns, ...shape, threads: threads ?? cores }),
    ),
  )
}

export function run({ activation, inputs, width, steps, samples, trial, threads }, _trials, progress) {
  const own = 1000 * seed + 10 * trial
  const draw = waves(inputs, FREQUENCY, own)
  const test = draw(TESTS)
  const points = draw(samples).x
  const initial = deepNetwork(
    { inputs, widths: [width, width, width], activation, steepness: STEEPNESS[activation] },
    own + 1,
  )
  const network = trainDeep(initial, { steps, batch: 64, rate: 1e-3, draw }, (part) => progress(0.7 * part))
  const values = valuesOf(network, test.x)
  const loss = meanSquare(values, test.y)
  const layers = LAYERS.map((_, l) => {
    const survey = surveyOf(network, l, points)
    progress(0.7 + 0.1 * (l + 1))
    return PARTS.map((part) =>
      mapped(WAYS, (way) => {
        const { indices, multiplicity, ...more } = way(survey, Math.floor(width / part), { threads, seed: own + 2 })
        const few = valuesOf(withNeurons(network, l, { indices, multiplicity }), test.x)
        const ratio = meanSquare(few, test.y) / loss
        return { kept: indices.length, error: fDistance(few, values, values), ratio, ...more }
      }),
    )
  })
  return { loss: loss / meanSquare(test.y, new Float64Array(TESTS)), layers }
}

export function table(results) {
  return results.flatMap(({ activation, inputs, width, trial, loss, layers }) =>
    layers.flatMap((parts, l) =>
      parts.flatMap((ways, p) =>
        Object.entries(ways).map(([way, { kept, error, ratio }]) => ({
          ...{ activation, inputs, width, trial, relative_loss: loss, layer: LAYERS[l], part: PARTS[p], way },
          ...{ kept, error, loss_ratio: ratio },
        })),
      ),
    ),
  )
}

/** For each activation, layer, part and number of inputs: the geometric means over the trials of error and loss ratio. */
export function series(results) {
  const groups = [...groupBy(results, ({ activation, inputs }) => `${activation} ${inputs}`).values()]
  return groups.flatMap((runs) =>
    LAYERS.flatMap((layer, l) =>
      PARTS.map((part, p) => {
        const of = (way, key) => geometricMean(runs.map(({ layers }) => layers[l][p][way][key]))
        return {
          activation: runs[0].activation,
          inputs: runs[0].inputs,
          layer,
          part,
          loss: median(runs.map(({ loss }) => loss)),
          errors: mapped(WAYS, (_, way) => of(way, 'error')),
          ratios: mapped(WAYS, (_, way) => of(way, 'ratio')),
          how: runs[0].layers[l][p],
        }
      }),
    ),
  )
}

/** In words: up to how many inputs a way leaves the function usable, for each activation, of one layer and part. */
export function limits(all, way, { layer, part }) {
  return ACTIVATIONS.map((activation) => {
    const own = all.filter((one) => one.activation === activation && one.layer === layer && one.part === part)
    const failed = own.findIndex(({ errors }) => errors[way] > GOOD)
    const good = (failed < 0 ? own : own.slice(0, failed)).map(({ inputs }) => inputs)
    return `${activation} ${good.length === 0 ? 'never' : `up to ${good.at(-1)} ${good.at(-1) === 1 ? 'input' : 'inputs'}`}`
  }).join(', ')
}

export function report(results, { trials }) {
  const all = series(results)
  const { width, samples } = results[0]
  return [
    `Three layers of ${width} neurons, geometric means of ${trials} trials: |f - f'| / |f|, and the loss divided by the original's`,
    '',
    tableOf(all, [
      ['network, layer', ({ activation, inputs, layer }) => `${activation}, ${inputs} inputs, ${layer}`],
      ["d'", ({ part }) => width / part],
      ['loss', ({ loss }) => loss.toExponential(1)],
      ...Object.keys(WAYS).flatMap((way) => [
        [way, ({ errors }) => errors[way].toPrecision(2)],
        ['loss /', ({ ratios }) => ratios[way].toPrecision(2)],
      ]),
      ['sums lost', ({ how }) => how.measured.lost.toExponential(0)],
      ['incoming', ({ how }) => `${how.moments.inputs} (${how.moments.lostBefore.toFixed(2)} lost)`],
      ['outgoing', ({ how }) => `${how.moments.outputs} (${how.moments.lostAfter.toFixed(2)} lost)`],
    ]),
    '',
    `loss: the network's, divided by the mean square of the target; sums lost: the share of the sums at ${samples} points that`,
    'as many directions as neurons stay do not have; incoming, outgoing: the directions of compressNetwork, and the shares lost',
    ...PARTS.flatMap((part) =>
      LAYERS.map(
        (layer) =>
          `${layer} layer, d' = d/${part}, an error of at most ${GOOD}: measured ${limits(all, 'measured', { layer, part })}; ` +
          `random subset ${limits(all, 'fair', { layer, part })}`,
      ),
    ),
  ].join('\n')
}
