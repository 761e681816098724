// Models on public tables: trained on all rows, and on a tenth, a hundredth and a thousandth of them.
//   part 'models'   six models (bench/regression.mjs) on the sets of bench/tabular-sets.mjs, each trial with a split of its own
//                   into four fifths for training and one for the test. The few rows are those of METHODS; every model uses
//                   their weights
//   part 'exact'    polynomials of degree p, on rows that keep the moments up to order 2 p: how far their predictions are from those
//                   of the polynomial of all rows
//   part 'scaling'  one set, any number of rows: the loss against it
// Losses are mean squares of the error on the test rows, with predictions cut off at the least and largest training label;
// without this a cubic polynomial of few random rows would have any loss. Times are processor time.
import { compressDatasetSync, momentCount } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { doubled, eachTrial, geometricMean, groupBy, mapped, median, timed } from '../measure.mjs'
import { clusterRows, meanRows, randomRows } from '../networks.mjs'
import { MODELS, models, parametersOf, polynomial } from '../regression.mjs'
import { tableOf } from '../table.mjs'
import { readTabular, TABULAR, tabularSets } from '../tabular-sets.mjs'

export const title = 'Models on real tables: trained on few rows, tested on others'
export const seed = 11
export const trials = 5

export const METHODS = {
  compressed: 'compressed',
  first: 'compressed, order 1',
  free: 'compressed, free support',
  random: 'random rows',
  clusters: 'k-means centroids',
  means: 'means of equal cells',
}
const RIVALS = ['random', 'clusters', 'means']
export const SHARES = [10, 100, 1000]
export const SCALING_MODELS = ['cubic', 'network', 'trees']
export const SCALING_METHODS = ['compressed', 'free', 'random', 'means']

const FULL = { most: 75_000, mostTest: 15_000, effort: 1, scaling: { set: 'diamonds', sizes: doubled(64, 8) } }
const SMALL = { most: 800, mostTest: 160, effort: 0.1, scaling: { set: 'weather', sizes: doubled(32, 3) } }
const SMALL_SETS = ['olympians', 'weather']
// Fewer rows than these teach no model.
const LEAST_ROWS = 30
// k-means takes minutes where there are more pairs of a row and a centroid.
const MOST_PAIRS = 1e7
const DEGREES = [1, 2, 3]
// One cell of more moments takes minutes.
const MOST_MOMENTS = 2000
// Nearer to each other than this factor, two losses are equal.
export const TIE = 1.05

export function cases({ small, trials, threads, cores }) {
  const { scaling, ...limits } = small ? SMALL : FULL
  const sets = tabularSets().filter(({ name }) => !small || SMALL_SETS.includes(name))
  const pathOf = (wanted) => sets.find(({ name }) => name === wanted).path
  const common = { ...limits, threads: threads ?? cores }
  const { set, sizes } = scaling
  return [
    ...sets.flatMap(({ name, path }) => eachTrial(trials, { part: 'models', set: name, path, ...common })),
    ...sets.map(({ name, path }) => ({ part: 'exact', set: name, path, ...common })),
    ...eachTrial(trials, { part: 'scaling', set, path: pathOf(set), sizes, ...common }),
  ]
}

export function cost({ part, set }) {
  const size = { earthquakes: 1, weather: 1, olympians: 3, housing: 5, crashes: 5 }[set] ?? 12
  return { models: 1, exact: 0.5, scaling: 1 }[part] * size
}

export async function run({ part, set, path, trial = 0, threads, ...parameters }, _trials, progress) {
  const columns = TABULAR.find(({ name }) => name === set)
  const { train, test } = await readTabular({ ...columns, path }, seed + trial, parameters)
  const task = { train, test, threads, seed: 1000 * seed + trial, ...parameters, progress }
  return {
    rows: train.y.length,
    inputs: train.inputs,
    ...{ models: runModels, exact: runExact, scaling: runScaling }[part](task),
  }
}

/** Few rows in place of all. undefined where a method would take too long. */
function reduced(method, train, size, { threads, seed }) {
  const ways = {
    compressed: () => compressDatasetSync(train, { size, threads }),
    first: () => compressDatasetSync(train, { size, order: 1, quality: 'fast', threads }),
    free: () => compressDatasetSync(train, { size, support: 'free', threads }),
    random: () => randomRows(train, size, seed),
    clusters: () => (train.y.length * size <= MOST_PAIRS ? clusterRows(train, size, seed) : undefined),
    means: () => meanRows(train, size),
  }
  const { result, user, system } = timed(ways[method])
  if (result === undefined) return undefined
  const { x, y, weights, matched } = result
  return {
    rows: { x, y, weights, inputs: train.inputs, outputs: 1 },
    milliseconds: user + system,
    order: matched?.order,
  }
}

