// Least squares with non-negative unknowns, and equality constraints if wanted.
import { describe, rangeError, typeError } from '../errors.js'
import {
  type AsyncOptions,
  type OptionValues,
  onlyAsync,
  optional,
  readOptions,
  shared,
  type ThreadOptions,
  wholeNumber,
} from '../input/options.js'
import { isNumbers, type PointsInput, readPoints, readWeights } from '../input/points.js'
import { type NativeNnls, type NativeNnlsInput, type Numbers, native } from '../native/addon.js'
import { runJob } from '../native/job.js'

/** Constraints E x = f. */
export interface Equality {
  /** E: rows x columns numbers, row-major, or an ndarray-like object. */
  matrix: PointsInput
  /** f: one number a row. */
  rhs: Numbers
  /** Rows of E. May be left out: it follows from the length, or from the shape. */
  rows?: number | undefined
}

export interface NnlsSyncOptions extends ThreadOptions {
  /** Rows of A. May be left out: it follows from the length and `columns`, or from the shape. 0 is allowed. */
  rows?: number | undefined
  /** Unknowns, the columns of A. Must be given with a typed array; may be left out with an ndarray-like object. */
  columns?: number | undefined
  /** E x = f, to be met exactly. Default: none. */
  equality?: Equality | undefined
}

export interface NnlsOptions extends NnlsSyncOptions, AsyncOptions {}

export interface NnlsResult {
  /** One number >= 0 a column. Mostly zeros: the columns of the others are linearly independent. */
  x: Float64Array
  /** |A x - b|, the square root of the sum of squares. */
  residualNorm: number
  /** Columns that were taken into the solution on the way. */
  iterations: number
}

const MAX_COLUMNS = 2 ** 31 - 1

const table = {
  rows: optional(wholeNumber(0, 2 ** 32 - 1)),
  columns: optional(wholeNumber(1, MAX_COLUMNS)),
  equality: optional(equality),
  // Read only when the matrix is large enough for a second thread to help: asking the system takes longer than a small
  // problem.
  threads: optional(shared.threads.check),
}
const asyncTable = { ...table, signal: shared.signal, onProgress: shared.onProgress }
const equalityTable = {
  matrix: { check: (value: unknown) => value as PointsInput, missing: () => undefined },
  rhs: { check: (value: unknown) => value as Numbers, missing: () => undefined },
  rows: optional(wholeNumber(1, 2 ** 32 - 1)),
}
type EqualityValues = OptionValues<typeof equalityTable>

function equality(value: unknown, where: string): EqualityValues {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw typeError('ERR_OPTION', `${where} must be { matrix, rhs, rows }, got ${describe(value)}`)
  }
  return readOptions(where, value, equalityTable)
}

// Numbers of the matrix below which a second thread cannot help.
const SMALL = 2 ** 20

/**
 * Minimises |A x - b|, the Euclidean norm, over all x >= 0 with E x = f.
 *
 * The active-set method of Lawson and Hanson (1974) with an orthogonal factorisation that is updated with each column
 * that comes or goes, steepest column first, and iterative refinement. Columns may be zero, equal, linearly dependent or
 * of very different norms; A may have more columns than rows, or more rows than columns. Equality constraints are met
 * exactly (method of multipliers, then the null space of E on the columns found); dependent ones are allowed.
 *
 * On return the Karush-Kuhn-Tucker conditions hold to rounding: with r = b - A x and s = |b| + sum |a_j| x_j, every
 * column has a_j.r <= 2^-44 |a_j| s, and the columns of positive x_j have |a_j.r| below that as well. When A x = b has a
 * solution x >= 0, |r| is a few epsilons of s. The minimum of |r| is unique, x need not be.
 *
 * Copies the input before it returns. Time about rows * columns for each column taken in; memory the copy of A, and
 * rows * min(rows, columns) at most.
 *
 * @param matrix A: rows x columns numbers, row-major, or `{ data, shape: [rows, columns], stride?, offset? }`
 * @param rhs b: one number a row
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_NOT_FINITE (names row and column), ERR_INFEASIBLE (no x >= 0 has
 * E x = f; the message has the least |E x - f| and the row that is furthest off), ERR_MEMORY, ERR_NO_BINARY, or with the signal's reason.
 */
