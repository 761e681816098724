// Figure 5b: the loss at the end of a training against the width, of networks as they are and of compressed ones.
//   part 'loss'        the paper's: relu, J_6(20 r) cos 6 theta, AdamW; d neurons and floor(16 sqrt d) of them
//   part 'mean-field'  what a law of the width can be expected for: tanh, f = (1/d) sum of d neurons, J_2(4 r) cos 2 theta; the
//                      mean of |f_d - f_ref|^2, f_ref a network so wide that it stands for the limit. Rows and batches are the
//                      same, so that nothing but the width is between the two
// Beside the compressed network a random subset of the same width, whose neurons stand for d/d' each. In part 'mean-field' outputs
// are as large as all else, and how neurons move depends on the square of their output: `compressed` keeps the moments of
// (hidden, bias, output) together, as the paper does, `linear` is compressNetwork(), whose moments are linear in the output, and `squares`
// the same with its option of that name.
import { textTable } from '../../demo/table.mjs'
import { compressNetworkSync } from '../../dist/index.js'
import { powerLaw } from '../fit.mjs'
import { doubled, eachTrial, groupBy, mapped, mean, standardError } from '../measure.mjs'
import {
  compressedNeurons,
  drawRows,
  randomNetwork,
  randomNeurons,
  ripples,
  rippleTask,
  seedsOf,
  trainVariants,
} from '../networks.mjs'
import { paper } from '../paper.mjs'
import { tableOf } from '../table.mjs'
import { finite, recorded, short } from '../trajectories.mjs'

export const title = 'Figure 5b: what compression does to the law of the width'
export const seed = 6
export const trials = 3

const NOISE = 0.2
const FULL = {
  loss: { widths: doubled(256, 7), rows: 20_000, epochs: 2000 },
  meanField: { reference: 65_536, widths: doubled(256, 6), rows: 4096, epochs: 60, every: 5 },
}
const SMALL = {
  loss: { widths: doubled(512, 3), rows: 1000, epochs: 10 },
  meanField: { reference: 4096, widths: doubled(512, 3), rows: 512, epochs: 20, every: 5 },
}
/** Of part 'mean-field', when functions are compared. */
const EPOCHS = [0, 5, 20, 60]
export const VARIANTS = ['original', 'compressed', 'subset']
export const FIELD_VARIANTS = ['original', 'compressed', 'squares', 'linear', 'subset']

const sizeOf = (width) => Math.floor(16 * Math.sqrt(width))

export function cases({ small, trials, threads, cores }) {
  const { loss, meanField } = small ? SMALL : FULL
  const each = (one) => eachTrial(trials, { ...one, threads: threads ?? cores })
  return [
    ...loss.widths.flatMap((width) =>
      each({ part: 'loss', width, size: sizeOf(width), rows: loss.rows, epochs: loss.epochs }),
    ),
    ...each({ part: 'mean-field', ...meanField }),
  ]
}

/** A network's products with all rows; those of narrow ones have the updates and the batches beside them. */
export function cost({ part, width, size, rows, epochs, reference, widths }) {
  if (part === 'loss') return rows * epochs * (width + 2 * size + 1000)
  return 5 * rows * epochs * (reference + 2 * widths.reduce((sum, one) => sum + one, 0))
}

export function run(parameters, _trials, progress) {
  return parameters.part === 'loss' ? runLoss(parameters, progress) : runMeanField(parameters, progress)
}

function runLoss({ trial, width, size, rows, epochs, threads }, progress) {
  const { seeds, original, data, test } = rippleTask(seed, trial, { activation: 'relu', width, rows, tests: rows })
  const compressed = compressNetworkSync(original, { size, threads })
  const variants = {
    original: { network: original },
    compressed: { network: compressed },
    subset: { network: randomNeurons(original, size, seeds.subset) },
  }
  const options = {
    optimizer: 'adamw',
    learningRate: 1e-3,
    epochs,
    batchSize: 128,
    seed: seeds.batches,
    evaluateEvery: epochs,
    threads,
  }
  const trained = trainVariants(variants, options, { data, test }, progress)
  return { kept: compressed.width, order: compressed.matched.order, ...recorded(trained) }
}

function runMeanField({ trial, reference, widths, rows, epochs, every, threads }, progress) {
  const seeds = seedsOf(seed, 1000 + trial)
  const target = ripples(2, 4)
  const data = drawRows(target, rows, seeds.rows, NOISE)
  const test = drawRows(target, rows, seeds.test)
  const ranges = { hidden: 1, bias: 1, output: 1, outputBias: 0 }
  const drawn = (width) => randomNetwork({ width, activation: 'tanh', ranges }, seeds.network + width)
  const kept = {}
  const variants = { reference: meanOf(drawn(reference), reference) }
  for (const width of widths) {
    const original = drawn(width)
    const size = sizeOf(width)
    const networks = {
      original,
      compressed: compressedNeurons(original, { size, order: 'auto', threads }),
      squares: compressNetworkSync(original, { size, squares: true, threads }),
      linear: compressNetworkSync(original, { size, threads }),
      subset: randomNeurons(original, size, seeds.subset + width),
    }
    for (const [name, network] of Object.entries(networks)) {
      kept[`${name}-${width}`] = network.width
      variants[`${name}-${width}`] = meanOf(network, width)
    }
  }
  const options = {
    optimizer: 'momentum',
    learningRate: 0.2,
    epochs,
    batchSize: 512,
    seed: seeds.batches,
    evaluateEvery: every,
    threads,
  }
  const trained = trainVariants(
    mapped(variants, (network) => ({ network })),
    options,
    { data, test },
    progress,
  )
  return { kept, square: mean(test.y.map((value) => value ** 2)), ...recorded(trained) }
}

