// Figure 5a: the loss against the number of rows, d = 2^8 .. 2^19, and of floor(16 sqrt d) rows that stand for them. Teacher, student
// and noise as in figure 3, AdamW, 2048 epochs of d / batch mini-batches each, for all variants alike. If the compressed rows
// teach what all rows teach, the exponent in the number of rows kept is twice that in the number of rows; which says no more
// than that the losses are the same, so their ratio is what to look at. Beside the original and the compressed rows:
//   subset  as many random rows
//   means   the mean x and y of as many cells
import { compressDatasetSync } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { doubled, eachTrial, groupBy, mapped, mean, median, standardError } from '../measure.mjs'
import { firstRows, meanRows, studentTask, trainVariants } from '../networks.mjs'
import { paper } from '../paper.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Figure 5a: the loss against the number of rows'
export const seed = 5
export const trials = 6

const FULL = { counts: doubled(256, 12), epochs: 2048, test: 100_000 }
const SMALL = { counts: doubled(256, 5), epochs: 256, test: 2000 }
const ORDER = 6
export const NAMES = {
  original: 'original',
  compressed: `compressed, order ${ORDER}`,
  means: 'means of cells',
  subset: 'random subset',
}

/** One for each trial: the largest takes a minute and more. */
export function cases({ small, trials, threads, cores }) {
  const { counts, ...settings } = small ? SMALL : FULL
  return counts.flatMap((rows) => {
    const size = Math.floor(16 * Math.sqrt(rows))
    return eachTrial(trials, { rows, size, ...settings, threads: threads ?? cores })
  })
}

export const cost = ({ rows, epochs }) => 1e6 + rows * epochs

export function run({ rows, size, trial, epochs, test, threads }, _trials, progress) {
  const batchSize = Math.min(512, rows / 2)
  const task = studentTask(seed, trial, { rows, test })
  const { seeds, data } = task
  const sets = {
    original: data,
    compressed: compressDatasetSync(data, { size, order: ORDER, threads }),
    means: meanRows(data, size),
    subset: firstRows(data, size),
  }
  const trained = trainVariants(
    mapped(sets, (data) => ({ data })),
    {
      optimizer: 'adamw',
      learningRate: 1e-3,
      weightDecay: 0.01,
      batchSize,
      batchesPerEpoch: Math.ceil(rows / batchSize),
      sampling: 'replacement',
      epochs,
      evaluateEvery: epochs,
      seed: seeds.batches,
      threads,
    },
    task,
    progress,
  )
  const variants = mapped(trained, ({ testLoss, distance }, name) => ({
    kept: sets[name].y.length,
    loss: testLoss.at(-1),
    distance: distance.at(-1),
  }))
  return { variants }
}

export function table(results) {
  return results.flatMap(({ rows, size, trial, variants }) =>
    Object.entries(variants).map(([variant, { kept, loss, distance }]) => ({
      d: rows,
      size,
      variant,
      trial,
      kept,
      test_loss: loss,
      distance,
    })),
  )
}

/** The trials of each number of rows together. */
function byRows(results) {
  return [...groupBy(results, ({ rows }) => rows).values()].map((group) => ({
    rows: group[0].rows,
    size: group[0].size,
    runs: group.map(({ variants }) => variants),
  }))
}

/**
 * For each variant its points: the number of rows it is trained on, `x` (d, or what d' was to be), the mean loss and how sure it
 * is, and the ratio of its mean loss to the original's, with the standard error of the same from the ratio trial by trial;
 * and the power law through the mean losses.
 */
export function series(results) {
  return Object.keys(NAMES).map((name) => {
    const points = byRows(results).map(({ rows, size, runs }) => {
      const of = (variant, key = 'loss') => runs.map((run) => run[variant][key])
      const loss = mean(of(name))
      const logarithms = runs.map((run) => Math.log(run[name].loss / run.original.loss))
      return {
        rows,
        x: name === 'original' ? rows : size,
        loss,
        standardError: standardError(of(name)),
        ratio: loss / mean(of('original')),
        spread: standardError(logarithms),
        distance: median(of(name, 'distance')),
      }
    })
    return { name, points, fit: powerLaw(points.map(({ x, loss }) => [x, loss])) }
  })
}

// As twice the exponent counts what is so much more or less than that.
const NEARLY = 0.25

/** Of whom the exponent is about twice the original's, of whom it is not, and how often the means of cells are better. */
export function survival(all) {
  const [original, ...others] = all
  const nearlyTwice = ({ fit }) => Math.abs(fit.exponent / original.fit.exponent - 2) < NEARLY
  const list = (holds) =>
    others
      .filter(holds)
      .map(({ name }) => NAMES[name])
      .join(', ') || 'none'
  const [compressed, means] = ['compressed', 'means'].map((wanted) => others.find(({ name }) => name === wanted))
  const better = means.points.filter(({ loss }, i) => loss < compressed.points[i].loss).length
  return (
    `Twice the original's exponent, within ${NEARLY}: ${list(nearlyTwice)}; not so: ${list((one) => !nearlyTwice(one))}. ` +
    `The means of cells have the smaller loss than the compressed rows at ${better} of ${means.points.length} numbers of rows.`
  )
}

/** The authors' means, in the same form. */
export function authors() {
  const theirs = paper('fig5a')
  return ['original', 'compressed'].map((name) => {
    const points = theirs.map(({ d, size, ...losses }) => ({
      rows: d,
      x: name === 'original' ? d : size,
      loss: losses[name],
      ratio: losses[name] / losses.original,
    }))
    return { name, points, fit: powerLaw(points.map(({ x, loss }) => [x, loss])) }
  })
}

export function report(results, { trials }) {
  const all = series(results)
  const others = all.slice(1)
  const theirs = authors()
  return [
    `Mean losses of ${trials} trials; divided by the original's (and the standard error); |f - f of the original| / |y|`,
    tableOf(byRows(results), [
      ['d', ({ rows }) => rows],
      ["d'", ({ size }) => size],
      ...all.map(({ name, points }) => [name, (_, i) => points[i].loss.toPrecision(3)]),
      ...others.map(({ name, points }) => [
        `${name} /`,
        (_, i) => `${points[i].ratio.toFixed(2)} (${points[i].spread.toFixed(2)})`,
      ]),
      ...others.map(({ name, points }) => [`${name} off`, (_, i) => points[i].distance.toPrecision(2)]),
      ['authors /', ({ rows }) => theirs[1].points.find((one) => one.rows === rows)?.ratio.toFixed(2)],
    ]),
    '',
    "Exponents of the loss, the original's in d, the others' in d', and how many times the original's:",
    ...[all, theirs].flatMap((list, i) =>
      list.map(({ name, fit }) => {
        const who = `${i === 0 ? '' : 'authors, '}${NAMES[name]}`
        if (fit === undefined) return `  ${who}: none`
        const times = fit.exponent / list[0].fit.exponent
        return `  ${who}: ${(-fit.exponent).toFixed(3)}${name === 'original' ? '' : `, ${times.toFixed(2)} times`}`
      }),
    ),
    survival(all),
  ].join('\n')
}
