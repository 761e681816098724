// The plain method: while there are more points than features, take a null vector of the features of N + 1 points, and
// move the weights along it until one is zero (Caratheodory; Algorithm 2 of arXiv:2510.00504). This takes n - N
// eliminations of N x (N + 1) matrices.

/** @returns {{ indices: number[], weights: number[] }} at most `width` rows and their new weights */
export function plainRecombination(features, width, weights) {
  let rows = []
  let w = []
  for (let next = 0; next < weights.length; next++) {
    if (!(weights[next] > 0)) continue
    rows.push(next)
    w.push(weights[next])
    if (rows.length <= width) continue
    const direction = nullVector(features, width, rows)
    // Some entry is positive, by the choice of the sign. The weight with the smallest ratio becomes 0.
    let step = Number.POSITIVE_INFINITY
    let leaving = -1
    for (let i = 0; i < rows.length; i++)
      if (direction[i] > 0 && w[i] / direction[i] < step) {
        step = w[i] / direction[i]
        leaving = i
      }
    w = w.map((weight, i) => Math.max(0, weight - step * direction[i]))
    rows = rows.filter((_, i) => i !== leaving)
    w = w.filter((_, i) => i !== leaving)
  }
  return { indices: rows, weights: w }
}

/** A null vector of N equations in N + 1 unknowns, by Gaussian elimination. Its largest entry is positive. */
function nullVector(features, width, rows) {
  const count = rows.length
  const a = Array.from({ length: width }, (_, e) => Float64Array.from(rows, (row) => features[row * width + e]))
  const pivots = []
  let top = 0
  let free = -1
  for (let c = 0; c < count; c++) {
    let best = top
    for (let e = top + 1; e < width; e++) if (Math.abs(a[e][c]) > Math.abs(a[best]?.[c] ?? 0)) best = e
    if (top === width || Math.abs(a[best][c]) < 1e-12) {
      free = c
      break
    }
    ;[a[top], a[best]] = [a[best], a[top]]
    for (let e = top + 1; e < width; e++) {
      const factor = a[e][c] / a[top][c]
      if (factor !== 0) for (let j = c; j < count; j++) a[e][j] -= factor * a[top][j]
    }
    pivots.push(c)
    top++
  }
  const x = new Float64Array(count)
  x[free] = 1
  for (let i = pivots.length - 1; i >= 0; i--) {
    let s = a[i][free]
    for (let j = i + 1; j < pivots.length; j++) s += a[i][pivots[j]] * x[pivots[j]]
    x[pivots[i]] = -s / a[i][pivots[i]]
  }
  return x.some((value) => value > 0) ? x : x.map((value) => -value)
}
