// Where theory applies: gelu neurons, a smooth target, J_2(4 r) cos 2 theta on [-1, 1]^2 with noise.
//   part 'path'    compressed before training, and trained alike: the networks of fig4, and `total`, to show what does not work:
//                  compressed, but the update rule gets the gradient of all copies of a neuron in place of one's; and `free`:
//                  neurons that are none of the original
//   part 'during'  compressed in the middle of a training, which goes on with what the update rule knows of each neuron kept
//                  (`kept`), or without it (`reset`); a random subset with it (`subset`)
//   part 'after'   compressed after training, gelu and relu (with the target of figure 4): the function at once. `highest` is
//                  compressed with the highest order that fits, in one cell
import { compressNetworkSync, momentCount, predictSync, selectNeurons, trainNetworkSync } from '../../dist/index.js'
import { eachTrial, groupBy, mapped, meanSquare, median } from '../measure.mjs'
import { fDistance, randomNeurons, rippleTask, rivalsOf, TRAINING, trainVariants } from '../networks.mjs'
import { tableOf } from '../table.mjs'
import { curveRows, deviationTable, finite, NAMES, ORDERS, recorded, short, summary } from '../trajectories.mjs'

export const title = 'Smooth neurons: compressed before, during and after training'
export const seed = 5
export const trials = 5

export const RULES = {
  SGD: { optimizer: 'sgd', learningRate: 5e-4 },
  momentum: { optimizer: 'momentum', learningRate: 5e-4 },
  Adam: { optimizer: 'adam', learningRate: 2e-4 },
}
/** Those that know more of a neuron than its parameters. */
const RULES_DURING = ['momentum', 'Adam']
const FULL = { width: 4000, size: 800, rows: 10_000, tests: 4000, epochs: 60, every: 5 }
const SMALL = { width: 300, size: 60, rows: 1000, tests: 500, epochs: 12, every: 2 }
/** Of part 'after': more rows and epochs, because the target of figure 4 is learned slowly. */
const RELU = { rows: 2, epochs: 2.5 }
/** Of part 'during': when to compress, as parts of the training. */
const TIMES = [0, 1 / 6, 1 / 2, 5 / 6]
export const AFTER = ['compressed', 'highest', 'free', 'subset']
export const VARIANTS = {
  ...NAMES,
  first: ORDERS.first,
  free: 'free neurons',
  total: 'gradient not divided',
}

export function cases({ small, trials, threads, cores }) {
  const shape = { ...(small ? SMALL : FULL), threads: threads ?? cores }
  const reluShape = { ...shape, rows: RELU.rows * shape.rows, epochs: RELU.epochs * shape.epochs }
  const each = (one) => eachTrial(trials, one)
  return [
    ...Object.keys(RULES).flatMap((rule) => each({ part: 'path', rule, ...shape })),
    ...RULES_DURING.flatMap((rule) => each({ part: 'during', rule, ...shape })),
    ...each({ part: 'after', activation: 'gelu', rule: 'Adam', ...shape }),
    ...each({ part: 'after', activation: 'relu', rule: 'Adam', ...reluShape }),
  ]
}

/** About how many times the original is trained, which is wider than all others together. */
export function cost({ part, activation, rows, epochs }) {
  return rows * epochs * (activation === 'relu' ? 0.2 : 1) * { path: 2, during: 2.5, after: 1 }[part]
}

export function run(parameters, _trials, progress) {
  return { path: runPath, during: runDuring, after: runAfter }[parameters.part](parameters, progress)
}

const drawn = ({ trial, ...parameters }) => rippleTask(seed, trial, { activation: 'gelu', ...parameters })

function optionsOf({ rule, threads, epochs, every }, seeds) {
  return {
    ...TRAINING,
    ...RULES[rule],
    epochs,
    batchSize: 512,
    seed: seeds.batches,
    evaluateEvery: every,
    threads,
  }
}

function runPath(parameters, progress) {
  const { seeds, data, test, original } = drawn(parameters)
  const { size, threads } = parameters
  const networks = rivalsOf(original, { size, threads, seeds, orders: { first: { order: 1, quality: 'fast' } } })
  const { compressed } = networks
  const variants = {
    ...mapped(networks, (network) => ({ network })),
    free: { network: compressNetworkSync(original, { size, threads, support: 'free' }) },
    total: { network: compressed, options: { gradient: 'total' } },
  }
  const options = optionsOf(parameters, seeds)
  const trained = trainVariants(variants, options, { data, test }, progress)
  return { kept: compressed.width, order: compressed.matched.order, ...recorded(trained) }
}

function runDuring(parameters, progress) {
  const { seeds, data, test, original } = drawn(parameters)
  const { size, epochs, threads } = parameters
  const options = { ...optionsOf(parameters, seeds), test }
  const times = TIMES.map((part) => Math.round(part * epochs))
  const moments = []
  const onEpoch = ({ epoch, network, state }) => {
    if (times.includes(epoch)) moments.push({ network, state })
  }
  const end = trainNetworkSync(original, data, { ...options, onEpoch })
  const values = predictSync(end.network, test.x, { threads })
  const continued = (network, state) => {
    const { network: trained, testLoss } = trainNetworkSync(network, data, { ...options, state, evaluateEvery: epochs })
    return { loss: testLoss.at(-1), distance: fDistance(predictSync(trained, test.x, { threads }), values, test.y) }
  }
  const compressed = moments.map(({ network, state }, i) => {
    const few = compressNetworkSync(network, { size, threads })
    const random = randomNeurons(network, size, seeds.subset + i)
    const { optimizer, epoch } = state
    const result = {
      epoch,
      kept: continued(few, selectNeurons(state, few.indices)),
      reset: continued(few, { optimizer, epoch, step: 0 }),
      subset: continued(random, selectNeurons(state, random.indices)),
    }
    progress((i + 1) / times.length)
    return result
  })
  return { loss: end.testLoss.at(-1), compressed }
}

