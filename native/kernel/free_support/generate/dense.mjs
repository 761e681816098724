// Dense matrices in Float64Array, row after row. Only +, -, *, / and square roots are used, so every machine computes the
// same bits.

// A A' of a matrix of `rows` rows; the lower triangle.
export function gram(matrix, rows) {
  const columns = matrix.length / rows
  const product = new Float64Array(rows * rows)
  for (let i = 0; i < rows; i++) {
    const first = matrix.subarray(i * columns, (i + 1) * columns)
    for (let j = 0; j <= i; j++) {
      const second = matrix.subarray(j * columns, (j + 1) * columns)
      let even = 0
      let odd = 0
      let k = 0
      for (; k + 1 < columns; k += 2) {
        even += first[k] * second[k]
        odd += first[k + 1] * second[k + 1]
      }
      if (k < columns) even += first[k] * second[k]
      product[i * rows + j] = even + odd
    }
  }
  return product
}

// The Cholesky factor of a symmetric matrix whose lower triangle is given, with `shift` added to its diagonal, or
// undefined where it is not positive definite.
export function cholesky(lower, rows, shift) {
  const factor = Float64Array.from(lower)
  for (let i = 0; i < rows; i++) {
    factor[i * rows + i] += shift
    for (let j = 0; j <= i; j++) {
      let rest = factor[i * rows + j]
      for (let k = 0; k < j; k++) rest -= factor[i * rows + k] * factor[j * rows + k]
      if (i > j) factor[i * rows + j] = rest / factor[j * rows + j]
      else if (rest > 0) factor[i * rows + i] = Math.sqrt(rest)
      else return undefined
    }
  }
  return factor
}

// The solution of L L' y = right, in place.
export function solve(factor, rows, right) {
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < i; k++) right[i] -= factor[i * rows + k] * right[k]
    right[i] /= factor[i * rows + i]
  }
  for (let i = rows - 1; i >= 0; i--) {
    for (let k = i + 1; k < rows; k++) right[i] -= factor[k * rows + i] * right[k]
    right[i] /= factor[i * rows + i]
  }
  return right
}

// The trace of the inverse of L L'.
export function traceOfInverse(factor, rows) {
  let trace = 0
  const column = new Float64Array(rows)
  for (let c = 0; c < rows; c++) {
    column.fill(0)
    for (let i = c; i < rows; i++) {
      let rest = i === c ? 1 : 0
      for (let k = c; k < i; k++) rest -= factor[i * rows + k] * column[k]
      column[i] = rest / factor[i * rows + i]
      trace += column[i] * column[i]
    }
  }
  return trace
}
