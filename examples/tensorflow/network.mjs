// From a TensorFlow.js model of two dense layers to a network of fewpoints and back.
import * as tf from '@tensorflow/tfjs'
import { Multiplicity } from './multiplicity.mjs'

/**
 * @param {tf.Sequential} model dense(activation), dense
 * @returns {import('fewpoints').NetworkInput}
 */
export function networkOf(model) {
  const [kernel, bias, output, outputBias] = model.getWeights()
  const [inputs, width] = kernel.shape
  return {
    inputs,
    width,
    outputs: output.shape[1],
    activation: model.layers[0].getConfig().activation, // 'tanh', 'relu', 'sigmoid' and 'gelu' are called alike
    hidden: tf.tidy(() => kernel.transpose().dataSync()), // a row for each neuron; Dense has a column
    bias: bias.dataSync(),
    output: output.dataSync(),
    outputBias: outputBias.dataSync(),
  }
}

/**
 * @param {import('fewpoints').Network} network
 * @returns {tf.Sequential} dense(activation), Multiplicity if the network has multiplicities, dense
 */
export function modelOf({ inputs, width, outputs, activation, hidden, bias, output, outputBias, multiplicity }) {
  const tensor = (numbers, shape) => tf.tensor(Float32Array.from(numbers), shape)
  const layers = [
    tf.layers.dense({
      inputShape: [inputs],
      units: width,
      activation,
      weights: [tensor(hidden, [width, inputs]).transpose(), tensor(bias)],
    }),
    tf.layers.dense({ units: outputs, weights: [tensor(output, [width, outputs]), tensor(outputBias)] }),
  ]
  if (multiplicity) layers.splice(1, 0, new Multiplicity({ multiplicity }))
  return tf.sequential({ layers })
}

/**
 * @param {import('fewpoints').NetworkInput} network
 * @param {ArrayLike<number>} indices
 * @returns {import('fewpoints').NetworkInput} these neurons of it
 */
export function someOf(network, indices) {
  const rows = (numbers, columns) =>
    Float32Array.from(Array.from(indices).flatMap((j) => [...numbers.subarray(j * columns, (j + 1) * columns)]))
  return {
    ...network,
    width: indices.length,
    hidden: rows(network.hidden, network.inputs),
    bias: rows(network.bias, 1),
    output: rows(network.output, network.outputs),
  }
}

/**
 * What an optimizer remembers of some of the neurons (momentum, second moments), so that it can go on with a network of
 * these alone: await optimizer.setWeights(neuronsOf(await other.getWeights(), indices)).
 *
 * @param {tf.NamedTensor[]} state a count of the steps, then one or more tensors for each weight of the two dense layers
 * @param {ArrayLike<number>} indices
 */
export function neuronsOf([steps, ...state], indices) {
  const neurons = tf.tensor1d(Array.from(indices), 'int32')
  const axes = [1, 0, 0, undefined] // where the neurons are in kernel, bias, the next kernel, and its bias, which has none
  const keep = ({ name, tensor }, i) => {
    const axis = axes[i % axes.length]
    return { name, tensor: axis === undefined ? tensor.clone() : tensor.gather(neurons, axis) }
  }
  return [steps, ...state.map(keep)]
}
