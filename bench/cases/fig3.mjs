// Figure 3: a student of 50 neurons learns what a teacher of 50 neurons says, with much noise, from all rows, or from few. The
// rows are triples (x1, x2, y), x uniform on [-1, 1]^2, y the teacher's value and 3 times a normal number; the loss is
// that on rows free of noise. Four ways to train, as in the paper, with relu; those on all rows at once with tanh as well.
// Beside the original and the compressed rows:
//   subset     the paper's naive subset, the first rows as they are. Rows come in random order, and weights that are all equal
//              change nothing in a mean, so it is the random subset with weights d / d' at the same time
//   order1     compressed, but moments up to order 1 only, in more cells
//   auto       compressed, the order chosen by itself
//   free       compressed with free support: the means of cells of equal expected error, no rows of the data
//   means      the mean x and y of cells of equal counts: no rows of the data, and no method could be simpler
//   redrawn    as many rows as the original has, drawn anew: what is an accident of the rows
//   rebatched  the original rows in other mini-batches: what is an accident of the batches
import { compressDatasetSync } from '../../dist/index.js'
import { geometricMean, mapped, median, TIE } from '../measure.mjs'
import { curveLines, firstRows, keptOf, meanRows, studentTask, trainVariants } from '../networks.mjs'
import { paper } from '../paper.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Figure 3: training on all rows, and on a tenth of them with weights'
export const seed = 3
export const trials = 3

const BATCH = 256
export const PANELS = {
  gd: { title: 'GD 0.05, all rows', options: { optimizer: 'gd', learningRate: 0.05 } },
  adamw: { title: 'AdamW 0.01, all rows', options: { optimizer: 'adamw', learningRate: 0.01 } },
  'sgd-batches': {
    title: `SGD 0.01, batches of ${BATCH}`,
    options: { optimizer: 'sgd', learningRate: 0.01, batchSize: BATCH },
  },
  'adamw-batches': {
    title: `AdamW 0.001, batches of ${BATCH}`,
    options: { optimizer: 'adamw', learningRate: 0.001, batchSize: BATCH },
  },
}
export const NAMES = {
  original: 'original',
  compressed: 'compressed, order 5',
  auto: "compressed, order 'auto'",
  order1: 'compressed, order 1',
  free: 'compressed, free support',
  means: 'means of equal cells',
  subset: 'random subset',
  redrawn: 'other rows, as many',
  rebatched: 'other batches',
}
/** What the compressed rows are to be better than. */
export const RIVALS = ['subset', 'order1', 'means']
const FULL = { rows: 10_000, size: 1000, epochs: 400, test: 100_000 }
const SMALL = { rows: 2000, size: 200, epochs: 60, test: 2000 }

export function cases({ small, threads, cores }) {
  const settings = { ...(small ? SMALL : FULL), threads: threads ?? cores }
  return [
    ...Object.keys(PANELS).map((panel) => ({ panel, activation: 'relu', ...settings })),
    ...['gd', 'adamw'].map((panel) => ({ panel, activation: 'tanh', ...settings })),
  ]
}

export function run({ panel, activation, rows, size, epochs, test, threads }, trials, progress) {
  const { options } = PANELS[panel]
  const isBatched = options.batchSize !== undefined
  const runs = Array.from({ length: trials }, (_, trial) => {
    const task = studentTask(seed, trial, { rows, test, activation })
    const { seeds, data } = task
    const compressed = (options) => compressDatasetSync(data, { size, threads, ...options })
    const variants = {
      original: data,
      compressed: compressed({ order: 5 }),
      auto: compressed({}),
      order1: compressed({ order: 1, quality: 'fast' }),
      free: compressed({ support: 'free' }),
      means: meanRows(data, size),
      subset: firstRows(data, size),
      redrawn: task.draw(rows, seeds.otherRows),
      ...(isBatched && { rebatched: data }),
    }
    const own = { rebatched: { seed: seeds.otherBatches } }
    const trained = trainVariants(
      mapped(variants, (data, name) => ({ data, options: own[name] })),
      {
        ...options,
        ...(isBatched && { sampling: 'replacement', batchesPerEpoch: Math.ceil(rows / BATCH) }),
        epochs,
        seed: seeds.batches,
        threads,
      },
      task,
      (part) => progress((trial + part) / trials),
    )
    return keptOf(trained, variants)
  })
  return { runs }
}

