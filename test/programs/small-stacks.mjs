// Calls in which the compute thread has the most on its stack. Prints a hash of their results.
import { createHash } from 'node:crypto'
import * as fewpoints from '../../dist/index.js'

let state = 1
const random = (length) =>
  Float64Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  })

const hash = createHash('sha256')
for (const [rows, columns, conditions] of [
  [100, 60, 20],
  [400, 200, 80],
  [200, 300, 120],
]) {
  const [matrix, rhs] = [random(rows * columns), random(rows)]
  hash.update((await fewpoints.nnls(matrix, rhs, { rows, columns, threads: 2 })).x)
  const equality = { matrix: random(conditions * columns), rhs: new Float64Array(conditions) }
  const solution = random(columns)
  for (let i = 0; i < conditions; i++)
    for (let j = 0; j < columns; j++) equality.rhs[i] += equality.matrix[i * columns + j] * solution[j]
  hash.update((await fewpoints.nnls(matrix, rhs, { rows, columns, equality, threads: 2 })).x)
}
for (const [dimension, order, count] of [
  [2, 10, 700],
  [4, 4, 700],
  [10, 2, 700],
]) {
  const options = { dimension, order, basis: 'legendre', threads: 2 }
  const [points, others] = [random(count * dimension), random(count * dimension)]
  const target = await fewpoints.moments(points, options)
  hash.update((await fewpoints.matchMoments(points, target, { ...options, weights: random(count) })).weights)
  const few = await fewpoints.compress(others, { dimension, order, threads: 2 })
  hash.update(few.weights)
  hash.update((await fewpoints.verify(others, few, { dimension, order, threads: 2 })).perOrder)
}
const features = random(2000 * 200)
for (let i = 0; i < 2000; i++) features[i * 200] = 1
hash.update((await fewpoints.recombine({ data: features, shape: [2000, 200] }, { threads: 2 })).weights)
process.stdout.write(hash.digest('hex'))
