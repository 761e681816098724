// Products of orthonormal Legendre polynomials on the cube [-1, 1]^m, for the uniform measure of mass 1.

// The degrees of all products of total degree `order` at most, in `dimension` columns; [0, ..., 0] comes first.
export function degreesUpTo(dimension, order) {
  const all = []
  for (let total = 0; total <= order; total++) append([], total)
  return all

  function append(head, left) {
    if (head.length === dimension - 1) all.push([...head, left])
    else for (let degree = left; degree >= 0; degree--) append([...head, degree], left - degree)
  }
}

// The rows of a moment system: sums of products. One row per product of degree `order` at most. With `invariants`, one
// more per sum of the products of degree order + 1 that become one another when columns are exchanged and that are even in
// each column: no reflection and no exchange of the columns changes such a sum, so turning a rule cannot make its error
// cancel. A row is a list of products and their common factor, which keeps the rows orthonormal.
export function momentRows(dimension, order, invariants) {
  const rows = degreesUpTo(dimension, order).map((degrees) => ({ products: [degrees], factor: 1 }))
  if (!invariants) return rows
  const orbits = new Map()
  for (const degrees of degreesUpTo(dimension, order + 1)) {
    const total = degrees.reduce((sum, degree) => sum + degree, 0)
    if (total <= order || degrees.some((degree) => degree % 2 === 1)) continue
    const name = degrees.toSorted((a, b) => b - a).join()
    orbits.set(name, [...(orbits.get(name) ?? []), degrees])
  }
  return [...rows, ...[...orbits.values()].map((products) => ({ products, factor: 1 / Math.sqrt(products.length) }))]
}

// Values and slopes of the polynomials of degree 0 to `order` at x, into two arrays.
export function legendre(order, x, values, slopes) {
  values[0] = 1
  slopes[0] = 0
  for (let k = 1; k <= order; k++) {
    values[k] = k === 1 ? x : ((2 * k - 1) * x * values[k - 1] - (k - 1) * values[k - 2]) / k
    slopes[k] = k * values[k - 1] + x * slopes[k - 1]
  }
  for (let k = 1; k <= order; k++) {
    const scale = Math.sqrt(2 * k + 1)
    values[k] *= scale
    slopes[k] *= scale
  }
}

// Values of all rows at the points, rows x count, and their slopes, rows x (count x dimension).
export function valuesAt(rows, dimension, points) {
  const count = points.length / dimension
  const top = rows.at(-1).products[0].reduce((sum, degree) => sum + degree, 0)
  const values = new Float64Array(rows.length * count)
  const slopes = new Float64Array(rows.length * count * dimension)
  const value = Array.from({ length: dimension }, () => new Float64Array(top + 1))
  const slope = Array.from({ length: dimension }, () => new Float64Array(top + 1))
  for (let j = 0; j < count; j++) {
    for (let a = 0; a < dimension; a++) legendre(top, points[j * dimension + a], value[a], slope[a])
    for (let i = 0; i < rows.length; i++) {
      const { products, factor } = rows[i]
      for (const degrees of products) {
        let product = factor
        for (let a = 0; a < dimension; a++) product *= value[a][degrees[a]]
        values[i * count + j] += product
        for (let along = 0; along < dimension; along++) {
          let change = factor * slope[along][degrees[along]]
          for (let a = 0; a < dimension; a++) if (a !== along) change *= value[a][degrees[a]]
          slopes[(i * count + j) * dimension + along] += change
        }
      }
    }
  }
  return { values, slopes }
}
