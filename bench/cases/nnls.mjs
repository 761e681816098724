// Non-negative least squares beside what others have: SciPy's nnls (python3, else /usr/bin/python3, whichever has SciPy;
// the same problems through a file) and ml-fcnnls from npm. Process CPU time of one thread, calls and checks included:
// for ours a loop of nnlsSync() over JavaScript arrays, for SciPy a loop of nnls() over NumPy arrays.
//
// Problems: moments of 2D points (Legendre products, total degree), with a solution by construction, many small ones and
// two larger; and tall random ones, about half of whose unknowns are positive. The residual is |A x - b| / |b| of each
// one's x, summed here.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../demo/random.mjs'
import { textTable } from '../../demo/table.mjs'
import { multiIndices, nnlsSync } from '../../dist/index.js'
import { EPS, timed } from '../measure.mjs'

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

export async function run(parameters, trials) {
  const problems = makeProblems(parameters)
  const ours = await measured(problems, trials, ({ matrix, rhs, rows, columns }) => {
    return nnlsSync(matrix, rhs, { rows, columns }).x
  })
  return { ours, scipy: scipy(problems, trials), package: await fcnnls(problems, parameters) }
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

async function measured(problems, trials, solve) {
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

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

// stdin: nothing; argv: file in, file out, rows, columns, count, trials; out: x of all problems, then the medians.
const PYTHON = `
import os
os.environ['OPENBLAS_NUM_THREADS'] = '1'
import sys, time, numpy, scipy
from scipy.optimize import nnls
source, to, rows, columns, count, trials = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7])
data = numpy.fromfile(source).reshape(count, rows * columns + rows)
problems = [(d[:rows * columns].reshape(rows, columns).copy(), d[rows * columns:].copy()) for d in data]
solve = lambda: [nnls(a, b, maxiter=100 * columns)[0] for a, b in problems]
x = solve()
times = []
for _ in range(trials):
    before = time.process_time()
    solve()
    times.append((time.process_time() - before) / count * 1e6)
numpy.concatenate(x).tofile(to)
print(sorted(times)[trials // 2], scipy.__version__)
`

/** The first Python with SciPy, or the reason why there is no number. */
function scipy(problems, trials) {
  const [{ rows, columns }] = problems
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-'))
  try {
    const source = join(folder, 'problems')
    const to = join(folder, 'solutions')
    writeFileSync(source, Buffer.concat(problems.flatMap(({ matrix, rhs }) => [bytes(matrix), bytes(rhs)])))
    const parameters = [source, to, rows, columns, problems.length, trials].map(String)
    for (const python of ['python3', '/usr/bin/python3']) {
      const { status, stdout } = spawnSync(python, ['-c', PYTHON, ...parameters], { encoding: 'utf8' })
      if (status !== 0) continue
      const [microseconds, version] = stdout.trim().split(' ')
      const all = new Float64Array(new Uint8Array(readFileSync(to)).buffer)
      const solutions = problems.map((_, k) => all.subarray(k * columns, (k + 1) * columns))
      return { microseconds: Number(microseconds), version, ...quality(problems, solutions) }
    }
    return { none: 'no python3 here has SciPy' }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function bytes({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength)
}

async function fcnnls(problems, { rows, columns }) {
  if (rows * columns > MAX_FOR_PACKAGE) return { none: 'takes minutes' }
  let module
  try {
    module = await Promise.all([import('ml-fcnnls'), import('ml-matrix')])
  } catch {
    return { none: 'ml-fcnnls is not installed' }
  }
  const [{ fcnnlsVector: solve }, { Matrix }] = module
  const few = problems.slice(0, 3)
  const inputs = few.map(({ matrix, rhs }) => [Matrix.from1DArray(rows, columns, matrix), Array.from(rhs)])
  try {
    const solutions = []
    const { user, system } = timed(() => {
      for (const [matrix, rhs] of inputs) solutions.push(Float64Array.from(solve(matrix, rhs).K.to1DArray()))
    })
    return { microseconds: (1000 * (user + system)) / few.length, ...quality(few, solutions) }
  } catch (error) {
    return { none: `throws ${error.message}` }
  }
}

export function report(results) {
  const head = [
    'problem',
    'count',
    'ours us',
    'SciPy us',
    'ratio',
    'ml-fcnnls us',
    'residual: ours',
    'SciPy',
    'ml-fcnnls',
  ]
  const time = (one) => (one.none ? '-' : one.microseconds.toPrecision(4))
  const residual = (one) =>
    one.none ? '-' : one.residual < 1e-10 ? `${(one.residual / EPS).toFixed(1)} eps` : one.residual.toPrecision(6)
  const lines = results.map(({ rows, columns, kind, count, ours, scipy, package: other }) => [
    `${kind} ${rows} x ${columns}`,
    String(count),
    time(ours),
    time(scipy),
    scipy.none ? '-' : `${(scipy.microseconds / ours.microseconds).toFixed(1)}`,
    time(other),
    residual(ours),
    residual(scipy),
    residual(other),
  ])
  const version = results.find(({ scipy }) => scipy.version)?.scipy.version
  const notes = [
    'microseconds of CPU for one problem, medians; ratio: SciPy over ours',
    version ? `SciPy ${version}` : results[0].scipy.none,
    ...new Set(results.map(({ package: other }) => other.none && `ml-fcnnls: ${other.none}`).filter(Boolean)),
  ]
  return [textTable(head, lines), '', ...notes].join('\n')
}
