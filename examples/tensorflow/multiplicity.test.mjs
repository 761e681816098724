// A neuron that stands for c copies trains as c equal neurons do. The numbers are float32, and the two add them up in
// different orders.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { rowsOf } from './data.mjs'
import { Multiplicity, perCopy } from './multiplicity.mjs'
import { modelOf, networkOf, neuronsOf, someOf } from './network.mjs'

const STEPS = 40
const TOLERANCE = 1e-5

const MULTIPLICITY = [3, 1, 7, 2, 12, 4]
const COPIES = MULTIPLICITY.flatMap((c, j) => Array(c).fill(j)) // 0 0 0 1 2 2 2 2 2 2 2 3 3 ...
const FIRST = MULTIPLICITY.map((_, j) => COPIES.indexOf(j))

const OPTIMIZERS = {
  sgd: () => tf.train.sgd(0.02),
  momentum: () => tf.train.momentum(0.005, 0.9),
  nesterov: () => tf.train.momentum(0.005, 0.9, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  adagrad: () => tf.train.adagrad(0.05),
  rmsprop: () => tf.train.rmsprop(0.005),
}

let rows

before(async () => {
  await tf.setBackend('wasm')
  rows = rowsOf(256, 1)
})

function network(activation = 'tanh') {
  const uniform = (count, seed) => tf.randomUniform([count], -1, 1, 'float32', seed).dataSync()
  const width = MULTIPLICITY.length
  return {
    inputs: 2,
    width,
    outputs: 1,
    activation,
    hidden: uniform(2 * width, 2),
    bias: uniform(width, 3),
    output: uniform(width, 4).map((number) => number / 5),
    outputBias: uniform(1, 5),
  }
}

async function train(model, optimizer, steps = STEPS) {
  model.compile({ optimizer, loss: 'meanSquaredError' })
  for (let step = 0; step < steps; step++) await model.trainOnBatch(rows.x, rows.y)
  return model
}

/** The largest difference of any number, in units of the largest of its array. */
function difference(some, others) {
  const one = (key) => {
    const largest = Math.max(...others[key].map(Math.abs))
    return Math.max(...others[key].map((number, i) => Math.abs(some[key][i] - number))) / largest
  }
  return Math.max(...['hidden', 'bias', 'output', 'outputBias'].map(one))
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  test(`${name}: copies counted and copies written out train alike`, async () => {
    const start = network()
    const counted = modelOf({ ...start, multiplicity: MULTIPLICITY })
    await train(counted, perCopy(create(), counted))
    const written = await train(modelOf(someOf(start, COPIES)), create())
    const expected = someOf(networkOf(written), FIRST)
    assert.ok(difference(start, expected) > 0.05, 'nothing was learnt')
    assert.ok(difference(networkOf(counted), expected) < TOLERANCE)
  })
}

for (const activation of ['relu', 'gelu', 'sigmoid']) {
  test(`${activation}, too`, async () => {
    const start = network(activation)
    const counted = modelOf({ ...start, multiplicity: MULTIPLICITY })
    await train(counted, perCopy(tf.train.sgd(0.02), counted))
    const written = await train(modelOf(someOf(start, COPIES)), tf.train.sgd(0.02))
    assert.ok(difference(networkOf(counted), someOf(networkOf(written), FIRST)) < TOLERANCE)
  })
}

test('clipping by the global norm counts all copies', async () => {
  const start = network()
  // No multiplicities: what perCopy does then is clipping alone.
  const trained = async (model, clipNorm) =>
    networkOf(await train(model, perCopy(tf.train.sgd(0.05), model, { clipNorm })))
  const written = await trained(modelOf(someOf(start, COPIES)), 0.5)
  const expected = someOf(written, FIRST)
  const unclipped = await trained(modelOf(someOf(start, COPIES)))
  assert.ok(difference(someOf(unclipped, FIRST), expected) > 0.01, 'nothing was clipped')
  assert.ok(difference(await trained(modelOf({ ...start, multiplicity: MULTIPLICITY }), 0.5), expected) < TOLERANCE)
})

test('gradient descent without perCopy trains something else', async () => {
  const start = network()
  const counted = await train(modelOf({ ...start, multiplicity: MULTIPLICITY }), tf.train.sgd(0.02))
  const written = await train(modelOf(someOf(start, COPIES)), tf.train.sgd(0.02))
  assert.ok(difference(networkOf(counted), someOf(networkOf(written), FIRST)) > 0.05)
})

test('an optimizer goes on with some of the neurons', async () => {
  const adam = tf.train.adam(0.01)
  const written = await train(modelOf(someOf(network(), COPIES)), adam)
  const counted = modelOf({ ...someOf(networkOf(written), FIRST), multiplicity: MULTIPLICITY })
  const optimizer = perCopy(tf.train.adam(0.01), counted)
  await optimizer.setWeights(neuronsOf(await adam.getWeights(), FIRST))
  await train(counted, optimizer)
  for (let step = 0; step < STEPS; step++) await written.trainOnBatch(rows.x, rows.y)
  assert.ok(difference(networkOf(counted), someOf(networkOf(written), FIRST)) < TOLERANCE)
})

test('two layers with multiplicities, one behind the other', async () => {
  const SECOND = [2, 5, 1]
  const widths = [MULTIPLICITY.length, SECOND.length]
  const copies = [COPIES, SECOND.flatMap((c, j) => Array(c).fill(j))]
  const uniform = (shape, seed) => tf.randomUniform(shape, -0.5, 0.5, 'float32', seed)
  const few = [uniform([2, widths[0]], 2), uniform([widths[0]], 3), uniform(widths, 4), uniform([widths[1]], 5)]
  few.push(uniform([widths[1], 1], 6), uniform([1], 7))
  const pick = (tensors, [first, second]) => {
    const [kernel1, bias1, kernel2, bias2, kernel3, bias3] = tensors
    const [one, two] = [tf.tensor1d(first, 'int32'), tf.tensor1d(second, 'int32')]
    const middle = kernel2.gather(one, 0).gather(two, 1)
    return [kernel1.gather(one, 1), bias1.gather(one), middle, bias2.gather(two), kernel3.gather(two, 0), bias3]
  }
  const model = (tensors, multiplicities) => {
    const dense = (i, activation) =>
      tf.layers.dense({
        inputShape: [tensors[i].shape[0]],
        units: tensors[i].shape[1],
        activation,
        weights: tensors.slice(i, i + 2),
      })
    const [first, second] = multiplicities.map((multiplicity) => new Multiplicity({ multiplicity }))
    const layers = [dense(0, 'tanh'), first, dense(2, 'tanh'), second, dense(4)]
    return tf.sequential({ layers: layers.filter((layer) => layer !== undefined) })
  }
  const counted = model(few, [MULTIPLICITY, SECOND])
  await train(counted, perCopy(tf.train.sgd(0.02), counted))
  const written = await train(model(pick(few, copies), []), tf.train.sgd(0.02))
  const firsts = copies.map((list) => [...new Set(list)].map((j) => list.indexOf(j)))
  for (const [i, tensor] of pick(written.getWeights(), firsts).entries()) {
    const off = counted.getWeights()[i].sub(tensor).abs().max().div(tensor.abs().max()).dataSync()[0]
    assert.ok(off < TOLERANCE, `weight ${i}: ${off}`)
  }
})

test('multiplicities are saved with a model', async () => {
  const model = modelOf({ ...network(), multiplicity: MULTIPLICITY })
  let saved
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved))
  assert.deepEqual(loaded.predict(rows.x).dataSync(), model.predict(rows.x).dataSync())
  await train(loaded, perCopy(tf.train.sgd(0.02), loaded))
  await train(model, perCopy(tf.train.sgd(0.02), model))
  assert.equal(difference(networkOf(loaded), networkOf(model)), 0)
})

test('training keeps no tensors behind', async () => {
  const model = modelOf({ ...network(), multiplicity: MULTIPLICITY })
  await train(model, perCopy(tf.train.adam(0.01), model), 2)
  const { numTensors } = tf.memory()
  for (let step = 0; step < 5; step++) await model.trainOnBatch(rows.x, rows.y)
  assert.equal(tf.memory().numTensors, numTensors)
})
