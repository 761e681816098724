// Figure 7: 4000 heads of one attention layer and 800 of them, trained alike, on the same batches. A prompt has eight points of a
// random function, with noise, and asks for its value at another one. A head has two numbers in each of q, k, v and o, so it is a
// point in eight dimensions.
//   original    PyTorch's default initialisation
//   compressed  compress() of the heads, before training, by four numbers of each that its function and its gradient depend on
//   blocks      by all eight columns, order 2 in (q, k) times order 2 in (v, o)
//   auto        by all eight columns, the default order
//   third       the same, order 3 and no more, as in the paper
//   subset      as many heads drawn at random, each for d/d' of them: the fair rival
//   naive       the first of them, each for itself alone: what the paper compares with
//   total       `compressed`, but the update rule gets the gradient of all copies of a head in place of one's (SGD only: Adam does
//               not depend on the scale)
// Each case trains all of these with one rule and one seed. The paper has the first 250 steps with Adam.

import {
  compressedHeads,
  functionPrompts,
  invariantsOf,
  NOISE,
  randomHeads,
  randomOfHeads,
  someHeads,
  trainHeadVariants,
} from '../heads.mjs'
import { eachTrial, groupBy, mapped, median } from '../measure.mjs'
import { seedsOf } from '../networks.mjs'
import { curveRows, deviationTable, finite, NAMES, recorded, short, summary } from '../trajectories.mjs'

export const title = 'Figure 7: attention heads and compressed ones, trained alike'
export const seed = 8
export const trials = 5
export const needsBenchAddon = true

export const RULES = {
  Adam: { rule: 'adam', learningRate: 1e-4 },
  SGD: { rule: 'sgd', learningRate: 1e-3 },
}
export const VARIANTS = {
  original: NAMES.original,
  compressed: NAMES.compressed,
  blocks: 'by blocks of columns',
  auto: "by columns, order 'auto'",
  third: 'by columns, order 3',
  subset: NAMES.subset,
  naive: 'first heads',
  total: 'gradient not divided',
}
const BLOCKS = [
  { columns: [0, 1, 2, 3], order: 2 }, // q, k
  { columns: [4, 5, 6, 7], order: 2 }, // v, o
]
/** Of the paper's run; ours go on. */
export const PAPER_STEPS = 250
/** After which steps the report has numbers. */
const REPORTED = [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 1500]
const between = (first, last, by) => Array.from({ length: (last - first) / by + 1 }, (_, i) => first + i * by)
const FULL = {
  heads: 4000,
  size: 800,
  batch: 256,
  tests: 2048,
  evaluated: [...REPORTED.slice(0, 6), ...between(50, 250, 25), ...between(300, 500, 50), ...between(600, 1500, 100)],
}
// 225 moments need as many heads.
const SMALL = { heads: 1200, size: 300, batch: 64, tests: 256, evaluated: [0, 1, 2, 5, 10, 15, 20] }

export function cases({ small, trials }) {
  return eachTrial(trials, small ? SMALL : FULL).flatMap((one) => Object.keys(RULES).map((rule) => ({ rule, ...one })))
}

export function run({ rule, trial, heads, size, batch, tests, evaluated }, _trials, progress) {
  const seeds = seedsOf(seed, trial)
  const original = randomHeads({ inputs: 1, dimension: 2, count: heads }, seeds.network)
  const compressed = compressedHeads(original, { size, threads: 1 }, invariantsOf(original))
  const blocks = compressedHeads(original, { size, order: BLOCKS, threads: 1 })
  const auto = compressedHeads(original, { size, threads: 1 })
  const third = compressedHeads(original, { size, order: 3, quality: 'fast', threads: 1 })
  const networks = {
    original,
    compressed,
    blocks,
    auto,
    third,
    subset: randomOfHeads(original, size, seeds.subset),
    naive: someHeads(
      original,
      Uint32Array.from({ length: size }, (_, i) => i),
      new Float64Array(size).fill(1),
    ),
  }
  const trained = trainHeadVariants(
    {
      ...mapped(networks, (heads) => ({ heads })),
      ...(rule === 'SGD' && { total: { heads: compressed, options: { gradient: 'total' } } }),
    },
    RULES[rule],
    {
      batch: (step) => functionPrompts(batch, NOISE, 1e5 * (seeds.batches + 1) + step),
      test: functionPrompts(tests, NOISE, seeds.test),
      probe: functionPrompts(tests, 0, seeds.probe),
      evaluated,
    },
    progress,
  )
  return {
    kept: mapped({ compressed, blocks, auto, third }, ({ multiplicity }) => multiplicity.length),
    orders: { compressed: compressed.order, auto: auto.order },
    compression: compressed.elapsed,
    ...recorded(trained),
  }
}

export function table(results) {
  return results.flatMap(({ rule, trial, ...result }) =>
    curveRows({ rule, trial }, result).map(({ epoch, ...row }) => ({ ...row, step: epoch })),
  )
}

/**
 * For each rule `summary` of its trials, and per variant the medians of the loss divided by the original's at each evaluated
 * step: `ratios`.
 */
export function series(results) {
  return [...groupBy(results, ({ rule }) => rule)].map(([rule, group]) => {
    const [{ evaluated, variants }] = group
    const names = mapped(variants, (_, name) => name)
    const ratio = (name, i) =>
      median(group.map(({ variants }) => finite(variants[name].testLoss[i]) / variants.original.testLoss[i]))
    return {
      rule,
      evaluated,
      ratios: mapped(names, (name) => evaluated.map((_, i) => ratio(name, i))),
      ...summary(group, names),
    }
  })
}

/** The largest difference of a ratio from 1 after the first step. */
export const worstRatio = (ratios, evaluated) =>
  Math.max(...ratios.filter((_, i) => evaluated[i] >= 1).map((ratio) => Math.abs(ratio - 1)))

export function report(results, { trials }) {
  const [{ heads, kept, orders, batch, tests }] = results
  const all = series(results)
  const { lines, explained } = deviationTable(all, ({ rule, variant }) => `${rule}  ${variant}`, [
    ['loss ratio - 1', ({ rule, variant }) => worstOf(all, rule, variant)],
  ])
  const perStep = all.flatMap(({ rule, evaluated, ratios, curves }) => {
    const shown = evaluated.flatMap((step, i) => (REPORTED.includes(step) || heads < FULL.heads ? [i] : []))
    return Object.keys(curves).map((variant) => {
      const values = shown.map((i) => `${short(curves[variant][i].distance)} (${ratios[variant][i].toFixed(4)})`)
      return `${rule}  ${variant}: ${values.join(', ')}`
    })
  })
  const seconds = (variant) => median(results.map(({ variants }) => variants[variant].seconds)).toFixed(1)
  return [
    `${heads} heads; kept: ${Object.values(kept).join(', ')} (orders ${orders.compressed} in four numbers, ${orders.auto} in eight); batches of ${batch}, ${tests} tests, medians of ${trials} trials`,
    lines,
    `${explained}; loss ratio - 1: the largest of the medians from step 1 on`,
    '',
    `distance from the original (and loss divided by the original's) after the steps ${REPORTED.join(', ')}:`,
    ...perStep,
    '',
    `seconds of training: original ${seconds('original')}, compressed ${seconds('compressed')}`,
  ].join('\n')
}

function worstOf(all, rule, variant) {
  const { ratios, evaluated } = all.find((one) => one.rule === rule)
  return short(worstRatio(ratios[variant], evaluated))
}
