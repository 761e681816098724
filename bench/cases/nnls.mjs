// Non-negative least squares beside what others have: SciPy's nnls (python3, else /usr/bin/python3, whichever has SciPy;
// the same problems through a file) and ml-fcnnls from npm. Process CPU time of one thread, calls and checks included:
// for ours a loop of nnlsSync() over JavaScript arrays, for SciPy a loop of nnls() over NumPy arrays.
//
// Problems: moments of 2D points (Legendre products, total degree), with a solution by construction, many small ones and
// two larger; and tall random ones, about half of whose unknowns are positive. The residual is |A x - b| / |b| of each
// one's x, summed here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fcnnlsVector } from 'ml-fcnnls'
import { Matrix } from 'ml-matrix'
import { random } from '../../demo/random.mjs'
import { multiIndices, nnlsSync } from '../../dist/index.js'
import { EPS, median, timed } from '../measure.mjs'
import { inPython } from '../python.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Non-negative least squares: ours, SciPy, ml-fcnnls'
export const seed = 1

// ml-fcnnls takes minutes for the others.
const MAX_FOR_PACKAGE = 50_000

export function cases({ small }) {
  const list = [
    { kind: 'moments', order: 5, columns: 210, count: small ? 50 : 4762 },
    { kind: 'moments', order: 9, columns: 1000, count: small ? 2 : 50 },
    { kind: 'moments', order: 19, columns: 2000, count: small ? 1 : 5 },
    { kind: 'tall', rows: 1000, columns: 50, count: small ? 2 : 50 },
  ]
  return list.map((one) => ({ ...one, rows: one.rows ?? ((one.order + 1) * (one.order + 2)) / 2 }))
}

export function run(parameters, trials) {
  const problems = makeProblems(parameters)
  const ours = measured(problems, trials, ({ matrix, rhs, rows, columns }) => {
    return nnlsSync(matrix, rhs, { rows, columns }).x
  })
  return { ours, scipy: scipy(problems, trials), package: fcnnls(problems, parameters) }
}

function makeProblems({ kind, order, rows, columns, count }) {
  const { uniform } = random(seed)
  const symmetric = () => 2 * uniform() - 1
  return Array.from({ length: count }, () => {
    const matrix = new Float64Array(rows * columns)
    const rhs = new Float64Array(rows)
    if (kind === 'tall') {
      for (let i = 0; i < matrix.length; i++) matrix[i] = symmetric()
      for (let i = 0; i < rows; i++) rhs[i] = symmetric()
    } else {
      const indices = multiIndices(2, order)
      for (let j = 0; j < columns; j++) {
        const [x, y, weight] = [symmetric(), symmetric(), uniform()]
        const [p, q] = [legendre(x, order), legendre(y, order)]
        for (let e = 0; e < rows; e++) {
          matrix[e * columns + j] = p[indices[2 * e]] * q[indices[2 * e + 1]]
          rhs[e] += weight * matrix[e * columns + j]
        }
      }
    }
    return { matrix, rhs, rows, columns }
  })
}

function legendre(x, order) {
  const p = [1, x]
  for (let j = 1; j < order; j++) p.push(((2 * j + 1) * x * p[j] - j * p[j - 1]) / (j + 1))
  return p
}

function measured(problems, trials, solve) {
  const solutions = problems.map(solve)
  const times = Array.from({ length: trials }, () => {
    const { user, system } = timed(() => problems.map(solve))
    return (1000 * (user + system)) / problems.length
  })
  return { microseconds: median(times), ...quality(problems, solutions) }
}

function quality(problems, solutions) {
  let residual = 0
  let kept = 0
  problems.forEach(({ matrix, rhs, rows, columns }, k) => {
    const x = solutions[k]
    let square = 0
    let size = 0
    for (let i = 0; i < rows; i++) {
      let sum = -rhs[i]
      for (let j = 0; j < columns; j++) sum += matrix[i * columns + j] * x[j]
      square += sum * sum
      size += rhs[i] * rhs[i]
    }
    residual = Math.max(residual, Math.sqrt(square / size))
    kept = Math.max(kept, x.filter((value) => value > 0).length)
  })
  return { residual, kept }
}

