// A wide layer is trained for some epochs, compressed, and both go on training; a random subset of its neurons beside them.
//
//   npm install && npm start               everything else that is missing is built first
//   node main.mjs --small --out FOLDER     a short form, as the tests run it
//   npm start -- --picture FILE            also renews the picture of the README
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { compressNetwork } from 'fewpoints'
import { noisy, rowsOf, shuffled } from './data.mjs'
import { perCopy } from './multiplicity.mjs'
import { modelOf, networkOf, neuronsOf, someOf } from './network.mjs'
import { draw } from './picture.mjs'

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('out', import.meta.url)) },
    picture: { type: 'string' },
  },
})
const [WIDTH, SIZE, ROWS, EPOCHS] = options.small ? [1000, 250, 1024, 16] : [4000, 800, 4096, 40]
const COMPRESS_AFTER = EPOCHS / 2
const BATCH = 128
const RATE = 1e-3
const SEED = 1

async function main() {
  await tf.setBackend('wasm')
  const test = rowsOf(2048, SEED)
  const train = noisy(rowsOf(ROWS, SEED + 1), SEED + 2)

  const wide = run(`all ${count(WIDTH)} neurons`, wideModel(), tf.train.adam(RATE))
  const runs = [wide]
  measure(runs, test, 0)
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    await trainEpoch(runs, train, epoch)
    measure(runs, test, epoch)
    if (epoch === COMPRESS_AFTER) {
      const fewer = await compressed(wide)
      measure(fewer, test, epoch, wide)
      runs.push(...fewer)
    }
  }
  say(`\n${table(runs)}\n`)
  say(await write(runs))
}

/** A model that is trained; its curve has a point for every epoch. */
function run(name, model, optimizer) {
  model.compile({ optimizer, loss: 'meanSquaredError' })
  return { name, model, optimizer, curve: [] }
}

/**
 * Hidden weights are drawn from [-1, 1], whatever the width: a wide layer that TensorFlow's default (Glorot) begins with has
 * weights so small that all its neurons are nearly linear.
 */
function wideModel() {
  const uniform = (limit, seed) => tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed })
  return tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [2],
        units: WIDTH,
        activation: 'tanh',
        kernelInitializer: uniform(1, SEED + 4),
        biasInitializer: uniform(1, SEED + 5),
      }),
      tf.layers.dense({ units: 1, kernelInitializer: uniform(1 / Math.sqrt(WIDTH), SEED + 6) }),
    ],
  })
}

/** Two runs that go on where the wide one is: few of its neurons chosen by compressNetwork, and as many drawn at random. */
async function compressed({ model, optimizer }) {
  const network = networkOf(model)
  const kept = await compressNetwork(network, { size: SIZE })
  const { width, cells, matched, elapsed } = kept
  say(
    `${count(WIDTH)} neurons made ${width} in ${elapsed.total.toFixed(0)} ms: ` +
      `${matched.features} moments kept in each of ${cells} cells`,
  )
  const indices = shuffled(WIDTH, SEED + 3)
    .dataSync()
    .slice(0, width)
  const multiplicity = new Float64Array(width).fill(WIDTH / width)
  const drawn = { ...someOf(network, indices), multiplicity, indices }

  const state = await optimizer.getWeights()
  const goOn = async (name, few) => {
    const model = modelOf(few)
    const optimizer = perCopy(tf.train.adam(RATE), model)
    await optimizer.setWeights(neuronsOf(state, few.indices))
    return run(name, model, optimizer)
  }
  return [await goOn(`${width} by compressNetwork`, kept), await goOn(`${width} at random`, drawn)]
}

