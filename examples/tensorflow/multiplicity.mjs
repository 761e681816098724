// Neurons that each stand for several equal ones, in TensorFlow.js, so that they train as those would: the layer
// multiplies what a neuron puts out by the number of its copies, and the gradient of its weights, which then is that of
// all the copies together, is divided by the number before the optimizer sees it. To be copied as it is.
import * as tf from '@tensorflow/tfjs'
import { clipByGlobalNorm, perCopyGradients } from 'fewpoints'

/** A layer right behind a dense one: neuron j of that counts `multiplicity[j]` times. */
export class Multiplicity extends tf.layers.Layer {
  static className = 'Multiplicity'

  /** @param {{ multiplicity: ArrayLike<number> }} config numbers above 0, one a neuron; and what any layer takes */
  constructor(config) {
    super(config)
    this.copies = tf.keep(tf.tensor1d(Array.from(config.multiplicity)))
  }

  call(inputs) {
    return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.copies)
  }

  getConfig() {
    return { ...super.getConfig(), multiplicity: Array.from(this.copies.dataSync()) }
  }
}
tf.serialization.registerClass(Multiplicity) // for model.save() and tf.loadLayersModel()

/**
 * Makes an optimizer follow the gradient of a single copy of each neuron, dL/dp_j / c_j. With that, any optimizer moves
 * the weights of a neuron as it would move those of each of its c_j copies.
 *
 * @template {tf.Optimizer} T
 * @param {T} optimizer changed, and returned: model.compile({ optimizer: perCopy(tf.train.adam(), model), ... })
 * @param {tf.Sequential} model with Multiplicity layers, each between two dense ones
 * @param {{ clipNorm?: number }} options clipNorm: the largest global norm of the gradients of all copies; default: no limit
 * @returns {T}
 */
export function perCopy(optimizer, model, { clipNorm } = {}) {
  const copiesOf = new Map() // the name of a weight: the number of copies, in a shape that divides its gradient
  const divide = ({ name }, copies) => copiesOf.set(name, tf.keep(tf.mul(copiesOf.get(name) ?? 1, copies)))
  for (const [i, layer] of model.layers.entries()) {
    if (!(layer instanceof Multiplicity)) continue
    for (const weight of model.layers[i - 1].weights) divide(weight, layer.copies) // inputs x width, and width
    divide(model.layers[i + 1].weights[0], layer.copies.expandDims(1)) // width x outputs
  }

  const apply = optimizer.applyGradients.bind(optimizer)
  optimizer.applyGradients = (gradients) =>
    tf.tidy(() => {
      const list = Array.isArray(gradients)
        ? gradients
        : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }))
      const entries = list.map(({ name, tensor }) => ({ gradient: tensor, multiplicity: copiesOf.get(name) }))
      const ofOne = perCopyGradients(entries, tf)
      const counted = entries.map((entry, i) => ({ ...entry, gradient: ofOne[i] }))
      const result = clipNorm === undefined ? ofOne : clipByGlobalNorm(counted, clipNorm, tf)
      apply(list.map(({ name }, i) => ({ name, tensor: result[i] })))
    })
  return optimizer
}