export function table(results) {
  return results.flatMap(({ panel, activation, runs }) => curveLines({ panel, activation }, runs))
}

/**
 * Medians over the trials of one case: for each variant the loss at the end, the same divided by the original's, the distance
 * from the original's function at the end and the largest of the training, and the largest relative difference of the losses.
 */
export function medians({ runs }) {
  const of = (name, value) => median(runs.map((run) => value(run[name], run.original)))
  return mapped(runs[0], (_, name) => ({
    loss: of(name, ({ loss }) => loss),
    ratio: of(name, ({ loss }, original) => loss / original.loss),
    distance: of(name, ({ distance }) => distance),
    farthest: of(name, ({ farthest }) => farthest),
    deviation: of(name, ({ deviation }) => deviation),
  }))
}

/** How much farther from the original's function a rival ends than `name`: geometric mean over the trials. */
export function advantage({ runs }, rival, name = 'compressed') {
  return geometricMean(runs.map((run) => run[rival].distance / run[name].distance))
}

/** Where `name` ends nearer to the original than a rival, equally near, or farther. */
export function verdict(results, rival, name = 'compressed') {
  const factors = results.map((result) => advantage(result, rival, name))
  const count = (holds) => factors.filter(holds).length
  return {
    won: count((factor) => factor > TIE),
    lost: count((factor) => factor * TIE < 1),
    of: factors.length,
    least: Math.min(...factors),
    most: Math.max(...factors),
  }
}

const inWords = ({ won, lost, of, least, most }) =>
  `${won} of ${of} won, ${of - won - lost} tied, ${lost} lost, factors ${least.toPrecision(2)} to ${most.toPrecision(2)}`

/** Which rivals the compressed rows beat throughout, and which they do not. */
export function survival(results) {
  const verdicts = RIVALS.map((rival) => ({ rival, ...verdict(results, rival) }))
  const list = (own) => own.map((one) => `${NAMES[one.rival]} (${inWords(one)})`).join(', ') || 'none'
  const holds = ({ won, of }) => won === of
  return (
    `Order 5 ends nearer to the original throughout than: ${list(verdicts.filter(holds))}. ` +
    `Not throughout than: ${list(verdicts.filter((one) => !holds(one)))}.`
  )
}

export function report(results, { trials }) {
  const theirs = paper('fig3')
  const blocks = results.map((result) => {
    const { panel, activation, rows, runs } = result
    const last = theirs.filter((one) => one.panel === panel).at(-1)
    const authors = activation === 'relu' ? last : {}
    return [
      `${PANELS[panel].title}, ${activation}, ${rows} rows`,
      tableOf(Object.entries(medians(result)), [
        ['', ([name]) => NAMES[name]],
        ['rows', ([name]) => runs[0][name].kept],
        ['loss', ([, { loss }]) => loss.toPrecision(3)],
        ['of the original', ([, { ratio }]) => ratio.toFixed(3)],
        ['distance', ([, { distance }]) => distance.toPrecision(2)],
        ['at most', ([, { farthest }]) => farthest.toPrecision(2)],
        ['loss off by', ([, { deviation }]) => deviation.toPrecision(2)],
        ['authors', ([name]) => authors[name]?.toPrecision(3)],
        ['of the original', ([name]) => authors[name] && (authors[name] / authors.original).toFixed(3)],
      ]),
    ].join('\n')
  })
  return [
    `Medians of ${trials} trials. loss: at the end, without noise; distance: |f - f of the original| / |y| at the end, and the`,
    'largest of the training; loss off by: the largest |loss / original - 1| of the training',
    '',
    blocks.join('\n\n'),
    '',
    ...['relu', 'tanh'].map(
      (activation) => `${activation}: ${survival(results.filter((one) => one.activation === activation))}`,
    ),
  ].join('\n')
}
