// What is learnt: a smooth function of two inputs, seen through noise.
import * as tf from '@tensorflow/tfjs'

const NOISE = 0.1

/** Rows uniform in [-1, 1]^2. @returns {{ x: tf.Tensor2D, y: tf.Tensor2D }} y: what should come out, without the noise */
export function rowsOf(count, seed) {
  return tf.tidy(() => {
    const x = tf.randomUniform([count, 2], -1, 1, 'float32', seed)
    const [a, b] = tf.split(x, 2, 1)
    const y = tf.sin(a.add(b).mul(2.5)).mul(tf.cos(b.sub(a)))
    return { x, y }
  })
}

/** The same rows with noise. */
export function noisy({ x, y }, seed) {
  return { x, y: tf.tidy(() => y.add(tf.randomNormal(y.shape, 0, NOISE, 'float32', seed))) }
}

/** The numbers 0 to count - 1 in random order. @returns {tf.Tensor1D} */
export function shuffled(count, seed) {
  return tf.tidy(() => tf.topk(tf.randomUniform([count], 0, 1, 'float32', seed), count).indices)
}
