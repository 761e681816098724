// k-means by Lloyd's iterations on weighted rows, for comparison: the usual way to replace many points by few. The
// nearest centres of a million rows are found in a k-d tree of the centres, so that a round takes a second.
import { random } from './random.mjs'

// More rounds hardly change the demo's errors.
const ROUNDS = 5
const LEAF = 4

/**
 * The centres of `size` clusters, each with the weight of its cluster. They are means of rows, and in general not rows.
 * Distances are in units of each column's standard deviation. The first centres are random rows.
 *
 * @param {Float64Array[]} columns
 * @param {Float64Array} weights
 * @param {number} size
 * @param {number} seed
 * @returns {{ columns: Float64Array[], weights: Float64Array }} at most `size` centres: empty clusters are left out
 */
export function kmeans(columns, weights, size, seed) {
  const rows = weights.length
  const scaled = columns.map((column) => standardised(column, weights))
  let centres = randomRows(scaled, size, random(seed).below)
  const cluster = new Int32Array(rows).fill(-1)
  for (let round = 0; round < ROUNDS; round++) {
    const tree = treeOf(centres)
    for (let i = 0; i < rows; i++) cluster[i] = nearest(tree, centres, scaled, i, cluster[i])
    centres = meansOf(scaled, weights, cluster, centres)
  }
  const masses = new Float64Array(size)
  for (let i = 0; i < rows; i++) masses[cluster[i]] += weights[i]
  const filled = Array.from(masses.keys()).filter((c) => masses[c] > 0)
  const means = columns.map(() => new Float64Array(size))
  for (const [a, column] of columns.entries()) {
    for (let i = 0; i < rows; i++) means[a][cluster[i]] += weights[i] * column[i]
  }
  return {
    columns: means.map((mean) => Float64Array.from(filled, (c) => mean[c] / masses[c])),
    weights: Float64Array.from(filled, (c) => masses[c]),
  }
}

function standardised(column, weights) {
  let [total, sum, squares] = [0, 0, 0]
  for (let i = 0; i < column.length; i++) {
    total += weights[i]
    sum += weights[i] * column[i]
  }
  const mean = sum / total
  for (let i = 0; i < column.length; i++) squares += weights[i] * (column[i] - mean) ** 2
  const deviation = Math.sqrt(squares / total)
  return column.map((value) => (value - mean) / deviation)
}

function randomRows(columns, size, below) {
  const chosen = new Set()
  while (chosen.size < size) chosen.add(below(columns[0].length))
  return columns.map((column) => Float64Array.from(chosen, (i) => column[i]))
}

/** The weighted mean of each cluster; a cluster without rows keeps its centre. */
function meansOf(columns, weights, cluster, centres) {
  const masses = new Float64Array(centres[0].length)
  for (let i = 0; i < weights.length; i++) masses[cluster[i]] += weights[i]
  return columns.map((column, a) => {
    const sums = new Float64Array(masses.length)
    for (let i = 0; i < weights.length; i++) sums[cluster[i]] += weights[i] * column[i]
    return sums.map((sum, c) => (masses[c] > 0 ? sum / masses[c] : centres[a][c]))
  })
}

/** The centres in the order of a balanced tree: the middle of every range splits it along its widest column. */
function treeOf(centres) {
  const order = Int32Array.from(centres[0].keys())
  const axis = new Uint8Array(order.length)
  const split = (from, to) => {
    if (to - from <= LEAF) return
    const range = order.subarray(from, to)
    const extent = centres.map((column) => {
      const values = Array.from(range, (c) => column[c])
      return Math.max(...values) - Math.min(...values)
    })
    const widest = extent.indexOf(Math.max(...extent))
    range.sort((one, other) => centres[widest][one] - centres[widest][other])
    const middle = (from + to) >> 1
    axis[middle] = widest
    split(from, middle)
    split(middle + 1, to)
  }
  split(0, order.length)
  return { order, axis }
}

/** The centre nearest to row i. Beside `guess`, the centre of the last round, most of the tree is at once too far away. */
function nearest({ order, axis }, centres, columns, i, guess) {
  let best = guess
  let bestDistance = guess < 0 ? Number.POSITIVE_INFINITY : distance(guess)
  search(0, order.length)
  return best

  function distance(c) {
    let sum = 0
    for (let a = 0; a < columns.length; a++) sum += (columns[a][i] - centres[a][c]) ** 2
    return sum
  }
  function look(c) {
    const d = distance(c)
    if (d < bestDistance) [best, bestDistance] = [c, d]
  }
  function search(from, to) {
    if (to - from <= LEAF) {
      for (let j = from; j < to; j++) look(order[j])
      return
    }
    const middle = (from + to) >> 1
    const a = axis[middle]
    const gap = columns[a][i] - centres[a][order[middle]]
    look(order[middle])
    if (gap < 0) search(from, middle)
    else search(middle + 1, to)
    if (gap * gap >= bestDistance) return
    if (gap < 0) search(middle + 1, to)
    else search(from, middle)
  }
}