/** Fits each model to some rows: the loss on the test rows, and the time of the fit. */
function fitted(learners, rows, { train, test }) {
  const [low, high] = [train.y.reduce((a, b) => Math.min(a, b)), train.y.reduce((a, b) => Math.max(a, b))]
  return mapped(learners, (learn) => {
    const { result: f, user, system } = timed(() => learn(rows))
    const values = f(test.x)
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += (Math.min(Math.max(values[i], low), high) - test.y[i]) ** 2
    return { loss: sum / values.length, milliseconds: user + system }
  })
}

function runModels(task) {
  const { train, progress } = task
  const learners = models(train, task)
  const all = fitted(learners, train, task)
  progress(0.4)
  const shares = SHARES.map((share) => ({ share, size: Math.floor(train.y.length / share) }))
    .filter(({ size }) => size >= LEAST_ROWS)
    .map(({ share, size }) => ({
      share,
      size,
      few: mapped(METHODS, (_, method) => fewRows(method, size, learners, task)),
    }))
  return { all, shares }
}

function fewRows(method, size, learners, task) {
  const few = reduced(method, task.train, size, task)
  if (few === undefined) return null
  const { rows, milliseconds, order = null } = few
  const { weights } = rows
  return {
    kept: weights.length,
    // As many rows of equal weights have a mean as exact, where nothing else is known of the rows.
    effective: sum(weights) ** 2 / sum(weights.map((weight) => weight ** 2)),
    order,
    milliseconds,
    models: fitted(learners, rows, task),
  }
}

const sum = (values) => values.reduce((total, value) => total + value, 0)

function runExact({ train, test, threads }) {
  const degrees = DEGREES.map((degree) => {
    // Their labels' squares are not needed: 1 and y, times all monomials.
    const moments = 2 * momentCount(train.inputs, 2 * degree)
    if (moments > MOST_MOMENTS || moments > train.y.length / 2) return { degree, moments }
    const few = momentsKept(train, moments, 2 * degree, threads)
    if (few === undefined) return { degree, moments, refused: true }
    const learn = polynomial(train, degree)
    const [ours, theirs] = [few, train].map((rows) => learn(rows)(test.x))
    const scale = Math.sqrt(sum(theirs.map((value) => value ** 2)) / theirs.length)
    const difference = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]))) / scale
    return { degree, moments, kept: few.count, difference }
  })
  return { degrees }
}

/** One cell of as many rows as moments; undefined where no vertex is found. */
function momentsKept(train, size, order, threads) {
  try {
    return compressDatasetSync(train, { size, order, squares: false, quality: 'fast', threads })
  } catch (error) {
    if (error.code !== 'ERR_INFEASIBLE') throw error
    return undefined
  }
}

function runScaling(task) {
  const { train, sizes, progress } = task
  const learners = Object.fromEntries(
    Object.entries(models(train, task)).filter(([name]) => SCALING_MODELS.includes(name)),
  )
  const all = fitted(learners, train, task)
  const points = sizes
    .filter((size) => 2 * size <= train.y.length)
    .map((size, i) => {
      const losses = mapped(Object.fromEntries(SCALING_METHODS.map((name) => [name, name])), (method) => {
        const { rows } = reduced(method, train, size, task)
        return mapped(fitted(learners, rows, task), ({ loss }) => loss)
      })
      progress((i + 1) / sizes.length)
      return { size, losses }
    })
  return { all: mapped(all, ({ loss }) => loss), points }
}

export function table(results) {
  return results
    .filter(({ part }) => part === 'models')
    .flatMap(({ set, trial, rows, inputs, all, shares }) =>
      Object.keys(MODELS).flatMap((model) => {
        const head = { set, trial, d: rows, m: inputs, model }
        const { loss: whole, milliseconds } = all[model]
        return [
          { ...head, share: 1, method: 'all', kept: rows, loss: whole, ratio: 1, fit_ms: milliseconds },
          ...shares.flatMap(({ share, few }) =>
            Object.entries(few).flatMap(([method, one]) => {
              if (one === null) return []
              const { kept, effective, order, milliseconds: reduce_ms } = one
              const { loss, milliseconds: fit_ms } = one.models[model]
              return [{ ...head, share, method, kept, effective, order, loss, ratio: loss / whole, fit_ms, reduce_ms }]
            }),
          ),
        ]
      }),
    )
}

