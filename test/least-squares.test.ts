import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ErrorCode, type Numbers, nnls, nnlsSync } from '../lib/index.js'
import { bytesOf, EPS, fill, normal, seeded, uniform } from './fixtures.js'

// biome-ignore lint/suspicious/noExplicitAny: wrong values are the point of some tests
type Any = any

interface Problem {
  matrix: Numbers
  rhs: Numbers
  rows: number
  columns: number
}

// nnls() promises this bound of a column's product with the residual, relative to its norm times |b| + sum |a_j| x_j.
const DUAL = 2 ** -44

const norm = (v: Iterable<number>) => Math.hypot(...v)

function residualOf({ matrix, rhs, rows, columns }: Problem, x: Float64Array): Float64Array {
  return fill(rows, (i) => {
    let sum = rhs[i]
    for (let j = 0; j < columns; j++) sum -= matrix[i * columns + j] * x[j]
    return sum
  })
}

/** Checks the conditions of Karush, Kuhn and Tucker, which make x a minimiser, and all other promises. */
function expectSolved(problem: Problem, result: { x: Float64Array; residualNorm: number }, bound = DUAL): void {
  const { matrix, rows, columns, rhs } = problem
  const { x } = result
  expect(x.length).toBe(columns)
  const r = residualOf(problem, x)
  const norms = fill(columns, (j) => norm(fill(rows, (i) => matrix[i * columns + j])))
  let size = norm(rhs)
  for (let j = 0; j < columns; j++) size += norms[j] * x[j]
  let fault = ''
  for (let j = 0; j < columns; j++) {
    if (!(x[j] >= 0 && x[j] < Number.POSITIVE_INFINITY)) fault = `x[${j}] = ${x[j]}`
    let product = 0
    for (let i = 0; i < rows; i++) product += matrix[i * columns + j] * r[i]
    const relative = norms[j] === 0 ? 0 : product / norms[j] / size
    if (relative > bound) fault = `column ${j} would lower the residual: ${relative}`
    if (x[j] > 0 && relative < -bound) fault = `column ${j} of positive x raises it: ${relative}`
    if (norms[j] === 0 && x[j] !== 0) fault = `zero column ${j} has x ${x[j]}`
  }
  expect(fault).toBe('')
  expect(Math.abs(result.residualNorm - norm(r))).toBeLessThanOrEqual(64 * EPS * size)
}

function solve(problem: Problem) {
  const { matrix, rhs, rows, columns } = problem
  return nnlsSync(matrix, rhs, { rows, columns })
}

function random(rows: number, columns: number, seed: number): Problem {
  return { matrix: normal(rows * columns, 1, seed), rhs: normal(rows, 1, seed + 1000), rows, columns }
}

function product(matrix: Numbers, rows: number, columns: number, x: ArrayLike<number>): Float64Array {
  return fill(rows, (i) => {
    let sum = 0
    for (let j = 0; j < columns; j++) sum += matrix[i * columns + j] * x[j]
    return sum
  })
}

// ---- by brute force: the best of the least squares solutions with x >= 0, on all supports