export async function nnls(matrix: PointsInput, rhs: Numbers, options: NnlsOptions = {}): Promise<NnlsResult> {
  const values = readOptions('nnls', options, asyncTable)
  const input = readInput('nnls', matrix, rhs, values)
  return toResult(await runJob((progress) => native().nnls(input, progress), values))
}

/** As nnls(), but blocks until all is done and throws what nnls() rejects with. The same bits. */
export function nnlsSync(matrix: PointsInput, rhs: Numbers, options: NnlsSyncOptions = {}): NnlsResult {
  const values = readOptions('nnlsSync', options, table, ONLY_ASYNC)
  return toResult(native().nnlsSync(readInput('nnlsSync', matrix, rhs, values)))
}

const ONLY_ASYNC = onlyAsync('nnls')

function readInput(
  caller: string,
  matrix: unknown,
  rhs: unknown,
  options: OptionValues<typeof table>,
): NativeNnlsInput {
  const where = `${caller}: matrix`
  const names = { where, dimensionOption: "option 'columns'" }
  const input: NativeNnlsInput = { columns: 0, threads: 1 }
  if (hasNoRows(matrix, options)) {
    input.columns = columnsOfNone(matrix, options, where)
    readRhs(rhs, 0, `${caller}: rhs`)
  } else {
    const points = readPoints(matrix, options.columns, names)
    checkRows(options.rows, points.count, where, "option 'rows'")
    input.columns = points.dimension
    input.matrix = points
    input.rhs = readRhs(rhs, points.count, `${caller}: rhs`)
  }
  if (options.equality !== undefined) readEquality(caller, options.equality, input)
  const numbers = (input.matrix?.count ?? 0) * input.columns
  if (numbers >= SMALL) input.threads = options.threads ?? shared.threads.missing('')
  return input
}

function readEquality(caller: string, given: EqualityValues, input: NativeNnlsInput): void {
  const where = `${caller}: equality.matrix`
  const points = readPoints(given.matrix, input.columns, { where, dimensionOption: "option 'columns'" })
  checkRows(given.rows, points.count, where, 'equality.rows')
  input.equalityMatrix = points
  input.equalityRhs = readRhs(given.rhs, points.count, `${caller}: equality.rhs`)
}

function readRhs(rhs: unknown, rows: number, where: string): Numbers {
  if (!isNumbers(rhs)) {
    const hint = Array.isArray(rhs) || ArrayBuffer.isView(rhs) ? ' (Float64Array.from makes one)' : ''
    throw typeError('ERR_SHAPE', `${where} must be a Float64Array or Float32Array${hint}, got ${describe(rhs)}`)
  }
  return readWeights(rhs, rows, where) as Numbers
}

function checkRows(told: number | undefined, rows: number, where: string, name: string): void {
  if (told === undefined || told === rows) return
  throw rangeError('ERR_SHAPE', `${where} has ${rows} rows, but ${name} is ${told}`)
}

/** A system without equations: an empty typed array, or a shape [0, columns], with `rows` 0 or left out. */
function hasNoRows(matrix: unknown, { rows }: OptionValues<typeof table>): boolean {
  if (rows !== undefined && rows !== 0) return false
  if (isNumbers(matrix)) return matrix.length === 0 && rows === 0
  return rows === 0 && typeof matrix === 'object' && matrix !== null && 'shape' in matrix
}

function columnsOfNone(matrix: unknown, { columns }: OptionValues<typeof table>, where: string): number {
  if (columns !== undefined) return columns
  const shape = isNumbers(matrix) ? undefined : (matrix as { shape: ArrayLike<unknown> }).shape
  const told = shape?.[0] === 0 ? shape[1] : undefined
  if (typeof told === 'number' && Number.isInteger(told) && told >= 1 && told <= MAX_COLUMNS) return told
  throw typeError('ERR_OPTION', `${where}: option 'columns' must be given: how many numbers a row has`)
}

function toResult({ x, residualNorm, iterations }: NativeNnls): NnlsResult {
  return { x, residualNorm, iterations }
}