/** f = (1/count) sum_j multiplicity_j ...: every neuron stands for a part of the mean. Its own gradient does not change. */
function meanOf(network, count) {
  const { width, multiplicity = new Float64Array(width).fill(1) } = network
  return { ...network, multiplicity: multiplicity.map((value) => value / count) }
}

export function table(results) {
  return results.flatMap(({ part, trial, width, size, reference, kept, square, evaluated, variants }) =>
    Object.entries(variants).flatMap(([name, { testLoss, distance }]) => {
      const [variant, text] = name.split('-')
      const isField = part === 'mean-field'
      const d = isField ? Number(text ?? reference) : width
      const ofLoss = { original: width, compressed: kept, subset: size }
      return evaluated.map((epoch, i) => ({
        part,
        trial,
        variant,
        d,
        neurons: isField ? (kept[name] ?? d) : ofLoss[variant],
        epoch,
        test_loss: testLoss[i],
        mean_square: isField ? distance[i] ** 2 * square : undefined,
      }))
    }),
  )
}

/** Of part 'loss' for each variant means at each width, `x` its number of neurons, and the power law through them. */
export function losses(results) {
  const own = [...groupBy(ofPart(results, 'loss'), ({ width }) => width)]
  return VARIANTS.map((variant) =>
    withFit(
      variant,
      own.map(([width, group]) => {
        const finals = (name) => group.map(({ variants }) => finite(variants[name].testLoss.at(-1)))
        return {
          width,
          x: mean(group.map(({ size }) => (variant === 'original' ? width : size))),
          value: mean(finals(variant)),
          standardError: standardError(finals(variant)),
          ratio: mean(finals(variant)) / mean(finals('original')),
        }
      }),
    ),
  )
}

/** The same of the authors. */
export function authors() {
  const rows = paper('fig5b')
  return ['original', 'compressed'].map((variant) =>
    withFit(
      variant,
      rows.map(({ d, size, ...row }) => ({
        width: d,
        x: variant === 'original' ? d : size,
        value: row[variant],
        standardError: row[`${variant}_standard_error`],
        ratio: row[variant] / row.original,
      })),
    ),
  )
}

/** Of part 'mean-field' for each epoch and variant: means of |f_d - f_ref|^2 over points and trials. */
export function meanFields(results) {
  const group = ofPart(results, 'mean-field')
  const [{ evaluated, widths }] = group
  return EPOCHS.filter((epoch) => evaluated.includes(epoch)).flatMap((epoch) =>
    FIELD_VARIANTS.map((variant) => ({
      epoch,
      ...withFit(
        variant,
        widths.map((width) => {
          const squares = group.map(
            ({ square, variants }) =>
              finite(variants[`${variant}-${width}`].distance[evaluated.indexOf(epoch)]) ** 2 * square,
          )
          return {
            width,
            x: variant === 'original' ? width : sizeOf(width),
            value: mean(squares),
            standardError: standardError(squares),
          }
        }),
      ),
    })),
  )
}

const ofPart = (results, part) => results.filter((one) => one.part === part)

/** value ~ x^-exponent */
function withFit(variant, points) {
  const fit = powerLaw(points.map(({ x, value }) => [x, value]))
  return { variant, points, fit, exponent: -fit.exponent }
}

export function report(results, { trials, small }) {
  const [{ rows, epochs, order }] = ofPart(results, 'loss')
  const [{ reference, widths, rows: fieldRows }] = ofPart(results, 'mean-field')
  const ours = losses(results)
  const theirs = small ? undefined : authors()
  const fields = [...groupBy(meanFields(results), ({ epoch }) => epoch)].flatMap(([epoch, list]) =>
    list.map(({ variant, exponent, points }) => [
      `${epoch}  ${variant}`,
      exponent.toFixed(2),
      (exponent / list[0].exponent).toFixed(2),
      ...points.map(({ value }) => value.toExponential(1)),
    ]),
  )
  const exponents = ({ variant, exponent }) => `${variant} ${exponent.toFixed(3)}`
  return [
    `loss: relu, ${rows} rows, ${epochs} epochs of AdamW, order ${order}, means of ${trials} trials`,
    tableOf(ours[0].points, [
      ['d', ({ width }) => width],
      ["d'", (_, i) => ours[1].points[i].x],
      ...ours.map(({ variant, points }) => [variant, (_, i) => short(points[i].value)]),
      ...ours.slice(1).map(({ variant, points }) => [`${variant}/original`, (_, i) => points[i].ratio.toFixed(2)]),
      ['authors', ({ width }) => theirs?.[1].points.find((one) => one.width === width)?.ratio.toFixed(2)],
    ]),
    `loss ~ neurons^-a, a: ${ours.map(exponents).join(', ')}${theirs ? `; authors ${theirs.map(exponents).join(', ')}` : ''}`,
    '',
    `mean-field: tanh, ${fieldRows} rows, f_ref of width ${reference}: mean |f_d - f_ref|^2 ~ neurons^-a`,
    textTable(['epoch', 'a', "times original's", ...widths.map((width) => `d = ${width}`)], fields),
  ].join('\n')
}
