// Figure 4: a network of 10,000 relu neurons and networks of 1000 of them, trained alike, on the same batches. The target is
// J_6(20 r) cos 6 theta on [-1, 1]^2 with noise.
//   original    PyTorch's default initialisation
//   compressed  compressNetwork() of it, before training
//   second      the same with order 2, in fewer cells; by default it is 1, because relu has a kink
//   subset      as many neurons drawn at random, each for d/d' of them: the fair rival
//   naive       the first of them, each for itself alone: what the paper compares with
//   fresh-R     a network of the small width in its own initialisation, with R times the learning rate
// Each case trains all of these with one rule and one seed, because all are compared with the original epoch by epoch.
import { groupBy, mapped, median } from '../measure.mjs'
import { randomNetwork, rippleTask, rivalsOf, trainVariants } from '../networks.mjs'
import { paper } from '../paper.mjs'
import { curveRows, deviationTable, finite, NAMES, ORDERS, recorded, short, summary } from '../trajectories.mjs'

export const title = 'Figure 4: a network and a compressed one, trained alike'
export const seed = 4
export const trials = 3

export const RULES = {
  SGD: { optimizer: 'sgd', learningRate: 1e-3 },
  Rprop: { optimizer: 'rprop', learningRate: 1e-2 },
  AdamW: { optimizer: 'adamw', learningRate: 1e-4 },
}
const { original, compressed, ...others } = NAMES
export const NETWORKS = { original, compressed, second: ORDERS.second, ...others }
/** Of a fresh network, times that of the others: which one is best nobody knows before. */
const RATES = [1, 3, 10]
const FULL = { width: 10_000, size: 1000, rows: 100_000, epochs: 3000, every: 30 }
const SMALL = { width: 400, size: 40, rows: 2000, epochs: 20, every: 2 }

export function cases({ small, trials, threads, cores }) {
  // Trial by trial: a run that is broken off has some of every rule.
  return Array.from({ length: trials }, (_, trial) =>
    Object.keys(RULES).map((rule) => ({ rule, trial, ...(small ? SMALL : FULL), threads: threads ?? cores })),
  ).flat()
}

export function run({ rule, trial, width, size, rows, epochs, every, threads }, _trials, progress) {
  const { seeds, original, ...task } = rippleTask(seed, trial, { activation: 'relu', width, rows, tests: rows })
  const fresh = randomNetwork({ width: size, activation: 'relu' }, ~seeds.network)
  const { learningRate } = RULES[rule]
  const networks = rivalsOf(original, { size, threads, seeds, orders: { second: { order: 2 } } })
  const { compressed } = networks
  const variants = {
    ...mapped(networks, (network) => ({ network })),
    ...Object.fromEntries(
      RATES.map((times) => [`fresh-${times}`, { network: fresh, options: { learningRate: learningRate * times } }]),
    ),
  }
  const trained = trainVariants(
    variants,
    {
      ...RULES[rule],
      epochs,
      batchSize: 512,
      seed: seeds.batches,
      evaluateEvery: every,
      threads,
    },
    task,
    progress,
  )
  return {
    kept: compressed.width,
    order: compressed.matched.order,
    compression: compressed.elapsed.total,
    ...recorded(trained),
  }
}

export function table(results) {
  return results.flatMap(({ rule, trial, ...result }) => curveRows({ rule, trial }, result))
}

/** For each rule `summary` of its trials; of the fresh networks only the best learning rate's, as `fresh`, with its `rate`. */
export function series(results) {
  return [...groupBy(results, ({ rule }) => rule)].map(([rule, group]) => {
    const finalLoss = (times) => median(group.map(({ variants }) => finite(variants[`fresh-${times}`].testLoss.at(-1))))
    const rate = RATES.reduce((best, times) => (finalLoss(times) < finalLoss(best) ? times : best))
    const variants = {
      ...Object.fromEntries(Object.keys(NETWORKS).map((name) => [name, name])),
      fresh: `fresh-${rate}`,
    }
    return { rule, rate, ...summary(group, variants) }
  })
}

export function report(results, { trials, small }) {
  const [{ width, rows, epochs, kept, order }] = results
  const theirs = small ? [] : paper('fig4')
  const authors = ({ rule, variant }) => theirs.findLast((one) => one.rule === rule)?.[variant]
  const { lines, explained } = deviationTable(
    series(results),
    ({ rule, rate, variant }) => `${rule}  ${variant === 'fresh' ? `fresh, ${rate} times the rate` : variant}`,
    [['authors', (one) => authors(one) && short(authors(one))]],
  )
  const seconds = (variant) => median(results.map(({ variants }) => variants[variant].seconds)).toFixed(1)
  return [
    `${width} relu neurons, ${kept} kept (order ${order}), ${rows} rows, ${epochs} epochs, medians of ${trials} trials`,
    lines,
    '',
    `${explained}; authors: their final loss`,
    `seconds of training: original ${seconds('original')}, compressed ${seconds('compressed')}`,
  ].join('\n')
}
