// A few statistics of all rows, of the rows kept, and of random subsets of the same size.
import { quickselect } from 'simple-statistics'
import { compensatedSum, sumOfTerms } from '#dist/compensated-sum.js'
import { randomNumbers } from '#dist/plot/random.js'
import type { StatisticKind, StatisticRow } from '../messages.js'
import { short } from '../numbers.js'
import type { ShownSet } from './shown-set.js'

const SUBSETS = 20
const SEED = 1

interface Statistic {
  name: string
  kind: StatisticKind
  value(set: ShownSet): number
  /** Its value for all rows. */
  whole: number
  /** What errors are relative to. */
  unit: number
}

/**
 * Errors are relative to the mean of the absolute values of what is averaged, over all rows, so that a mean near zero
 * does not make them look large. Those of a quantile are relative to the standard deviation.
 */
export function statisticsOf(all: ShownSet, kept: ShownSet, labels: readonly string[], order: number): StatisticRow[] {
  const statistics = list(all, labels, order)
  const subsets = randomSubsets(all, kept.count)
  return statistics.map(({ name, kind, value, whole, unit }) => {
    const error = (set: ShownSet) => (unit === 0 ? 0 : Math.abs(value(set) - whole) / unit)
    return { name, kind, value: whole, error: error(kept), random: median(subsets.map(error)) }
  })
}

function list(all: ShownSet, labels: readonly string[], order: number): Statistic[] {
  const centre = all.columns.map((_, a) => mean(all, ({ columns }, i) => columns[a][i]))
  const spread = all.columns.map(
    (_, a) => Math.sqrt(mean(all, ({ columns }, i) => (columns[a][i] - centre[a]) ** 2)) || 1,
  )
  const z = (a: number) => (set: ShownSet, i: number) => (set.columns[a][i] - centre[a]) / spread[a]

  /** The mean of a function of a row. */
  const meanOf = (name: string, kind: StatisticKind, f: Term): Statistic => ({
    name,
    kind,
    value: (set) => mean(set, f),
    ...meanAndSize(all, f),
  })
  const kindOf = (degree: number): StatisticKind => (degree <= order ? 'kept' : 'smooth')
  /** A central moment about the set's own means; the exponents are per column. */
  const central = (name: string, exponents: readonly number[]): Statistic => {
    const degree = exponents.reduce((sum, exponent) => sum + exponent, 0)
    const about = (set: ShownSet): Term => {
      const own = set.columns.map((_, a) => mean(set, ({ columns }, i) => columns[a][i]))
      return ({ columns }, i) => {
        let product = 1
        for (let a = 0; a < exponents.length; a++) {
          for (let factor = 0; factor < exponents[a]; factor++) product *= columns[a][i] - own[a]
        }
        return product
      }
    }
    return { name, kind: kindOf(degree), value: (set) => mean(set, about(set)), ...meanAndSize(all, about(all)) }
  }
  const quantileOf = (name: string, a: number, share: number): Statistic => ({
    name,
    kind: 'jump',
    value: (set) => quantile(set, a, share),
    whole: quantile(all, a, share),
    unit: spread[a],
  })

  const [x, y] = labels
  const limit = centre[0] + spread[0]
  const both = labels.length > 1
  const last = labels.length - 1
  const moments = [
    ...labels.map((label, a) => meanOf(`mean of ${label}`, kindOf(1), ({ columns }, i) => columns[a][i])),
    ...labels.map((label, a) => central(`variance of ${label}`, unitVector(a, labels.length, 2))),
    ...(both ? [central(`covariance of ${x} and ${y}`, [1, 1])] : []),
    central(`third central moment of ${x}`, unitVector(0, labels.length, 3)),
    ...(both ? [central(`third central moment of ${x}² × ${y}`, [2, 1])] : []),
    central(`fourth central moment of ${x}`, unitVector(0, labels.length, 4)),
  ]
  const standard = z(0)
  const other = z(last)
  const smooth = [
    meanOf(`mean of exp(z), z = ${x} standardised`, 'smooth', (s, i) => Math.exp(standard(s, i))),
    meanOf(`mean of sin(z), z = ${labels[last]} standardised`, 'smooth', (s, i) => Math.sin(other(s, i))),
    meanOf(`mean of 1 / (1 + z²), z = ${x} standardised`, 'smooth', (s, i) => 1 / (1 + standard(s, i) ** 2)),
  ]
  const jumps = [
    meanOf(`share of ${x} above ${short(limit)}`, 'jump', ({ columns }, i) => (columns[0][i] > limit ? 1 : 0)),
    quantileOf(`median of ${x}`, 0, 0.5),
    quantileOf(`90% quantile of ${labels[last]}`, last, 0.9),
  ]
  // Moments above the order are means of smooth functions.
  const above = moments.filter(({ kind }) => kind === 'smooth')
  return [...moments.filter(({ kind }) => kind === 'kept'), ...above, ...smooth, ...jumps]
}

type Term = (set: ShownSet, i: number) => number

const unitVector = (at: number, length: number, value: number) =>
  Array.from({ length }, (_, a) => (a === at ? value : 0))

function mean(set: ShownSet, f: Term): number {
  const { weights, count } = set
  if (weights === undefined) return sumOfTerms(count, (i) => f(set, i)) / count
  // A row of weight 0 counts for nothing, also where f overflows.
  const sum = sumOfTerms(count, (i) => (weights[i] === 0 ? 0 : weights[i] * f(set, i)))
  return sum / compensatedSum(weights)
}

/** The mean of a function, and that of its absolute values. */
function meanAndSize(set: ShownSet, f: Term): { whole: number; unit: number } {
  let size = 0
  const { weights } = set
  let total = 0
  const whole = mean(set, (set, i) => {
    const value = f(set, i)
    const weight = weights === undefined ? 1 : weights[i]
    size += weight * Math.abs(value)
    total += weight
    return value
  })
  return { whole, unit: size / total }
}

/** The least value at and below which at least `share` of the weight lies. */
export function quantile({ columns, weights, count }: ShownSet, a: number, share: number): number {
  const values = columns[a]
  if (weights === undefined) {
    const place = Math.max(0, Math.ceil(share * count) - 1)
    const list = values.slice()
    quickselect(list as unknown as number[], place)
    return list[place]
  }
  const total = compensatedSum(weights)
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((i, j) => values[i] - values[j])
  let below = 0
  for (const i of order) {
    below += weights[i]
    if (below >= share * total) return values[i]
  }
  return values[order[count - 1]]
}

/** Rows without repetition, each equally likely, with the weights that they have. */
function randomSubsets(all: ShownSet, size: number): ShownSet[] {
  const random = randomNumbers(SEED)
  const rows = Uint32Array.from({ length: all.count }, (_, i) => i)
  return Array.from({ length: SUBSETS }, () => {
    // The first steps of a shuffle (R. Durstenfeld, 1964), which may begin with any sequence.
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(random() * (all.count - i))
      const row = rows[i]
      rows[i] = rows[j]
      rows[j] = row
    }
    const chosen = rows.slice(0, size)
    const { weights } = all
    return {
      count: size,
      columns: all.columns.map((values) => Float64Array.from(chosen, (row) => values[row])),
      weights: weights && Float64Array.from(chosen, (row) => weights[row]),
    }
  })
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2
}
