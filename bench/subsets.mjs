// Other ways to replace many points of weight 1 by few weighted ones, for comparison with compress. Each returns
// { points, weights }, row-major. The weights add up to the number of points.
import { kmeans } from 'ml-kmeans'
import { random } from '../demo/random.mjs'

// With three times as many, the errors are hardly smaller.
const ITERATIONS = 20

/** Random points, drawn without replacement, all of the same weight. */
export function randomSubset(points, dimension, size, seed) {
  const { below } = random(seed)
  const count = points.length / dimension
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let j = 0; j < size; j++) {
    const other = j + below(count - j)
    ;[order[j], order[other]] = [order[other], order[j]]
  }
  return {
    points: rows(points, dimension, order.subarray(0, size)),
    weights: new Float64Array(size).fill(count / size),
  }
}

/** One random point per cell, which stands for all points in it. The `size` cells have counts as equal as possible. */
export function stratifiedSubset(points, dimension, size, seed) {
  const { below } = random(seed)
  const cells = equalCells(points, dimension, size)
  const chosen = Uint32Array.from(cells, (cell) => cell[below(cell.length)])
  return { points: rows(points, dimension, chosen), weights: Float64Array.from(cells, ({ length }) => length) }
}

/**
 * The centroids of k-means clusters (Lloyd's iterations from a stratified subset), each with the number of points in
 * its cluster. They are means of points, and in general not points of the set.
 */
export function clusterCentroids(points, dimension, size, seed) {
  const start = stratifiedSubset(points, dimension, size, seed).points
  const { clusters, centroids } = kmeans(lists(points, dimension), size, {
    initialization: lists(start, dimension),
    maxIterations: ITERATIONS,
  })
  const masses = new Float64Array(size)
  for (const cluster of clusters) masses[cluster]++
  const filled = centroids.filter((_, cluster) => masses[cluster] > 0)
  return { points: Float64Array.from(filled.flat()), weights: masses.filter((mass) => mass > 0) }
}

/**
 * The means of `size` cells with counts as equal as possible, each with the number of points in it. The cells are cut
 * along the first `columns` columns only.
 */
export function cellMeans(points, dimension, size, columns = dimension) {
  const cells = equalCells(points, dimension, size, columns)
  const means = new Float64Array(size * dimension)
  for (const [cell, members] of cells.entries()) {
    for (let j = 0; j < dimension; j++) {
      let sum = 0
      for (const row of members) sum += points[row * dimension + j]
      means[cell * dimension + j] = sum / members.length
    }
  }
  return { points: means, weights: Float64Array.from(cells, ({ length }) => length) }
}

/** The leaves of a kd-tree, as lists of rows. Every node is cut across the longest of its first `columns` sides. */
function equalCells(points, dimension, size, columns = dimension) {
  const order = Uint32Array.from({ length: points.length / dimension }, (_, i) => i)
  const cells = []
  const divide = (node, leaves) => {
    if (leaves === 1) {
      cells.push(node)
      return
    }
    const column = longestSide(points, dimension, columns, node)
    node.sort((a, b) => points[a * dimension + column] - points[b * dimension + column])
    const left = leaves >> 1
    const cut = Math.round((node.length * left) / leaves)
    divide(node.subarray(0, cut), left)
    divide(node.subarray(cut), leaves - left)
  }
  divide(order, size)
  return cells
}

function longestSide(points, dimension, columns, node) {
  const sides = Array.from({ length: columns }, (_, column) => {
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (const row of node) {
      const value = points[row * dimension + column]
      least = Math.min(least, value)
      most = Math.max(most, value)
    }
    return most - least
  })
  return sides.indexOf(Math.max(...sides))
}

function rows(points, dimension, indices) {
  const chosen = new Float64Array(indices.length * dimension)
  for (let j = 0; j < indices.length; j++) {
    chosen.set(points.subarray(indices[j] * dimension, (indices[j] + 1) * dimension), j * dimension)
  }
  return chosen
}

/** The points as arrays of numbers. They are made by push, so that JavaScript keeps them packed. */
function lists(points, dimension) {
  const list = []
  for (let i = 0; i < points.length; i += dimension) {
    const point = []
    for (let j = 0; j < dimension; j++) point.push(points[i + j])
    list.push(point)
  }
  return list
}
