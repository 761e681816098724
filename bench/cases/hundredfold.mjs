// A hundredth of the rows, and a long training in mini-batches: the setting of figure 3 with SGD and ten times as many rows, d = 10^5
// -> 10^3, in which the authors' own compressed run ends at 30 times the loss of the original. There are 156,000 steps of a
// student with 201 parameters, time enough to learn the noise of 1000 rows by heart. So here are several ways to compress,
// and to train on what was compressed.
import { compressDatasetSync } from '../../dist/index.js'
import { mapped } from '../measure.mjs'
import { curveLines, firstRows, keptOf, meanRows, studentTask, trainVariants } from '../networks.mjs'
import { tableOf } from '../table.mjs'
import { advantage, medians } from './fig3.mjs'

export const title = 'A hundredth of the rows, in mini-batches'
export const seed = 4
export const trials = 3

const BATCH = 256
const FULL = { rows: 100_000, size: 1000, epochs: 400, test: 100_000 }
const SMALL = { rows: 20_000, size: 200, epochs: 10, test: 2000 }

/** The test losses at the end of the authors' run, from their result files. */
export const AUTHORS = { original: 0.0034, compressed: 0.0983 }

/** Options of compressDataset, beside the size. */
const COMPRESSIONS = {
  compressed: { order: 5 },
  fast: { order: 5, quality: 'fast' },
  linear: { order: 5, squares: false },
  auto: {},
  order2: { order: 2, quality: 'fast' },
  order1: { order: 1, quality: 'fast' },
  order0: { order: 0, quality: 'fast' },
  linear0: { order: 0, quality: 'fast', squares: false },
}
/** Variants that are trained by shuffled epochs with the weights in the loss, on the rows of another. */
const SHUFFLED = {
  shuffled: 'compressed',
  shuffled1: 'order1',
  shuffledMeans: 'means',
}
export const NAMES = {
  original: 'original',
  compressed: 'order 5',
  fast: "order 5, 'fast'",
  linear: 'order 5, without squares',
  auto: "order 'auto'",
  order2: "order 2, 'fast'",
  order1: "order 1, 'fast'",
  order0: "order 0, 'fast'",
  linear0: "order 0, 'fast', without squares",
  shuffled: 'order 5, weights in the loss',
  shuffled1: "order 1, 'fast', weights in the loss",
  averaged: 'order 5, of ten times as many means',
  free: 'free support',
  means: 'means of equal cells',
  shuffledMeans: 'means of equal cells, weights in the loss',
  subset: 'random subset',
  rebatched: 'original, other batches',
}

export function cases({ small, threads, cores }) {
  return [{ ...(small ? SMALL : FULL), threads: threads ?? cores }]
}

export function run({ rows, size, epochs, test, threads }, trials, progress) {
  const batches = Math.ceil(rows / BATCH)
  // As many steps as with batches that are drawn: more epochs, each of them over few rows.
  const stretch = Math.round(batches / Math.ceil(size / BATCH))
  const shuffled = {
    sampling: 'shuffle',
    batchesPerEpoch: undefined,
    epochs: epochs * stretch,
    evaluateEvery: stretch,
  }
  const runs = Array.from({ length: trials }, (_, trial) => {
    const task = studentTask(seed, trial, { rows, test })
    const { seeds, data } = task
    const sets = {
      original: data,
      ...mapped(COMPRESSIONS, (options) => compressDatasetSync(data, { size, threads, ...options })),
      averaged: compressDatasetSync(meanRows(data, 10 * size), { size, order: 5, threads }),
      free: compressDatasetSync(data, { size, support: 'free', threads }),
      means: meanRows(data, size),
      subset: firstRows(data, size),
      rebatched: data,
    }
    const all = { ...sets, ...mapped(SHUFFLED, (from) => sets[from]) }
    const own = { ...mapped(SHUFFLED, () => shuffled), rebatched: { seed: seeds.otherBatches } }
    const variants = mapped(NAMES, (_, name) => ({ data: all[name], options: own[name] }))
    const trained = trainVariants(
      variants,
      {
        optimizer: 'sgd',
        learningRate: 0.01,
        batchSize: BATCH,
        batchesPerEpoch: batches,
        sampling: 'replacement',
        epochs,
        seed: seeds.batches,
        threads,
      },
      task,
      (part) => progress((trial + part) / trials),
    )
    return mapped(keptOf(trained, all), (one, name) => ({ effective: effectiveCount(all[name]), ...one }))
  })
  return { runs }
}

/** (sum w)^2 / sum w^2: how many rows of equal weight have the same noise in their mean. */
function effectiveCount({ y, weights }) {
  if (weights === undefined) return y.length
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return sum ** 2 / weights.reduce((total, weight) => total + weight ** 2, 0)
}

export function table(results) {
  return results.flatMap(({ runs }) => curveLines({}, runs))
}

/** The compressions, the one whose loss at the end is least first. */
export function ranked(result) {
  const all = medians(result)
  return [...Object.keys(COMPRESSIONS), 'shuffled', 'shuffled1', 'averaged'].sort((a, b) => all[a].ratio - all[b].ratio)
}

/** How many of the compressions end nearer to the original than a rival, and the best of them. */
export function survival(result) {
  const ways = ranked(result)
  const [best] = ways
  return ['subset', 'means', 'rebatched']
    .map((rival) => {
      const nearer = ways.filter((name) => advantage(result, rival, name) > 1).length
      const factor = advantage(result, rival, best).toPrecision(2)
      return `${NAMES[rival]}: ${nearer} of ${ways.length}, the one of least loss (${NAMES[best]}) by a factor of ${factor}`
    })
    .join('; ')
}

export function report(results, { trials }) {
  const [result] = results
  const { rows, size, runs } = result
  const all = Object.entries(medians(result)).map(([name, own]) => ({ name, ...runs[0][name], ...own }))
  return [
    `${rows} rows and ${size} of them, medians of ${trials} trials. loss: at the end, without noise; distance: |f - f of the`,
    'original| / |y| at the end, and the largest of the training; effective: (sum of weights)^2 / sum of their squares',
    '',
    tableOf(all, [
      ['', ({ name }) => NAMES[name]],
      ['rows', ({ kept }) => kept],
      ['effective', ({ effective }) => effective.toFixed(0)],
      ['loss', ({ loss }) => loss.toPrecision(3)],
      ['of the original', ({ ratio }) => ratio.toFixed(2)],
      ['distance', ({ distance }) => distance.toPrecision(2)],
      ['at most', ({ farthest }) => farthest.toPrecision(2)],
    ]),
    '',
    `The authors' run: ${AUTHORS.original} and ${AUTHORS.compressed}, ${(AUTHORS.compressed / AUTHORS.original).toFixed(0)} times the original's.`,
    `Of the compressions end nearer to the original than ${survival(result)}.`,
  ].join('\n')
}