/** Solves a square system by Gaussian elimination with pivoting; undefined when it is singular. */
function solveSquare(a: number[][], b: number[]): number[] | undefined {
  const n = b.length
  const m = a.map((row, i) => [...row, b[i]])
  for (let k = 0; k < n; k++) {
    let p = k
    for (let i = k + 1; i < n; i++) if (Math.abs(m[i][k]) > Math.abs(m[p][k])) p = i
    if (!(Math.abs(m[p][k]) > 1e-9)) return undefined
    ;[m[k], m[p]] = [m[p], m[k]]
    for (let i = k + 1; i < n; i++) {
      const f = m[i][k] / m[k][k]
      for (let j = k; j <= n; j++) m[i][j] -= f * m[k][j]
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let k = n - 1; k >= 0; k--) {
    x[k] = m[k][n]
    for (let j = k + 1; j < n; j++) x[k] -= m[k][j] * x[j]
    x[k] /= m[k][k]
  }
  return x
}

/** The least |A x - b| over x >= 0 with E x = f; infinite when there is none. */
function bruteForce(problem: Problem, constraints?: { matrix: Numbers; rhs: Numbers; rows: number }): number {
  const { matrix, rhs, rows, columns } = problem
  let best = Number.POSITIVE_INFINITY
  for (let support = 0; support < 2 ** columns; support++) {
    const on = Array.from({ length: columns }, (_, j) => j).filter((j) => support & (2 ** j))
    const p = constraints?.rows ?? 0
    const size = on.length + p
    // [A'A E'; E 0] (x; u) = (A'b; f)
    const kkt = Array.from({ length: size }, () => new Array<number>(size).fill(0))
    const right = new Array<number>(size).fill(0)
    on.forEach((a, s) => {
      on.forEach((b, t) => {
        for (let i = 0; i < rows; i++) kkt[s][t] += matrix[i * columns + a] * matrix[i * columns + b]
      })
      for (let i = 0; i < rows; i++) right[s] += matrix[i * columns + a] * rhs[i]
      for (let e = 0; e < p; e++) {
        kkt[s][on.length + e] = kkt[on.length + e][s] = (constraints as Any).matrix[e * columns + a]
      }
    })
    for (let e = 0; e < p; e++) right[on.length + e] = (constraints as Any).rhs[e]
    const solved = size === 0 ? [] : solveSquare(kkt, right)
    if (solved === undefined) continue
    const x = new Float64Array(columns)
    on.forEach((j, s) => {
      x[j] = solved[s]
    })
    if (x.some((v) => v < -1e-9)) continue
    if (constraints !== undefined) {
      const met = product(constraints.matrix, p, columns, x)
      if (met.some((v, e) => Math.abs(v - constraints.rhs[e]) > 1e-7)) continue
    }
    best = Math.min(best, norm(residualOf(problem, x)))
  }
  return best
}

describe('nnls', () => {
  it.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [5, 5],
    [21, 210],
    [56, 1000],
    [30, 4000],
    [100, 100],
    [200, 120],
    [300, 40],
    [1000, 50],
    [40, 3],
  ])('%i x %i: the optimality conditions', (rows, columns) => {
    for (let seed = 1; seed <= 5; seed++) {
      const problem = random(rows, columns, seed)
      expectSolved(problem, solve(problem))
    }
  })

  it('the same least residual as by brute force', () => {
    const draw = seeded(7)
    for (let trial = 0; trial < 150; trial++) {
      const rows = 1 + draw.below(8)
      const columns = 1 + draw.below(7)
      const problem = random(rows, columns, trial)
      const result = solve(problem)
      expectSolved(problem, result)
      expect(result.residualNorm).toBeLessThanOrEqual(bruteForce(problem) + 1e-12)
    }
  })

  it('meets what can be met, to a few epsilons, with independent columns', () => {
    for (const [rows, columns] of [
      [21, 210],
      [56, 1000],
      [120, 600],
    ]) {
      const matrix = normal(rows * columns, 1, rows)
      const x = fill(columns, (j) => (j % 3 === 0 ? 1 + (j % 5) : 0))
      const problem = { matrix, rhs: product(matrix, rows, columns, x), rows, columns }
      const result = solve(problem)
      expectSolved(problem, result)
      expect(result.residualNorm).toBeLessThanOrEqual(16 * EPS * norm(problem.rhs))
      expect(result.x.filter((v) => v > 0).length).toBeLessThanOrEqual(rows)
    }
  })

  it('finds the one solution where the columns are independent', () => {
    const rows = 80
    const columns = 30
    const matrix = normal(rows * columns, 1, 4)
    const x = fill(columns, (j) => (j % 2 === 0 ? 0 : j))
    const result = solve({ matrix, rhs: product(matrix, rows, columns, x), rows, columns })
    for (let j = 0; j < columns; j++) expect(Math.abs(result.x[j] - x[j])).toBeLessThanOrEqual(1e-12)
  })

  describe('awkward columns', () => {
    const rows = 12
    const columns = 30
    const shapes: [string, (i: number, j: number, value: number) => number][] = [
      ['zero columns', (_, j, v) => (j % 3 === 0 ? 0 : v)],
      ['zero rows', (i, _, v) => (i % 3 === 0 ? 0 : v)],
      ['all zero', () => 0],
      ['every column twice', (i, j) => Math.sin(1 + i * 31 + (j >> 1) * 7)],
      ['every column and its opposite', (i, j) => (j % 2 === 0 ? 1 : -1) * Math.sin(1 + i * 31 + (j >> 1) * 7)],
      ['all columns equal', (i) => i - 5],
      ['rank 2', (i, j) => Math.cos(i) * (j - 14) + Math.sin(i) * (j % 4)],
      ['nearly equal columns', (i, j) => Math.sin(i) + 1e-9 * Math.sin(1 + i * j)],
      ['closer than can be told', (i, j) => Math.sin(i) + 1e-15 * Math.sin(1 + i * j)],
      ['a Hilbert matrix', (i, j) => 1 / (i + j + 1)],
      ['powers', (i, j) => ((j + 0.5) / columns) ** i],
      ['norms from 1e-90 to 1e90', (_, j, v) => v * 10 ** (((j * 7) % 30) * 6 - 90)],
      ['rows from 1e-6 to 1e6', (i, _, v) => v * 10 ** (i - 6)],
      ['whole numbers', (_, __, v) => Math.round(v)],
      ['only -1, 0 and 1', (_, __, v) => Math.sign(Math.round(v))],
      ['no negative number', (_, __, v) => Math.abs(v)],
      ['no positive number', (_, __, v) => -Math.abs(v)],
    ]
    it.each(shapes)('%s', (_, value) => {
      const draws = normal(rows * columns, 1, 11)
      const matrix = fill(rows * columns, (at) => value(Math.floor(at / columns), at % columns, draws[at]))
      const sides = [
        normal(rows, 1, 5),
        fill(rows, () => 1),
        new Float64Array(rows),
        product(matrix, rows, columns, new Float64Array(columns).fill(1)),
        fill(rows, (i) => -matrix[i * columns]),
      ]
      for (const rhs of sides) {
        const problem = { matrix, rhs, rows, columns }
        expectSolved(problem, solve(problem))
        const upright = fill(rows * columns, (at) => matrix[(at % rows) * columns + Math.floor(at / rows)])
        const long = fill(columns, (i) => rhs[i % rows])
        const tall = { matrix: upright, rhs: long, rows: columns, columns: rows }
        expectSolved(tall, solve(tall))
      }
    })

    it('numbers near the ends of the range, exactly as without the factor', () => {
      const { matrix, rhs } = random(6, 9, 3)
      const { x } = solve({ matrix, rhs, rows: 6, columns: 9 })
      for (const [a, b] of [
        [2 ** 900, 1],
        [2 ** -900, 1],
        [1, 2 ** 900],
        [1, 2 ** -900],
        [2 ** 800, 2 ** 900],
      ]) {
        const scaled = nnlsSync(
          matrix.map((v) => v * a),
          rhs.map((v) => v * b),
          { rows: 6, columns: 9 },
        )
        scaled.x.forEach((v, j) => {
          expect(Math.abs(v * (a / b) - x[j])).toBeLessThanOrEqual(1e-13 * x[j])
        })
      }
    })
  })

  it('without rows: x = 0', async () => {
    const none = new Float64Array(0)
    expect(nnlsSync(none, none, { rows: 0, columns: 3 })).toEqual({
      x: new Float64Array(3),
      residualNorm: 0,
      iterations: 0,
    })
    expect((await nnls({ data: none, shape: [0, 2] }, none, { rows: 0 })).x).toEqual(new Float64Array(2))
  })

  it('rhs = 0, and a rhs at an obtuse angle to every column: x = 0', () => {
    const matrix = uniform(40, 1).map(Math.abs)
    expect(nnlsSync(matrix, new Float64Array(4), { columns: 10 }).x).toEqual(new Float64Array(10))
    expect(nnlsSync(matrix, new Float64Array(4).fill(-1), { columns: 10 })).toEqual({
      x: new Float64Array(10),
      residualNorm: 2,
      iterations: 0,
    })
  })

  it('property: optimal for whole numbers, where ties and dependence abound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }).chain((rows) =>
          fc.integer({ min: 1, max: 9 }).chain((columns) =>
            fc.record({
              rows: fc.constant(rows),
              columns: fc.constant(columns),
              matrix: fc.array(fc.integer({ min: -3, max: 3 }), {
                minLength: rows * columns,
                maxLength: rows * columns,
              }),
              rhs: fc.array(fc.integer({ min: -5, max: 5 }), { minLength: rows, maxLength: rows }),
            }),
          ),
        ),
        ({ rows, columns, matrix, rhs }) => {
          const problem = { rows, columns, matrix: Float64Array.from(matrix), rhs: Float64Array.from(rhs) }
          const result = solve(problem)
          expectSolved(problem, result)
          expect(result.residualNorm).toBeLessThanOrEqual(bruteForce(problem) + 1e-10)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('property: scaling and reordering change nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: -60, max: 60 }), (seed, power) => {
        const problem = random(8, 20, seed)
        const { residualNorm } = solve(problem)
        const factor = 2 ** power
        const scaled = solve({ ...problem, matrix: problem.matrix.map((v) => v * factor) })
        expect(Math.abs(scaled.residualNorm - residualNorm)).toBeLessThanOrEqual(1e-12)
        const backwards = { ...problem, matrix: problem.matrix.slice() }
        for (let i = 0; i < 8; i++) backwards.matrix.subarray(i * 20, i * 20 + 20).reverse()
        expect(Math.abs(solve(backwards).residualNorm - residualNorm)).toBeLessThanOrEqual(1e-12)
      }),
      { numRuns: 50 },
    )
  })

  it('the same bits with and without Sync, for any number of threads, every kind of array', async () => {
    for (const [rows, columns] of [
      [10, 25],
      [260, 9000],
      [500, 60],
    ]) {
      const { matrix, rhs } = random(rows, columns, 9)
      const expected = bytesOf(nnlsSync(matrix, rhs, { rows, columns }).x)
      for (const threads of [1, 2, 5]) {
        expect(bytesOf((await nnls(matrix, rhs, { rows, columns, threads })).x)).toBe(expected)
      }
      const turned = fill(rows * columns, (at) => matrix[(at % rows) * columns + Math.floor(at / rows)])
      const view = { data: turned, shape: [rows, columns], stride: [1, rows] }
      expect(bytesOf(nnlsSync(view, rhs).x)).toBe(expected)
    }
    const narrow = Float32Array.from(uniform(60, 1))
    const wide = Float64Array.from(narrow)
    expect(nnlsSync(narrow, narrow.subarray(0, 6), { columns: 10 })).toEqual(
      nnlsSync(wide, wide.subarray(0, 6), { columns: 10 }),
    )
  })

  it('writes to nothing that it was given, and copies before it returns', async () => {
    const { matrix, rhs } = random(30, 50, 2)
    const kept = [matrix.slice(), rhs.slice()]
    const expected = nnlsSync(matrix, rhs, { columns: 50 })
    expect([matrix, rhs]).toEqual(kept)
    const later = nnls(matrix, rhs, { columns: 50 })
    matrix.fill(Number.NaN)
    structuredClone(rhs.buffer, { transfer: [rhs.buffer as ArrayBuffer] })
    expect(await later).toEqual(expected)
  })

  it('an abort, before and during', async () => {
    const reason = new Error('enough')
    const { matrix, rhs } = random(600, 3000, 3)
    await expect(nnls(matrix, rhs, { columns: 3000, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const promise = nnls(matrix, rhs, { columns: 3000, threads: 1, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 5)
    await expect(promise).rejects.toBe(reason)
  })

  it('progress goes up', async () => {
    const { matrix, rhs } = random(300, 3000, 3)
    const seen: number[] = []
    await nnls(matrix, rhs, {
      columns: 3000,
      onProgress: ({ done, total, stage }) => {
        expect(stage).toBe('solve')
        expect(done).toBeLessThanOrEqual(total)
        seen.push(done / total)
      },
    })
    expect(seen.length).toBeGreaterThan(0)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })
})

describe('nnls with equality constraints', () => {
  interface Constraints {
    matrix: Numbers
    rhs: Numbers
    rows: number
  }

  /** Checks that x is feasible, and by multipliers, found by least squares on the support, that no feasible x is better. */
  function expectMet(constraints: Constraints, columns: number, x: Float64Array): void {
    const { matrix, rhs, rows } = constraints
    for (let i = 0; i < rows; i++) {
      let sum = -rhs[i]
      let size = Math.abs(rhs[i])
      for (let j = 0; j < columns; j++) {
        sum += matrix[i * columns + j] * x[j]
        size += Math.abs(matrix[i * columns + j]) * x[j]
      }
      expect(Math.abs(sum)).toBeLessThanOrEqual(64 * EPS * size)
    }
    expect(x.every((v) => v >= 0 && v < Number.POSITIVE_INFINITY)).toBe(true)
  }

  it('the same least residual as by brute force, or refused where there is none', () => {
    const draw = seeded(5)
    let refused = 0
    let solved = 0
    for (let trial = 0; trial < 200; trial++) {
      const rows = draw.below(6)
      const columns = 1 + draw.below(7)
      const p = 1 + draw.below(3)
      const problem = { ...random(Math.max(rows, 1), columns, trial), rows }
      problem.matrix = problem.matrix.slice(0, rows * columns)
      problem.rhs = problem.rhs.slice(0, rows)
      const matrix = normal(p * columns, 1, trial + 5000)
      const rhs =
        trial % 4 === 0 ? normal(p, 1, trial) : product(matrix, p, columns, uniform(columns, 1, trial).map(Math.abs))
      const constraints = { matrix, rhs, rows: p }
      // Without A, or where A x = b leaves x open, the square systems are singular. Rows of 1e-3 times the identity,
      // below those of A, prevent that.
      const open = {
        matrix: Float64Array.from([
          ...problem.matrix,
          ...fill(columns * columns, (at) => (at % (columns + 1) === 0 ? 1e-3 : 0)),
        ]),
        rhs: Float64Array.from([...problem.rhs, ...new Float64Array(columns)]),
        rows: rows + columns,
        columns,
      }
      const least = bruteForce(open, constraints)
      let result: { x: Float64Array; residualNorm: number } | undefined
      try {
        result = nnlsSync(open.matrix, open.rhs, { rows: open.rows, columns, equality: constraints })
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_INFEASIBLE' })
      }
      if (result === undefined) {
        expect(least).toBe(Number.POSITIVE_INFINITY)
        refused++
        continue
      }
      solved++
      expectMet(constraints, columns, result.x)
      expect(Math.abs(result.residualNorm - least)).toBeLessThanOrEqual(1e-9 * (1 + least))
    }
    expect(refused).toBeGreaterThan(10)
    expect(solved).toBeGreaterThan(80)
  })

  it('a projection onto the simplex', () => {
    const n = 200
    const identity = fill(n * n, (at) => (at % (n + 1) === 0 ? 1 : 0))
    const target = normal(n, 1, 8)
    const constraints = { matrix: new Float64Array(n).fill(1), rhs: Float64Array.of(1), rows: 1 }
    const { x } = nnlsSync(identity, target, { columns: n, equality: constraints })
    expectMet(constraints, n, x)
    // x_j = max(0, target_j - t), with t such that the sum is 1 (Held, Wolfe, Crowder 1974).
    const sorted = target.toSorted((a, b) => b - a)
    let sum = 0
    let t = 0
    sorted.forEach((v, k) => {
      sum += v
      if (v > (sum - 1) / (k + 1)) t = (sum - 1) / (k + 1)
    })
    for (let j = 0; j < n; j++) expect(Math.abs(x[j] - Math.max(0, target[j] - t))).toBeLessThanOrEqual(1e-13)
  })

  it('dependent and repeated constraints, zero rows among them', () => {
    const columns = 12
    const one = uniform(columns, 1, 3)
    const two = uniform(columns, 1, 4)
    const matrix = Float64Array.from([
      ...one,
      ...two,
      ...one,
      ...one.map((v, j) => v + two[j]),
      ...new Float64Array(columns),
    ])
    const x = uniform(columns, 1, 6).map(Math.abs)
    const constraints = { matrix, rhs: product(matrix, 5, columns, x), rows: 5 }
    const problem = random(20, columns, 3)
    const result = nnlsSync(problem.matrix, problem.rhs, { columns, equality: constraints })
    expectMet(constraints, columns, result.x)
    const two_ = { matrix: matrix.subarray(0, 2 * columns), rhs: constraints.rhs.subarray(0, 2), rows: 2 }
    const same = nnlsSync(problem.matrix, problem.rhs, { columns, equality: two_ })
    expect(Math.abs(result.residualNorm - same.residualNorm)).toBeLessThanOrEqual(1e-12)
  })

  it('as many constraints as unknowns, and a matrix without rows', () => {
    const columns = 8
    const matrix = normal(columns * columns, 1, 2)
    const x = uniform(columns, 1, 6).map(Math.abs)
    const constraints = { matrix, rhs: product(matrix, columns, columns, x), rows: columns }
    const problem = random(20, columns, 3)
    const { x: found } = nnlsSync(problem.matrix, problem.rhs, { columns, equality: constraints })
    found.forEach((v, j) => {
      expect(Math.abs(v - x[j])).toBeLessThanOrEqual(1e-11)
    })
    const none = new Float64Array(0)
    expectMet(constraints, columns, nnlsSync(none, none, { rows: 0, columns, equality: constraints }).x)
  })

  it('constraints and columns of very different size', () => {
    const columns = 40
    for (const [a, e] of [
      [1e-100, 1e100],
      [1e100, 1e-100],
      [1, 1e8],
    ]) {
      const problem = random(25, columns, 6)
      const matrix = uniform(2 * columns, 1, 7)
      const rhs = product(matrix, 2, columns, uniform(columns, 1, 8).map(Math.abs))
      const reference = nnlsSync(problem.matrix, problem.rhs, { columns, equality: { matrix, rhs, rows: 2 } })
      const scaled = nnlsSync(
        problem.matrix.map((v) => v * a),
        problem.rhs.map((v) => v * a),
        { columns, equality: { matrix: matrix.map((v) => v * e), rhs: rhs.map((v) => v * e), rows: 2 } },
      )
      expect(Math.abs(scaled.residualNorm / a - reference.residualNorm)).toBeLessThanOrEqual(1e-11)
      expectMet({ matrix, rhs, rows: 2 }, columns, reference.x)
    }
  })

  it('many unknowns, many constraints, the same bits later', async () => {
    const columns = 300
    const problem = random(40, columns, 6)
    const matrix = normal(15 * columns, 1, 7)
    const constraints = { matrix, rhs: product(matrix, 15, columns, uniform(columns, 1, 8).map(Math.abs)), rows: 15 }
    const now = nnlsSync(problem.matrix, problem.rhs, { columns, equality: constraints })
    expectMet(constraints, columns, now.x)
    const later = await nnls(problem.matrix, problem.rhs, { columns, threads: 3, equality: constraints })
    expect(bytesOf(later.x)).toBe(bytesOf(now.x))
    // Here the constraints and the target can be met together: 55 equations, 300 unknowns of the right sign.
    const all = { ...problem, matrix: Float64Array.from([...problem.matrix, ...matrix]), rows: 55 }
    const x = uniform(columns, 1, 9).map(Math.abs)
    const rhs = product(all.matrix, 55, columns, x)
    const exact = nnlsSync(problem.matrix, rhs.subarray(0, 40), {
      columns,
      equality: { matrix, rhs: rhs.subarray(40), rows: 15 },
    })
    expect(exact.residualNorm).toBeLessThanOrEqual(1e-12 * norm(rhs))
  })

  const refusals: [string, number[], number[], RegExp][] = [
    [
      'a negative total',
      [1, 1, 1],
      [-1],
      /no x >= 0.* is 1; .*row 0, where equality.rhs\[0\] is -1 and .* gives 0: .*no number below 0$/,
    ],
    [
      'contradiction',
      [1, 2, 3, 1, 2, 3],
      [1, 2],
      /least \|E x - f\| is 0\.707107; .*row 0, where equality\.rhs\[0\] is 1 and .* gives 1\.5$/,
    ],
    [
      'a zero row that should give 1',
      [0, 0, 0],
      [1],
      /rhs\[0\] is 1 and .* gives 0: that row of equality\.matrix is all 0$/,
    ],
    [
      'opposite demands',
      [1, 0, 0, 1, 1, 1],
      [2, 1],
      /least \|E x - f\|.*equality\.rhs\[\d\] is [12] and the nearest x >= 0 gives \d/,
    ],
  ]
  it.each(refusals)('ERR_INFEASIBLE: %s', async (_, matrix, rhs, says) => {
    const equality = { matrix: Float64Array.from(matrix), rhs: Float64Array.from(rhs), rows: rhs.length }
    const expected = { code: 'ERR_INFEASIBLE', message: expect.stringMatching(says) }
    const a = uniform(12, 1)
    expect(() => nnlsSync(a, uniform(4, 1), { columns: 3, equality })).toThrow(expect.objectContaining(expected))
    await expect(nnls(a, uniform(4, 1), { columns: 3, equality })).rejects.toMatchObject(expected)
  })
})

describe('nnls refuses', () => {
  const a = uniform(20, 1)
  const b = uniform(4, 1)
  const good = { columns: 5 }
  const e = { matrix: uniform(10, 1), rhs: uniform(2, 1), rows: 2 }
  const spoiled = (array: Float64Array, at: number, value: number) => array.map((v, i) => (i === at ? value : v))
  const transferred = (array: Float64Array) => {
    const copy = array.slice()
    structuredClone(copy.buffer, { transfer: [copy.buffer] })
    return copy
  }
  const cases: [string, string, ErrorCode, RegExp, Any, Any, Any][] = [
    ['a plain array', 'TypeError', 'ERR_SHAPE', /matrix.*Float64Array\.from/, [1, 2], b, good],
    ['nothing', 'TypeError', 'ERR_SHAPE', /matrix.*got undefined/, undefined, b, good],
    ['19 numbers', 'RangeError', 'ERR_SHAPE', /multiple of 5.*'columns'.*got 19/, a.subarray(1), b, good],
    ['an empty matrix', 'RangeError', 'ERR_SHAPE', /at least one row/, a.slice(0, 0), b, good],
    ['rows that are not there', 'RangeError', 'ERR_SHAPE', /4 rows.*'rows' is 3/, a, b, { columns: 5, rows: 3 }],
    ['no rows, but numbers', 'RangeError', 'ERR_SHAPE', /4 rows.*'rows' is 0/, a, b, { columns: 5, rows: 0 }],
    ['a short rhs', 'RangeError', 'ERR_SHAPE', /rhs.*4 in all, got 3/, a, b.subarray(1), good],
    ['a plain rhs', 'TypeError', 'ERR_SHAPE', /rhs must be.*Float64Array\.from/, a, [1, 2, 3, 4], good],
    ['no rhs', 'TypeError', 'ERR_SHAPE', /rhs.*got undefined/, a, undefined, good],
    [
      'columns of another number',
      'RangeError',
      'ERR_SHAPE',
      /5 columns.*is 4/,
      { data: a, shape: [4, 5] },
      b,
      { columns: 4 },
    ],
    ['a NaN', 'RangeError', 'ERR_NOT_FINITE', /matrix, row 3, column 2 is NaN/, spoiled(a, 17, Number.NaN), b, good],
    ['an infinity', 'RangeError', 'ERR_NOT_FINITE', /row 0, column 4 is Infinity/, spoiled(a, 4, 1 / 0), b, good],
    [
      '-Infinity in the rhs',
      'RangeError',
      'ERR_NOT_FINITE',
      /rhs, row 2, column 0 is -Inf/,
      a,
      spoiled(b, 2, -1 / 0),
      good,
    ],
    [
      'a NaN in E',
      'RangeError',
      'ERR_NOT_FINITE',
      /equality\.matrix, row 1, column 0/,
      a,
      b,
      { ...good, equality: { ...e, matrix: spoiled(e.matrix, 5, Number.NaN) } },
    ],
    [
      'a NaN in f',
      'RangeError',
      'ERR_NOT_FINITE',
      /equality\.rhs, row 1/,
      a,
      b,
      { ...good, equality: { ...e, rhs: spoiled(e.rhs, 1, Number.NaN) } },
    ],
    ['a transferred matrix', 'TypeError', 'ERR_DETACHED', /matrix.*transferred/, transferred(a), b, good],
    ['a transferred rhs', 'TypeError', 'ERR_DETACHED', /rhs.*transferred/, a, transferred(b), good],
    [
      'a transferred E',
      'TypeError',
      'ERR_DETACHED',
      /equality\.matrix/,
      a,
      b,
      { ...good, equality: { ...e, matrix: transferred(e.matrix) } },
    ],
    ['no columns', 'TypeError', 'ERR_OPTION', /'columns' must be given/, a, b, {}],
    [
      'no columns and no rows',
      'TypeError',
      'ERR_OPTION',
      /'columns' must be given/,
      a.slice(0, 0),
      b.slice(0, 0),
      { rows: 0 },
    ],
    ['0 columns', 'RangeError', 'ERR_OPTION', /'columns' must be a whole number from 1/, a, b, { columns: 0 }],
    ['half a row', 'RangeError', 'ERR_OPTION', /'rows' must be a whole number.*2\.5/, a, b, { columns: 5, rows: 2.5 }],
    ['a word for columns', 'TypeError', 'ERR_OPTION', /'columns'.*'5'/, a, b, { columns: '5' }],
    ['no threads', 'RangeError', 'ERR_OPTION', /'threads'.*got 0/, a, b, { columns: 5, threads: 0 }],
    ['a slip', 'TypeError', 'ERR_OPTION', /'colums', did you mean 'columns'/, a, b, { colums: 5 }],
    [
      'a slip in equality',
      'TypeError',
      'ERR_OPTION',
      /'equality'.*'matrx', did you mean 'matrix'/,
      a,
      b,
      { ...good, equality: { ...e, matrx: 1 } },
    ],
    [
      'an unknown option',
      'TypeError',
      'ERR_OPTION',
      /unknown option 'tolerance'; the options are rows, columns/,
      a,
      b,
      { ...good, tolerance: 1 },
    ],
    [
      'equality that is no object',
      'TypeError',
      'ERR_OPTION',
      /'equality' must be \{ matrix, rhs, rows \}, got 3/,
      a,
      b,
      { ...good, equality: 3 },
    ],
    ['equality null', 'TypeError', 'ERR_OPTION', /got null/, a, b, { ...good, equality: null }],
    ['an array for equality', 'TypeError', 'ERR_OPTION', /plain array/, a, b, { ...good, equality: [e] }],
    [
      'E of other columns',
      'RangeError',
      'ERR_SHAPE',
      /equality\.matrix.*multiple of 5.*got 9/,
      a,
      b,
      { ...good, equality: { ...e, matrix: e.matrix.subarray(1) } },
    ],
    [
      'E of other rows',
      'RangeError',
      'ERR_SHAPE',
      /2 rows.*equality\.rows is 3/,
      a,
      b,
      { ...good, equality: { ...e, rows: 3 } },
    ],
    [
      'a short f',
      'RangeError',
      'ERR_SHAPE',
      /equality\.rhs.*2 in all, got 1/,
      a,
      b,
      { ...good, equality: { ...e, rhs: e.rhs.subarray(1) } },
    ],
    [
      'no f',
      'TypeError',
      'ERR_SHAPE',
      /equality\.rhs.*got undefined/,
      a,
      b,
      { ...good, equality: { matrix: e.matrix } },
    ],
    ['options that are none', 'TypeError', 'ERR_OPTION', /options must be an object/, a, b, 5],
  ]
  it.each(cases)('%s: %s %s', async (_, kind, code, says, matrix, rhs, options) => {
    const expected = { name: kind, code, message: expect.stringMatching(says) }
    expect(() => nnlsSync(matrix, rhs, options)).toThrow(expect.objectContaining(expected))
    await expect(nnls(matrix, rhs, options)).rejects.toMatchObject(expected)
  })

  it('signal and onProgress in the Sync form, and of the wrong kind', async () => {
    for (const option of [{ signal: new AbortController().signal }, { onProgress: () => {} }]) {
      expect(() => nnlsSync(a, b, { ...good, ...option } as Any)).toThrow(/works with nnls\(\) only/)
    }
    await expect(nnls(a, b, { ...good, signal: 1 } as Any)).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await expect(nnls(a, b, { ...good, onProgress: 1 } as Any)).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })

  it('reads every option once', () => {
    const reads: string[] = []
    const watch = (object: object): Any =>
      new Proxy(object, {
        get(target, name, receiver) {
          reads.push(String(name))
          return Reflect.get(target, name, receiver)
        },
      })
    nnlsSync(a, b, watch({ columns: 5, equality: watch({ ...e, rhs: product(e.matrix, 2, 5, [1, 1, 1, 1, 1]) }) }))
    expect(reads.toSorted()).toEqual(['columns', 'equality', 'matrix', 'rhs', 'rows', 'rows', 'threads'])
  })
})