/** One epoch of each run, all on the same batches. Each run's `step` is the processor time of a step, in milliseconds. */
async function trainEpoch(runs, { x, y }, epoch) {
  const order = shuffled(ROWS, 1000 + epoch)
  const rows = [x.gather(order), y.gather(order)]
  for (const run of runs) {
    run.optimizer.learningRate = (RATE * (1 + Math.cos((Math.PI * (epoch - 1)) / EPOCHS))) / 2
    const before = process.cpuUsage()
    await run.model.fit(...rows, { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0 }) // its shuffle has no seed
    const { user, system } = process.cpuUsage(before)
    run.step = (user + system) / 1e3 / Math.ceil(ROWS / BATCH)
  }
  tf.dispose([order, ...rows])
}

/** Adds a point to the curve of each run: its loss on the test rows, and how far from the wide one's its function is. */
function measure(runs, { x, y }, epoch, wide = runs[0]) {
  tf.tidy(() => {
    const valuesOf = ({ model }) => model.predict(x, { batchSize: x.shape[0] })
    const all = valuesOf(wide)
    for (const run of runs) {
      const values = valuesOf(run)
      const [loss] = values.sub(y).square().mean().dataSync()
      const [distance] = values.sub(all).norm().div(all.norm()).dataSync()
      run.curve.push({ epoch, loss, distance, step: run.step })
    }
  })
  if (epoch % 5 === 0) {
    const losses = runs.map(({ name, curve }) => `${curve.at(-1).loss.toExponential(2)} ${name}`)
    say(`epoch ${String(epoch).padStart(2)}, loss: ${losses.join(', ')}`)
  }
}

const atOnce = ({ curve }) => curve.find(({ epoch }) => epoch === COMPRESS_AFTER)
const atEnd = ({ curve }) => curve.at(-1)
/** Processor time of a step in milliseconds, the median of the epochs in which all of them were trained. */
function stepOf({ curve }) {
  const steps = curve.filter(({ epoch }) => epoch > COMPRESS_AFTER).map(({ step }) => step)
  return steps.toSorted((a, b) => a - b)[steps.length >> 1]
}

function table(runs) {
  const [when, end] = [`epoch ${COMPRESS_AFTER}`, `epoch ${EPOCHS}`]
  const lines = [
    ['', 'loss', '', 'distance', '', 'ms a step'],
    ['', when, end, when, end, ''],
    ...runs.map((run) => [
      run.name,
      atOnce(run).loss.toExponential(2),
      atEnd(run).loss.toExponential(2),
      run === runs[0] ? '' : atOnce(run).distance.toExponential(1),
      run === runs[0] ? '' : atEnd(run).distance.toExponential(1),
      stepOf(run).toFixed(1),
    ]),
  ]
  const text = lines.map(([name, ...cells]) => `${name.padEnd(24)}${cells.map((cell) => cell.padStart(11)).join('')}`)
  return `${text.join('\n')}\n\ndistance: |f - f of all neurons| / |f of all neurons| on the test rows; ms: of processor time`
}

async function write(runs) {
  const path = (name) => join(options.out, name)
  const points = runs.flatMap(({ name, curve }) =>
    curve.map(({ epoch, loss, distance }) => ({ name, epoch, loss, distance })),
  )
  const { svg, png } = await draw({
    points,
    names: runs.map(({ name }) => name),
    labels: runs.map((run) => `${run.name}, ${stepOf(run).toFixed(1)} ms a step`),
    compressedAfter: COMPRESS_AFTER,
  })
  mkdirSync(options.out, { recursive: true })
  writeFileSync(path('loss.svg'), svg)
  writeFileSync(path('loss.png'), png)
  if (options.picture) copyFileSync(path('loss.png'), options.picture)
  const lines = points.map(({ name, epoch, loss, distance }) => `"${name}",${epoch},${loss},${distance}\n`)
  writeFileSync(path('loss.csv'), ['run,epoch,loss,distance\n', ...lines].join(''))
  return `Picture: ${relative(process.cwd(), path('loss.png'))} (and loss.svg, loss.csv)`
}

const count = (number) => number.toLocaleString('en')
const say = (text) => process.stdout.write(`${text}\n`)

await main()
