// Compares trainings epoch by epoch: how far the others are from the first, and whether compression keeps closer to it
// than a random subset of neurons with multiplicity d/d', which costs nothing.
import { groupBy, mapped, median, TIE } from './measure.mjs'
import { tableOf } from './table.mjs'

/** The network that is made from one of width d, and those that it is compared with. */
export const NAMES = {
  original: 'original',
  compressed: 'compressed',
  subset: 'random subset',
  naive: 'first neurons',
}

/** Networks that are compressed with another order than the one that the size would have. */
export const ORDERS = { first: 'compressed, order 1', second: 'compressed, order 2' }

/** The measures of how near a training is to another. */
export const QUANTITIES = {
  initial: 'the function before training',
  largest: 'the function on the way',
  final: 'the function at the end',
  lossLargest: 'the loss on the way',
  lossFinal: 'the loss at the end',
}
const HEADS = ['function: at 0', 'largest', 'final', 'loss: largest', 'final']
const DEVIATIONS = [
  ['loss at 0', ({ curve }) => short(curve[0].testLoss)],
  ['final', ({ curve }) => short(curve.at(-1).testLoss)],
  ...Object.keys(QUANTITIES).map((quantity, i) => [HEADS[i], ({ deviations }) => short(deviations[quantity])]),
]

/** The part of the result of trainVariants() that a record keeps: the evaluated epochs, and each variant's curves. */
export function recorded(trained) {
  const [{ epochs }] = Object.values(trained)
  return {
    evaluated: epochs,
    variants: mapped(trained, ({ trainLoss, testLoss, distance, seconds }) => ({
      trainLoss: trainLoss.map(digits),
      testLoss: testLoss.map(digits),
      distance: distance.map(digits),
      seconds,
    })),
  }
}

/** A number in six digits, about those of float32. */
const digits = (value) => Number(value.toPrecision(6))

/** Lines of a CSV file, one per variant and epoch. All begin with `head`. */
export function curveRows(head, { evaluated, variants }) {
  return Object.entries(variants).flatMap(([variant, { trainLoss, testLoss, distance }]) =>
    evaluated.map((epoch, i) => ({
      ...head,
      variant,
      epoch,
      train_loss: trainLoss[i],
      test_loss: testLoss[i],
      distance: distance[i],
    })),
  )
}

/**
 * Medians over several trials of one experiment, each as recorded() returns it.
 *
 * @param {{ evaluated: number[], variants: object }[]} group
 * @param {Record<string, string>} variants the names here, and the names in the records
 * @returns `curves` { epoch, testLoss, distance }[] and `deviations` per variant; `advantages` of compression over the
 *   random subset: per quantity, how many times smaller the deviation is, as the median over the trials, in each of
 *   which both begin with the same original
 */
export function summary(group, variants) {
  const each = mapped(variants, (name) => group.map(({ variants }) => deviations(variants.original, variants[name])))
  return {
    curves: mapped(variants, (name) =>
      medianCurves(
        group[0].evaluated,
        group.map((one) => one.variants[name]),
      ),
    ),
    deviations: mapped(each, (list) => ofQuantities((quantity) => median(list.map((one) => one[quantity])))),
    advantages: advantages(each.compressed, each.subset),
  }
}

/**
 * `initial`, `largest`, `final`: the distance of the functions before training, the largest in training, and at the
 * end. `lossLargest`, `lossFinal`: the relative difference of the losses, the largest of all epochs and the last.
 * Infinity for a training that has diverged, whose losses a record in JSON holds as null.
 */
function deviations(original, { testLoss, distance }) {
  const relative = original.testLoss.map((loss, i) => finite(Math.abs(finite(testLoss[i]) - loss) / loss))
  const [initial, ...later] = distance.map(finite)
  return {
    initial,
    largest: Math.max(...later),
    final: later.at(-1),
    lossLargest: Math.max(...relative),
    lossFinal: relative.at(-1),
  }
}

export const finite = (value) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY)

const ofQuantities = (value) =>
  Object.fromEntries(Object.keys(QUANTITIES).map((quantity) => [quantity, value(quantity)]))

function medianCurves(epochs, list) {
  return epochs.map((epoch, i) => ({
    epoch,
    testLoss: median(list.map(({ testLoss }) => finite(testLoss[i]))),
    distance: median(list.map(({ distance }) => finite(distance[i]))),
  }))
}

function advantages(compressed, subset) {
  return ofQuantities((quantity) =>
    median(compressed.map((one, trial) => times(subset[trial][quantity], one[quantity]))),
  )
}

/** How many times smaller `ours` is; 1 when both are 0 or both infinite. */
export const times = (theirs, ours) => (theirs === ours ? 1 : theirs / ours)

/**
 * A table of what summary() returned, a line for each rule and variant; and what its columns mean.
 *
 * @param {{ rule: string, curves: object, deviations: object }[]} series
 * @param {[head: string, cell: (one: { rule: string, variant: string }) => string][]} more columns
 */
export function deviationTable(series, name, more = []) {
  const all = series.flatMap(({ curves, deviations, ...rest }) =>
    Object.entries(curves).map(([variant, curve]) => ({ ...rest, variant, curve, deviations: deviations[variant] })),
  )
  return {
    lines: tableOf(all, [['rule, network', name], ...DEVIATIONS, ...more]),
    explained:
      'function: |f - f_original| / |y|, largest after epoch 0; loss: relative difference of the test losses, largest with epoch 0',
  }
}

/**
 * Describes in words what compression gains over the random subset, and what it does not.
 *
 * @param {{ name: string, advantages: Record<string, number> }[]} list
 */
export function verdict(list, quantities = Object.keys(QUANTITIES)) {
  const all = quantities.flatMap((quantity) =>
    list.map(({ name, advantages }) => ({ quantity, name, times: advantages[quantity] })),
  )
  const groups = [
    ['What compression keeps better than that subset', ({ times }) => times > TIE],
    ['Kept no better', ({ times }) => times <= TIE && times >= 1 / TIE],
    ['Kept better by the subset', ({ times }) => times < 1 / TIE],
  ]
  return groups
    .map(([words, belongs]) => [words, all.filter(belongs)])
    .filter(([, own]) => own.length > 0)
    .map(([words, own]) => `${words}: ${inWords(own)}.`)
    .join(' ')
}

function inWords(list) {
  return [...groupBy(list, ({ quantity }) => quantity)]
    .map(([quantity, own]) => {
      const named = own.map(({ name, times }) => `${name} ${factor(times)}`.trim())
      return `${QUANTITIES[quantity]} (${named.join(', ')})`
    })
    .join('; ')
}

/** 480×, 1.3×, 0.71× */
export function factor(times) {
  if (!Number.isFinite(times)) return '∞×'
  return `${times >= 100 ? times.toFixed(0) : Number(times.toPrecision(2))}×`
}

/** A loss, a distance or a relative difference, in few digits. */
export function short(value) {
  if (!Number.isFinite(value)) return 'diverged'
  if (value === 0) return '0'
  return value >= 1000 || value < 1e-3 ? value.toExponential(1) : value.toPrecision(2)
}