function runAfter(parameters, progress) {
  const { seeds, data, test, original } = drawn(parameters)
  const { size, epochs, threads } = parameters
  const options = { ...optionsOf(parameters, seeds), test, evaluateEvery: epochs }
  const { network, testLoss } = trainNetworkSync(original, data, options)
  progress(0.9)
  const values = predictSync(network, test.x, { threads })
  const compared = (few) => {
    const own = predictSync(few, test.x, { threads })
    return { loss: meanSquare(own, test.y), distance: fDistance(own, values, test.y) }
  }
  const compressed = compressNetworkSync(network, { size, threads })
  const highest = compressNetworkSync(network, { size, threads, order: highestOrder(size) })
  return {
    loss: testLoss.at(-1),
    kept: compressed.width,
    order: compressed.matched.order,
    compressed: compared(compressed),
    highestOrder: highest.matched.order,
    highest: compared(highest),
    free: compared(compressNetworkSync(network, { size, threads, support: 'free' })),
    subset: compared(randomNeurons(network, size, seeds.subset)),
  }
}

/** Of {1, output} (x) P_k(hidden, bias), with two inputs. */
function highestOrder(size) {
  let order = 1
  while (2 * momentCount(3, order + 1) <= size) order++
  return order
}

export function table(results) {
  return results.flatMap(({ part, rule, activation = 'gelu', trial, ...result }) => {
    const head = { part, activation, rule, trial }
    if (part === 'path') return curveRows(head, result)
    if (part === 'after') {
      return AFTER.map((variant) => ({
        ...head,
        variant,
        test_loss: result[variant].loss,
        distance: result[variant].distance,
        loss_of_original: result.loss,
      }))
    }
    return result.compressed.flatMap(({ epoch, ...variants }) =>
      Object.entries(variants).map(([variant, { loss, distance }]) => ({
        ...head,
        variant,
        epoch,
        test_loss: loss,
        distance,
        loss_of_original: result.loss,
      })),
    )
  })
}

/** For each rule `summary` of the trials of part 'path'. */
export function paths(results) {
  const own = results.filter(({ part }) => part === 'path')
  const names = Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, name]))
  return [...groupBy(own, ({ rule }) => rule)].map(([rule, group]) => ({ rule, ...summary(group, names) }))
}

/** For each rule, time and variant of part 'during' medians: the relative difference of the loss at the end, and the distance. */
export function middles(results) {
  const own = results.filter(({ part }) => part === 'during')
  return [...groupBy(own, ({ rule }) => rule)].flatMap(([rule, group]) =>
    group[0].compressed.flatMap(({ epoch }, i) =>
      ['kept', 'reset', 'subset'].map((variant) => ({
        rule,
        epoch,
        variant,
        ...medianDifference(group.map(({ loss, compressed }) => ({ original: loss, ...compressed[i][variant] }))),
      })),
    ),
  )
}

/** For each activation of part 'after' medians, for each of AFTER. */
export function ends(results) {
  const own = results.filter(({ part }) => part === 'after')
  return [...groupBy(own, ({ activation }) => activation)].map(([activation, group]) => {
    const of = (variant) => medianDifference(group.map((one) => ({ original: one.loss, ...one[variant] })))
    const [{ order, highestOrder }] = group
    return { activation, order, highestOrder, ...Object.fromEntries(AFTER.map((variant) => [variant, of(variant)])) }
  })
}

function medianDifference(list) {
  return {
    difference: median(list.map(({ original, loss }) => finite(loss) / original - 1)),
    distance: median(list.map(({ distance }) => finite(distance))),
  }
}

export function report(results, { trials }) {
  const [{ width, kept, order, rows, epochs }] = results
  const path = deviationTable(paths(results), ({ rule, variant }) => `${rule}  ${variant}`)
  const after = ends(results).flatMap(({ activation, ...variants }) =>
    AFTER.map((variant) => ({ activation, variant, ...variants[variant] })),
  )
  const ending = [
    ['loss', ({ difference }) => percent(difference)],
    ['function', ({ distance }) => short(distance)],
  ]
  return [
    `${width} gelu neurons, ${kept} kept (order ${order}), ${rows} rows, ${epochs} epochs, medians of ${trials} trials`,
    path.lines,
    path.explained,
    '',
    'compressed in the middle of training, at the end of it:',
    tableOf(middles(results), [
      ['rule, epoch', ({ rule, epoch, variant }) => `${rule}  ${epoch}  ${variant}`],
      ...ending,
    ]),
    '',
    'compressed after training, at once:',
    tableOf(after, [['neurons', ({ activation, variant }) => `${activation}  ${variant}`], ...ending]),
    "loss: against the original's; function: |f - f_original| / |y|",
  ].join('\n')
}

/** +0.3 %, +480 % */
export function percent(difference) {
  if (!Number.isFinite(difference)) return 'diverged'
  const digits = Math.abs(difference) < 0.1 ? 1 : 0
  return `${difference < 0 ? '−' : '+'}${Math.abs(100 * difference).toFixed(digits)} %`
}
