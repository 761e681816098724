// Least squares with non-negative unknowns, perhaps under equality constraints.
import { describe, rangeError, typeError } from '../errors.js'
import { bothForms } from '../input/both-forms.js'
import {
  type AsyncOptions,
  isRecord,
  type OptionValues,
  optional,
  readOptions,
  shared,
  type ThreadOptions,
  typedNumbers,
  wholeNumber,
} from '../input/options.js'
import { isNumbers, type PointsInput, readPoints, readWeights } from '../input/points.js'
import type { NativeNnlsInput, Numbers } from '../surface.js'

/** Constraints E x = f. */
export interface Equality {
  /** E: rows x columns numbers, row-major, or an ndarray-like object. */
  matrix: PointsInput
  /** f: one number per row of E. */
  rhs: Numbers
  /** Rows of E. May be left out: it follows from the length, or from the shape. */
  rows?: number | undefined
}

/** What nnlsSync() may be told. */
export interface NnlsSyncOptions extends ThreadOptions {
  /** Rows of A. May be left out: it follows from the length and `columns`, or from the shape. 0 is allowed. */
  rows?: number | undefined
  /** Columns of A, the number of unknowns. Must be given with a typed array; may be left out with an ndarray-like object. */
  columns?: number | undefined
  /** Constraints E x = f, which are met exactly. Default: none. */
  equality?: Equality | undefined
}

/** What nnls() may be told: the options of nnlsSync(), and those of a call that does not block. */
export interface NnlsOptions extends NnlsSyncOptions, AsyncOptions {}

/** The solution of a non-negative least squares problem. */
export interface NnlsResult {
  /** One number >= 0 per column. The columns of its positive numbers are linearly independent, so most numbers are 0. */
  x: Float64Array
  /** |A x - b|, the Euclidean norm, in the unit of b. */
  residualNorm: number
  /** How often a column was taken into the solution. */
  iterations: number
}

const MAX_COLUMNS = 2 ** 31 - 1

const table = {
  rows: optional(wholeNumber(0, 2 ** 32 - 1)),
  columns: optional(wholeNumber(1, MAX_COLUMNS)),
  equality: optional(equality),
  // The default is looked up only for a matrix large enough for a second thread to help: asking the system for the number
  // of processors takes longer than a small problem.
  threads: optional(shared.threads.check),
}
type Values = OptionValues<typeof table>
const forms = bothForms('nnls', table, readInput)
const equalityTable = {
  matrix: { check: (value: unknown) => value as PointsInput, missing: () => undefined },
  rhs: { check: (value: unknown) => value as Numbers, missing: () => undefined },
  rows: optional(wholeNumber(1, 2 ** 32 - 1)),
}
type EqualityValues = OptionValues<typeof equalityTable>

function equality(value: unknown, where: string): EqualityValues {
  if (!isRecord(value)) throw typeError('ERR_OPTION', `${where} must be { matrix, rhs, rows }, got ${describe(value)}`)
  return readOptions(where, value, equalityTable)
}

// A second thread does not help where the matrix has fewer numbers.
const SMALL = 2 ** 20

/**
 * Non-negative least squares: minimises |A x - b|, the Euclidean norm, over all x >= 0 with E x = f.
 *
 * Columns may be zero, equal, linearly dependent or of very different norms. A may have more columns than rows, or more
 * rows than columns. Equality constraints are met exactly; dependent ones are allowed. The minimum of |A x - b| is unique;
 * x need not be.
 *
 * Accuracy: the Karush-Kuhn-Tucker conditions hold to rounding. With r = b - A x and s = |b| + sum |a_j| x_j, every column
 * has a_j.r <= 2^-44 |a_j| s, and a column of positive x_j has |a_j.r| below that bound. Where A x = b has a solution
 * x >= 0, |r| is a few machine epsilons of s.
 *
 * Cost: time about rows * columns per iteration; memory the copy of A, and at most rows * min(rows, columns) numbers more.
 *
 * The input is never written to. It is copied before this returns, so it may be changed or transferred afterwards.
 *
 * Rejects with ERR_SHAPE, ERR_DETACHED, ERR_OPTION, ERR_NOT_FINITE (names row and column), ERR_INFEASIBLE (no x >= 0 has
 * E x = f; the message has the least |E x - f| and the row that is furthest off), ERR_MEMORY, ERR_NO_BINARY, or with the
 * signal's reason.
 *
 * Source: the active-set method of C. L. Lawson, R. J. Hanson, Solving least squares problems (1974), with an orthogonal
 * factorisation that is updated per column, the steepest column first, and iterative refinement. Equality constraints by
 * the method of multipliers, then by the null space of E on the columns found.
 *
 * @param matrix A: rows x columns numbers, row-major (Float64Array or Float32Array), or
 * `{ data, shape: [rows, columns], stride?, offset? }`
 * @param rhs b: one number per row of A
 */
export async function nnls(matrix: PointsInput, rhs: Numbers, options: NnlsOptions = {}): Promise<NnlsResult> {
  return forms.run(options, matrix, rhs)
}

/** As nnls(), but blocks until the end and throws the errors with which nnls() rejects. The same bits. */
export function nnlsSync(matrix: PointsInput, rhs: Numbers, options: NnlsSyncOptions = {}): NnlsResult {
  return forms.runSync(options, matrix, rhs)
}

function readInput(caller: string, options: Values, matrix: unknown, rhs: unknown): NativeNnlsInput {
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
  return readWeights(typedNumbers(rhs, where), rows, where) as Numbers
}

function checkRows(told: number | undefined, rows: number, where: string, name: string): void {
  if (told === undefined || told === rows) return
  throw rangeError('ERR_SHAPE', `${where} has ${rows} rows, but ${name} is ${told}`)
}

/** Whether the matrix has no rows: `rows` is 0, and it is an empty typed array or has a shape. */
function hasNoRows(matrix: unknown, { rows }: Values): boolean {
  if (rows !== undefined && rows !== 0) return false
  if (isNumbers(matrix)) return matrix.length === 0 && rows === 0
  return rows === 0 && typeof matrix === 'object' && matrix !== null && 'shape' in matrix
}

function columnsOfNone(matrix: unknown, { columns }: Values, where: string): number {
  if (columns !== undefined) return columns
  const shape = isNumbers(matrix) ? undefined : (matrix as { shape: ArrayLike<unknown> }).shape
  const told = shape?.[0] === 0 ? shape[1] : undefined
  if (typeof told === 'number' && Number.isInteger(told) && told >= 1 && told <= MAX_COLUMNS) return told
  throw typeError('ERR_OPTION', `${where}: option 'columns' must be given: the number of unknowns`)
}
