// Gradient-boosted regression trees for a squared loss. The packages of npm that grow trees take no weights, and their time is
// quadratic in the rows. As LightGBM does it, in short: columns are binned by quantiles once, a level of a tree is
// grown from sums over bins, and each tree learns what the trees before it have left.

const DEFAULTS = { trees: 100, depth: 5, rate: 0.1, leastRows: 5, bins: 64 }

/**
 * @param {{ x: Float64Array, y: Float64Array, inputs: number, weights?: Float64Array }} rows one label each
 * @param {{ trees?: number, depth?: number, rate?: number, leastRows?: number, bins?: number }} options `rate`: the share of
 *   each tree that is added; `leastRows`: of each side of a split
 * @returns {(x: Float64Array) => Float64Array} the function of rows
 */
export function boostedTrees({ x, y, inputs, weights }, options = {}) {
  const settings = { ...DEFAULTS, ...options }
  const w = weights ?? new Float64Array(y.length).fill(1)
  const edges = Array.from({ length: inputs }, (_, a) => edgesOf(x, inputs, a, settings.bins))
  const binned = edges.map((own, a) => Uint8Array.from(y, (_, i) => binOf(own, x[i * inputs + a])))
  const start = weightedMean(y, w)
  const residual = y.map((value) => value - start)
  const trees = Array.from({ length: settings.trees }, () => grow(binned, edges, residual, w, settings))
  return (points) => {
    const values = new Float64Array(points.length / inputs).fill(start)
    for (const tree of trees) {
      for (let i = 0; i < values.length; i++) values[i] += tree.leaf[leafOf(tree, points, i * inputs)]
    }
    return values
  }
}

function weightedMean(y, w) {
  let sum = 0
  let total = 0
  for (let i = 0; i < y.length; i++) {
    sum += w[i] * y[i]
    total += w[i]
  }
  return sum / total
}

/** At most bins - 1 numbers between values of the column, at about equal shares of the rows. */
function edgesOf(x, inputs, column, bins) {
  const values = Float64Array.from({ length: x.length / inputs }, (_, i) => x[i * inputs + column]).sort()
  const edges = []
  let next = 1
  for (let i = 1; i < values.length; i++) {
    // An edge is due after so many rows; equal values stay in one bin.
    if (i * bins < next * values.length || values[i] === values[i - 1]) continue
    edges.push((values[i - 1] + values[i]) / 2)
    next = Math.floor((i * bins) / values.length) + 1
  }
  return edges
}

/** The number of edges that are at most `value`. */
function binOf(edges, value) {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle] <= value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Grows one tree level by level and subtracts it from the residual. The children of node n are 2n + 1 and 2n + 2; column -1
 * marks a leaf.
 */
function grow(binned, edges, residual, w, { depth, rate, leastRows, bins }) {
  const nodes = 2 ** (depth + 1) - 1
  const tree = { column: new Int16Array(nodes).fill(-1), edge: new Float64Array(nodes), leaf: new Float64Array(nodes) }
  const bin = new Uint8Array(nodes)
  const at = new Int32Array(residual.length)
  for (let level = 0; level < depth; level++) {
    const first = 2 ** level - 1
    const gain = new Float64Array(first + 1)
    for (const [a, column] of binned.entries()) {
      const sums = binSums(column, at, first, residual, w, bins)
      for (let n = 0; n <= first; n++) {
        const best = bestSplit(sums, n * bins, edges[a].length, bins, leastRows)
        if (best.gain <= gain[n]) continue
        gain[n] = best.gain
        tree.column[first + n] = a
        tree.edge[first + n] = edges[a][best.bin]
        bin[first + n] = best.bin
      }
    }
    for (let i = 0; i < at.length; i++) {
      const n = at[i]
      if (n >= first && tree.column[n] >= 0) at[i] = 2 * n + (binned[tree.column[n]][i] <= bin[n] ? 1 : 2)
    }
  }
  setLeaves(tree, at, residual, w, rate)
  return tree
}

/** For each node of a level that begins at node `first`, and each bin: the weight, the weighted residual, the rows. */
function binSums(column, at, first, residual, w, bins) {
  const length = (first + 1) * bins
  const [weight, sum, count] = [new Float64Array(length), new Float64Array(length), new Int32Array(length)]
  for (let i = 0; i < at.length; i++) {
    if (at[i] < first) continue
    const place = (at[i] - first) * bins + column[i]
    weight[place] += w[i]
    sum[place] += w[i] * residual[i]
    count[place]++
  }
  return { weight, sum, count }
}

/** The split after a bin that lessens the squared loss most. A gain of 0 where none is allowed. */
function bestSplit({ weight, sum, count }, from, splits, bins, leastRows) {
  let [allWeight, allSum, allCount] = [0, 0, 0]
  for (let b = from; b < from + bins; b++) {
    allWeight += weight[b]
    allSum += sum[b]
    allCount += count[b]
  }
  const best = { gain: 0, bin: 0 }
  let [leftWeight, leftSum, leftCount] = [0, 0, 0]
  for (let b = 0; b < splits; b++) {
    leftWeight += weight[from + b]
    leftSum += sum[from + b]
    leftCount += count[from + b]
    if (leftCount < leastRows || allCount - leftCount < leastRows) continue
    const rightSum = allSum - leftSum
    const gain = leftSum ** 2 / leftWeight + rightSum ** 2 / (allWeight - leftWeight) - allSum ** 2 / allWeight
    if (gain > best.gain) Object.assign(best, { gain, bin: b })
  }
  return best
}

function setLeaves({ leaf }, at, residual, w, rate) {
  const weight = new Float64Array(leaf.length)
  for (let i = 0; i < at.length; i++) {
    leaf[at[i]] += w[i] * residual[i]
    weight[at[i]] += w[i]
  }
  for (let n = 0; n < leaf.length; n++) if (weight[n] > 0) leaf[n] *= rate / weight[n]
  for (let i = 0; i < at.length; i++) residual[i] -= leaf[at[i]]
}

function leafOf({ column, edge }, points, at) {
  let n = 0
  while (column[n] >= 0) n = 2 * n + (points[at + column[n]] < edge[n] ? 1 : 2)
  return n
}