/**
 * One for each set, share and model: the median over the trials of the loss of each method, divided by that of all rows
 * (undefined where the method was left out), of the loss of all rows, and of the times.
 */
export function comparisons(results) {
  const own = results.filter(({ part }) => part === 'models')
  return [...groupBy(own, ({ set }) => set)].flatMap(([set, runs]) =>
    Object.keys(MODELS).flatMap((model) =>
      runs[0].shares.map(({ share, size }, s) => {
        const over = (of) => median(runs.map(of))
        const isThere = (method) => runs.every(({ shares }) => shares[s].few[method] !== null)
        const few = ({ shares }, method) => shares[s].few[method]
        return {
          set,
          model,
          share,
          size,
          rows: runs[0].rows,
          inputs: runs[0].inputs,
          loss: over(({ all }) => all[model].loss),
          allMilliseconds: over(({ all }) => all[model].milliseconds),
          fewMilliseconds: over((run) => few(run, 'compressed').models[model].milliseconds),
          compressMilliseconds: over((run) => few(run, 'compressed').milliseconds),
          order: over((run) => few(run, 'compressed').order),
          kept: over((run) => few(run, 'compressed').kept),
          effective: over((run) => few(run, 'compressed').effective),
          ratios: mapped(METHODS, (_, method) =>
            isThere(method) ? over((run) => few(run, method).models[model].loss / run.all[model].loss) : undefined,
          ),
        }
      }),
    ),
  )
}

/** Of one comparison: 'won', 'tied' or 'lost', by one method against the best of `rivals`. */
export function outcome({ ratios }, method = 'compressed', rivals = RIVALS) {
  const best = Math.min(...rivals.map((name) => ratios[name] ?? Number.POSITIVE_INFINITY))
  if (ratios[method] * TIE < best) return 'won'
  return ratios[method] > best * TIE ? 'lost' : 'tied'
}

/** In words: how often a method won, tied and lost. */
export function outcomesOf(group, method) {
  const count = (wanted) => group.filter((one) => outcome(one, method) === wanted).length
  return `${count('won')} won, ${count('tied')} tied, ${count('lost')} lost`
}

// A smaller excess of the loss is no longer a law but chance.
const LEAST_EXCESS = 1e-3

/**
 * For each method, size and model of the scaling: the median loss divided by that of all rows; and the exponent of what it is
 * more than that, over the sizes where it is as much as to be measured.
 */
export function scaling(results) {
  const runs = results.filter(({ part }) => part === 'scaling')
  const [{ set, rows, inputs, points }] = runs
  const lines = SCALING_MODELS.flatMap((model) =>
    SCALING_METHODS.map((method) => {
      const own = points.map(({ size }, i) => ({
        size,
        ratio: median(runs.map((run) => run.points[i].losses[method][model] / run.all[model])),
      }))
      const fit = powerLaw(
        own.filter(({ ratio }) => ratio - 1 >= LEAST_EXCESS).map(({ size, ratio }) => [size, ratio - 1]),
      )
      return { model, method, points: own, exponent: fit && -fit.exponent }
    }),
  )
  return { set, rows, inputs, lines }
}

const shortRatio = (value) =>
  value === undefined ? '-' : value < 10 ? value.toFixed(value < 1.1 ? 3 : 2) : value.toFixed(0)

