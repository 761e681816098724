// The same training in TensorFlow.js, if that is installed. It is a dependency of the example, not of the package.
//   cd examples/tensorflow && npm install
import { createRequire } from 'node:module'

const require = createRequire(new URL('../examples/tensorflow/package.json', import.meta.url))

/** TensorFlow.js, or undefined when it is not installed. In Node its backends have one thread each. */
export function tensorflow() {
  try {
    const tf = require('@tensorflow/tfjs')
    require('@tensorflow/tfjs-backend-wasm')
    tf.enableProdMode() // without advice to install another backend
    return tf
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/**
 * Gradient descent on all rows with the mean squared error, on the current backend.
 *
 * @returns {{ step: () => void, loss: () => number }} both are complete when they return; `loss` is that of the current
 *   parameters
 */
export function trainer(tf, network, { x, y }, rate) {
  const { inputs, width, outputs, activation, hidden, bias, output, outputBias } = network
  const rows = x.length / inputs
  const tensor = (numbers, shape) => tf.tensor(Float32Array.from(numbers), shape)
  const [points, labels] = [tensor(x, [rows, inputs]), tensor(y, [rows, outputs])]
  const kernel = tf.variable(tensor(hidden, [width, inputs]).transpose())
  const [hiddenBias, outKernel, outBias] = [
    tensor(bias, [width]),
    tensor(output, [width, outputs]),
    tensor(outputBias, [outputs]),
  ].map((values) => tf.variable(values))
  const activate = {
    relu: (z) => z,
    tanh: tf.tanh,
    sin: tf.sin,
    gelu: (z) => z.mul(z.mul(Math.SQRT1_2).erf().add(1)).mul(0.5),
  }[activation]
  // As in tf.layers.dense(): relu is part of the product, other activations come after it.
  const fused = activation === 'relu' ? 'relu' : 'linear'
  const loss = () => {
    const layer = activate(tf.fused.matMul({ a: points, b: kernel, bias: hiddenBias, activation: fused }))
    return tf.fused.matMul({ a: layer, b: outKernel, bias: outBias }).sub(labels).square().mean()
  }
  const optimizer = tf.train.sgd(rate)
  return {
    step: () => optimizer.minimize(loss, false, [kernel, hiddenBias, outKernel, outBias]),
    loss: () => tf.tidy(() => loss().dataSync()[0]),
  }
}
