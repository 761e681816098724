// One rule of free nodes for the uniform measure on the cube, by Levenberg and Marquardt's method from a random start.
import { cholesky, gram, solve, traceOfInverse } from './dense.mjs'
import { valuesAt } from './space.mjs'

const ITERATIONS = 200 // nearly all starts that arrive take 10 to 60
const FAR = 1e-3 // a start that is farther away than this
const SLOW = 0.97 // and still comes no closer than this per iteration
const PATIENCE = 60 // after as many iterations is given up
const FOUND = 1e-13 // the residual of a rule; polish() takes it to a few roundings
const LIGHTEST = 0.1 // the least weight, times the number of nodes
const ROOM = 1e-3 // between a node and the faces of the cube: a node on a face cannot leave it

// Nodes are x = t / sqrt(1 + t^2), which stay in the cube, and weights v^2 / n, which stay positive: the search has no
// bounds. The unknowns are v of all nodes, then t of all nodes.
export function fit(rows, dimension, count, random) {
  const unknowns = start(dimension, count, random)
  let state = stateAt(rows, dimension, count, unknowns)
  let damping = 1e-2
  for (let iteration = 0; iteration < ITERATIONS && state.size > 1e-15; iteration++) {
    const before = state.size
    const normal = gram(state.jacobian, rows.length)
    let next
    for (let attempt = 0; attempt < 12; attempt++) {
      const factor = cholesky(normal, rows.length, damping * Math.min(1, state.size))
      if (factor !== undefined) {
        const step = transposedTimes(state.jacobian, solve(factor, rows.length, state.residual.slice()))
        const moved = state.unknowns.map((unknown, i) => unknown - step[i])
        next = stateAt(rows, dimension, count, moved)
        if (next.size < before) break
      }
      next = undefined
      damping *= 5
    }
    if (next === undefined) break
    damping = Math.max(damping * 0.2, 1e-13)
    state = next
    if (iteration > PATIENCE && state.size > FAR && state.size > SLOW * before) break
  }
  return state.size < FOUND ? polish(rows, dimension, state) : undefined
}

// Nodes that keep away from one another: of 20 random ones, always the farthest from those chosen. All weights are equal.
function start(dimension, count, random) {
  const unknowns = new Float64Array(count * (dimension + 1)).fill(1)
  const chosen = []
  while (chosen.length < count) {
    let best = { distance: -1, node: [] }
    for (let trial = 0; trial < 20; trial++) {
      const node = Array.from({ length: dimension }, () => 0.95 * (2 * random() - 1))
      const distance = Math.min(9 * dimension, ...chosen.map((other) => squaredDistance(node, other)))
      if (distance > best.distance) best = { distance, node }
    }
    chosen.push(best.node)
  }
  chosen.flat().forEach((x, i) => {
    unknowns[count + i] = x / Math.sqrt(1 - x * x)
  })
  return unknowns
}

function squaredDistance(a, b) {
  return a.reduce((sum, x, i) => sum + (x - b[i]) * (x - b[i]), 0)
}

// Residual and Jacobian at the unknowns.
function stateAt(rows, dimension, count, unknowns) {
  const points = new Float64Array(count * dimension)
  const weights = new Float64Array(count)
  const weightSlopes = new Float64Array(count)
  const pointSlopes = new Float64Array(count * dimension)
  for (let j = 0; j < count; j++) {
    weights[j] = (unknowns[j] * unknowns[j]) / count
    weightSlopes[j] = (2 * unknowns[j]) / count
  }
  for (let i = 0; i < points.length; i++) {
    const t = unknowns[count + i]
    const square = 1 / (1 + t * t)
    points[i] = t * Math.sqrt(square)
    pointSlopes[i] = square * Math.sqrt(square)
  }
  return { unknowns, points, weights, ...system(rows, dimension, { points, weights, weightSlopes, pointSlopes }) }
}

// The moments' errors, their norm, and their derivatives by weights and nodes, each times the slope that is given.
function system(rows, dimension, { points, weights, weightSlopes, pointSlopes }) {
  const count = weights.length
  const columns = count * (dimension + 1)
  const { values, slopes } = valuesAt(rows, dimension, points)
  const residual = new Float64Array(rows.length)
  const jacobian = new Float64Array(rows.length * columns)
  let squares = 0
  for (let i = 0; i < rows.length; i++) {
    let sum = i === 0 ? -1 : 0 // the mean of every polynomial but the first is 0
    for (let j = 0; j < count; j++) {
      const value = values[i * count + j]
      sum += weights[j] * value
      jacobian[i * columns + j] = weightSlopes[j] * value
      for (let a = 0; a < dimension; a++) {
        const at = j * dimension + a
        jacobian[i * columns + count + at] = weights[j] * slopes[i * count * dimension + at] * pointSlopes[at]
      }
    }
    residual[i] = sum
    squares += sum * sum
  }
  return { residual, jacobian, size: Math.sqrt(squares) }
}

function transposedTimes(matrix, vector) {
  const columns = matrix.length / vector.length
  const product = new Float64Array(columns)
  vector.forEach((factor, i) => {
    for (let k = 0; k < columns; k++) product[k] += factor * matrix[i * columns + k]
  })
  return product
}

// The slopes of relative steps: of weights by their share, of nodes by their room within the cube.
function relativeSlopes({ points, weights }) {
  return { weightSlopes: weights, pointSlopes: points.map((x) => 1 - x * x) }
}

// Newton steps of least norm on nodes and weights themselves, for as long as the residual shrinks.
function polish(rows, dimension, { points, weights }) {
  const count = weights.length
  let rule = { points, weights }
  for (let step = 0; step < 6; step++) {
    const slopes = relativeSlopes(rule)
    const { residual, jacobian, size } = system(rows, dimension, { ...rule, ...slopes })
    rule.residual = size
    const factor = cholesky(gram(jacobian, rows.length), rows.length, 0)
    if (factor === undefined) return undefined
    const change = transposedTimes(jacobian, solve(factor, rows.length, residual))
    const next = {
      weights: rule.weights.map((weight, j) => weight - weight * change[j]),
      points: rule.points.map((x, i) => x - slopes.pointSlopes[i] * change[count + i]),
    }
    next.residual = system(rows, dimension, { ...next, ...relativeSlopes(next) }).size
    if (!(next.residual < rule.residual)) break
    rule = next
  }
  const fits = rule.points.every((x) => Math.abs(x) < 1 - ROOM) && rule.weights.every((w) => w * count > LIGHTEST)
  return fits ? rule : undefined
}

// How far Newton's steps go on a cell of ten points per node, whose moments differ from those of the cube by chance: the
// mean squared relative step of a node, trace((A A')^-1) / (10 n^2), with A the derivatives by relative steps. list.mjs says
// which values are good.
export function conditioning(rows, dimension, rule) {
  const count = rule.weights.length
  const { jacobian } = system(rows, dimension, { ...rule, ...relativeSlopes(rule) })
  const factor = cholesky(gram(jacobian, rows.length), rows.length, 0)
  if (factor === undefined) return Infinity
  return traceOfInverse(factor, rows.length) / (10 * count * count)
}