export function report(results, { trials }) {
  const all = comparisons(results)
  return [
    ...absent(results),
    `Losses on test rows divided by those of training on all rows, medians of ${trials} trials`,
    '',
    tableOf(all, [
      ['set (d x m), model', ({ set, rows, inputs, model }) => `${set} (${rows} x ${inputs}), ${MODELS[model]}`],
      ['loss of all', ({ loss }) => loss.toFixed(3)],
      ['ms', ({ allMilliseconds }) => allMilliseconds.toFixed(0)],
      ["d'", ({ share }) => `d/${share}`],
      ...Object.entries(METHODS).map(([method, name]) => [name, ({ ratios }) => shortRatio(ratios[method])]),
      ['ms', ({ fewMilliseconds }) => fewMilliseconds.toFixed(0)],
      ['rows', (one) => outcome(one)],
      ['free', (one) => outcome(one, 'free')],
    ]),
    '',
    'loss of all: mean square error, of labels with variance 1; ms: processor time of the fit, of all and of the compressed rows',
    `won, tied, lost: compressed rows, and free support, against the best of the rivals, which are not compressed; tied within ${TIE}; -: left out`,
    '',
    tableOf(
      all.filter(({ model }) => model === 'linear'),
      [
        ['set', ({ set }) => set],
        ["d'", ({ share, size }) => `d/${share} = ${size}`],
        ['kept', ({ kept }) => kept],
        ['order', ({ order }) => order],
        ['effective', ({ effective }) => effective.toFixed(0)],
        ['ms to compress', ({ compressMilliseconds }) => compressMilliseconds.toFixed(0)],
      ],
    ),
    '',
    'effective: (sum of weights)^2 / (sum of their squares) of the compressed rows; of random rows it is their number',
    '',
    tableOf(
      [...groupBy(all, ({ model, share }) => `${MODELS[model]}, d/${share}`)].map(([name, group]) => ({ name, group })),
      [
        ['geometric mean over the sets', ({ name }) => name],
        ...Object.entries(METHODS).map(([method, name]) => [name, ({ group }) => shortRatio(averageOf(group, method))]),
        ['sets', ({ group }) => group.length],
        ['rows', ({ group }) => outcomesOf(group, 'compressed')],
        ['free', ({ group }) => outcomesOf(group, 'free')],
      ],
    ),
    '',
    roomTable(all),
    '',
    'Polynomials of degree p on rows that keep the moments up to order 2 p: the largest difference of predictions, divided by',
    'their root mean square; in brackets, moments that are too many for the rows or for this benchmark',
    '',
    exactTable(results),
    '',
    ...scalingLines(results),
  ].join('\n')
}

/** Says which sets were not measured. */
function absent(results) {
  const names = TABULAR.filter(({ name }) => !results.some(({ set }) => set === name)).map(({ name }) => name)
  return names.length === 0
    ? []
    : [`not measured, because of --small or because the file is not here: ${names.join(', ')}`]
}

// Rows kept for each parameter of the model.
const ROOM = [0, 1, 4, Number.POSITIVE_INFINITY]

/** How compressed rows do beside random ones, by the rows that are kept for each parameter of a model. */
function byRoom(all) {
  const known = all
    .filter(({ model, inputs }) => parametersOf(model, inputs) !== undefined)
    .map((one) => ({ ...one, room: one.kept / parametersOf(one.model, one.inputs) }))
  return ROOM.slice(1).map((to, i) => {
    const group = known.filter(({ room }) => room >= ROOM[i] && room < to)
    const nearer = (method) => group.filter(({ ratios }) => ratios[method] < ratios.random).length
    return { from: ROOM[i], to, group, nearer: nearer('compressed'), freeNearer: nearer('free') }
  })
}

function roomTable(all) {
  return tableOf(byRoom(all), [
    ['rows kept per parameter', ({ from, to }) => (Number.isFinite(to) ? `${from} to ${to}` : `${from} and more`)],
    ['cases', ({ group }) => group.length],
    ['nearer than random', ({ nearer }) => nearer],
    ['free nearer', ({ freeNearer }) => freeNearer],
    ...['compressed', 'free', 'random', 'means'].map((method) => [
      METHODS[method],
      ({ group }) => shortRatio(averageOf(group, method)),
    ]),
  ])
}

/** Of the sets for which the method was not left out. */
function averageOf(group, method) {
  const known = group.map(({ ratios }) => ratios[method]).filter((ratio) => ratio !== undefined)
  return known.length === 0 ? undefined : geometricMean(known)
}

function exactTable(results) {
  return tableOf(
    results.filter(({ part }) => part === 'exact'),
    [
      ['set', ({ set, rows, inputs }) => `${set} (${rows} x ${inputs})`],
      ...DEGREES.flatMap((degree, i) => [
        [`rows, p = ${degree}`, ({ degrees }) => degrees[i].kept ?? `(${degrees[i].moments})`],
        [
          'difference',
          ({ degrees }) => degrees[i].difference?.toExponential(1) ?? (degrees[i].refused ? 'refused' : '-'),
        ],
      ]),
    ],
  )
}

function scalingLines(results) {
  const { set, rows, lines } = scaling(results)
  return [
    `${set}, ${rows} rows: losses divided by those of all rows, by number of rows; and the exponent of the excess`,
    tableOf(lines, [
      ['', ({ model, method }) => `${MODELS[model]}, ${METHODS[method]}`],
      ...lines[0].points.map(({ size }, i) => [String(size), ({ points }) => shortRatio(points[i].ratio)]),
      ['exponent', ({ exponent }) => exponent?.toFixed(2)],
    ]),
  ]
}
