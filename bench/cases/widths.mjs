// How few neurons do: a network of 10,000 neurons compressed to 3000, 1000, 300 and 100 of them, then trained alike with Adam, beside
// random subsets of the same width whose neurons stand for d/d' each. gelu with a smooth target, and relu with that of figure 4.
import { textTable } from '../../demo/table.mjs'
import { compressNetworkSync } from '../../dist/index.js'
import { eachTrial, groupBy, mapped, median } from '../measure.mjs'
import { randomNeurons, rippleTask, trainVariants } from '../networks.mjs'
import { curveRows, finite, recorded, short, summary } from '../trajectories.mjs'

export const title = 'How few neurons do: 10,000 compressed to 3000 and down to 100, then trained'
export const seed = 7
export const trials = 3

const EPOCHS = { gelu: 100, relu: 200 }
const FULL = { width: 10_000, sizes: [3000, 1000, 300, 100], rows: 20_000, tests: 10_000 }
const SMALL = { width: 1000, sizes: [300, 100], rows: 1000, tests: 500, epochs: 20 }
/** free: neurons that are none of the original. */
export const VARIANTS = ['compressed', 'free', 'subset']
/** Of each training. */
const EVALUATIONS = 20

export function cases({ small, trials, threads, cores }) {
  return Object.entries(EPOCHS).flatMap(([activation, epochs]) =>
    eachTrial(trials, { activation, epochs, ...(small ? SMALL : FULL), threads: threads ?? cores }),
  )
}

export const cost = ({ activation, epochs }) => epochs * { gelu: 8, relu: 1 }[activation]

export function run({ activation, trial, epochs, width, sizes, rows, tests, threads }, _trials, progress) {
  const { seeds, original, data, test } = rippleTask(seed, trial, { activation, width, rows, tests })
  const compressed = sizes.map((size) => compressNetworkSync(original, { size, threads }))
  const networks = Object.fromEntries([
    ['original', original],
    ...sizes.map((size, i) => [`compressed-${size}`, compressed[i]]),
    ...sizes.map((size) => [`free-${size}`, compressNetworkSync(original, { size, threads, support: 'free' })]),
    ...sizes.map((size) => [`subset-${size}`, randomNeurons(original, size, seeds.subset + size)]),
  ])
  const options = {
    optimizer: 'adam',
    learningRate: 1e-4,
    epochs,
    batchSize: 512,
    seed: seeds.batches,
    evaluateEvery: Math.ceil(epochs / EVALUATIONS),
    threads,
  }
  const trained = trainVariants(
    mapped(networks, (network) => ({ network })),
    options,
    { data, test },
    progress,
  )
  return {
    kept: compressed.map(({ width }) => width),
    orders: compressed.map(({ matched }) => matched.order),
    ...recorded(trained),
  }
}

export function table(results) {
  return results.flatMap(({ activation, trial, ...result }) => curveRows({ activation, trial }, result))
}

/**
 * For each activation and size: `ratio` of the loss at the end to the original's, medians over the trials, and `deviations`, both
 * for each of VARIANTS; and the advantages of compression over the subset.
 */
export function series(results) {
  return [...groupBy(results, ({ activation }) => activation)].flatMap(([activation, group]) => {
    const [{ sizes, orders }] = group
    const finals = (name) => group.map(({ variants }) => finite(variants[name].testLoss.at(-1)))
    return sizes.map((size, i) => {
      const names = {
        original: 'original',
        ...Object.fromEntries(VARIANTS.map((variant) => [variant, `${variant}-${size}`])),
      }
      const ratio = (name) => median(finals(name).map((loss, trial) => loss / finals('original')[trial]))
      const { deviations, advantages } = summary(group, names)
      return {
        activation,
        size,
        order: orders[i],
        loss: median(finals('original')),
        ratios: Object.fromEntries(VARIANTS.map((variant) => [variant, ratio(names[variant])])),
        deviations,
        advantages,
      }
    })
  })
}

export function report(results, { trials }) {
  const [{ width, rows }] = results
  const lines = series(results).flatMap(({ activation, size, order, ratios, deviations }) =>
    VARIANTS.map((variant) => [
      `${activation}  ${size}  ${variant}`,
      variant === 'compressed' ? String(order) : '',
      ratios[variant].toFixed(3),
      short(deviations[variant].initial),
      short(deviations[variant].largest),
      short(deviations[variant].final),
    ]),
  )
  return [
    `${width} neurons, ${rows} rows, Adam, medians of ${trials} trials`,
    textTable(['network', 'order', "loss / original's", 'function: at 0', 'largest', 'final'], lines),
    'function: |f - f_original| / |y|, largest after epoch 0',
  ].join('\n')
}