// argv: folder, rows, columns, count, trials; out: x of all problems in a file, and the median.
const PYTHON = `
import sys, time, numpy, scipy
from scipy.optimize import nnls
folder, rows, columns, count, trials = sys.argv[1], *map(int, sys.argv[2:6])
data = numpy.fromfile(folder + '/problems').reshape(count, rows * columns + rows)
problems = [(d[:rows * columns].reshape(rows, columns).copy(), d[rows * columns:].copy()) for d in data]
solve = lambda: [nnls(a, b, maxiter=100 * columns)[0] for a, b in problems]
x = solve()
times = []
for _ in range(trials):
    before = time.process_time()
    solve()
    times.append((time.process_time() - before) / count * 1e6)
numpy.concatenate(x).tofile(folder + '/solutions')
print(sorted(times)[trials // 2], scipy.__version__)
`

/** SciPy's, or the reason why there is no number. */
function scipy(problems, trials) {
  const [{ rows, columns }] = problems
  const content = Buffer.concat(problems.flatMap(({ matrix, rhs }) => [bytes(matrix), bytes(rhs)]))
  const read = (stdout, folder) => {
    const [microseconds, version] = stdout.trim().split(' ')
    const all = new Float64Array(new Uint8Array(readFileSync(join(folder, 'solutions'))).buffer)
    const solutions = problems.map((_, k) => all.subarray(k * columns, (k + 1) * columns))
    return { microseconds: Number(microseconds), version, ...quality(problems, solutions) }
  }
  const parameters = [rows, columns, problems.length, trials]
  return inPython(['-c', PYTHON], { problems: content }, parameters, read) ?? { none: 'no python3 here has SciPy' }
}

function bytes({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function fcnnls(problems, { rows, columns }) {
  if (rows * columns > MAX_FOR_PACKAGE) return { none: 'takes minutes' }
  const few = problems.slice(0, 3)
  const inputs = few.map(({ matrix, rhs }) => [Matrix.from1DArray(rows, columns, matrix), Array.from(rhs)])
  try {
    const solutions = []
    const { user, system } = timed(() => {
      for (const [matrix, rhs] of inputs) solutions.push(Float64Array.from(fcnnlsVector(matrix, rhs).K.to1DArray()))
    })
    return { microseconds: (1000 * (user + system)) / few.length, ...quality(few, solutions) }
  } catch (error) {
    return { none: `throws ${error.message}` }
  }
}

export function report(results) {
  const time = (one) => (one.none ? '-' : one.microseconds.toPrecision(4))
  const residual = (one) =>
    one.none ? '-' : one.residual < 1e-10 ? `${(one.residual / EPS).toFixed(1)} eps` : one.residual.toPrecision(6)
  const lines = tableOf(results, [
    ['problem', ({ kind, rows, columns }) => `${kind} ${rows} x ${columns}`],
    ['count', ({ count }) => count],
    ['ours us', ({ ours }) => time(ours)],
    ['SciPy us', ({ scipy }) => time(scipy)],
    ['ratio', ({ ours, scipy }) => (scipy.none ? '-' : (scipy.microseconds / ours.microseconds).toFixed(1))],
    ['ml-fcnnls us', ({ package: other }) => time(other)],
    ['residual: ours', ({ ours }) => residual(ours)],
    ['SciPy', ({ scipy }) => residual(scipy)],
    ['ml-fcnnls', ({ package: other }) => residual(other)],
  ])
  const version = results.find(({ scipy }) => scipy.version)?.scipy.version
  const notes = [
    'microseconds of CPU for one problem, medians; ratio: SciPy over ours',
    version ? `SciPy ${version}` : results[0].scipy.none,
    ...new Set(results.map(({ package: other }) => other.none && `ml-fcnnls: ${other.none}`).filter(Boolean)),
  ]
  return [lines, '', ...notes].join('\n')
}
