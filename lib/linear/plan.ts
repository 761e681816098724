// Compression of objects (a, b) for functions that are linear in b: labels under a squared loss, the outgoing weights of
// neurons. What is kept is {1, b_1 .. b_q} (x) P_k(a), and cells are cut along a alone.
import { rangeError } from '../errors.js'
import { checkFeatures, countOf } from '../input/multi-index.js'
import { type AsyncOptions, sizeForAuto } from '../input/options.js'
import { nativeSpace } from '../input/order.js'
import { type NativeCompressed, type NativeCompressInput, native } from '../native/addon.js'
import { runJob } from '../native/job.js'
import { float64s, memoryToHave, uint32s } from '../native/memory.js'
import { classesOf, type LabelClasses, sharesOf } from './label-classes.js'

export interface LinearObjects {
  /** count x (nonlinear + linear), row-major, finite. Nobody else's. */
  rows: Float64Array
  count: number
  /** How many columns a has; these come first. */
  nonlinear: number
  /** How many columns b has. */
  linear: number
  /** Checked: one finite number >= 0 a row, not all 0. Undefined: all 1. */
  weights: Float64Array | undefined
}

export interface Wanted {
  order: number | 'auto'
  /** Of 'auto'. Default: as high as the rule goes. */
  mostOrder?: number | undefined
  /** Undefined: one cell. */
  size: number | undefined
  /** Undefined: where two cells have room for them. */
  squares: boolean | undefined
  best: boolean
  threads: number
  /** As that of compress(), in the columns of a. */
  scale: 'standard' | 'none' | Float64Array
}

/** What was matched. */
export interface Matched {
  /** The highest total degree in the columns along which cells are cut. */
  order: number
  /**
   * What each of these monomials was multiplied with. 'linear': 1 and every linear column. 'squares': the square of
   * each as well. 'classes': the linear columns have few different rows, so every function of them is kept, by
   * compressing the objects of each row on their own.
   */
  factors: 'linear' | 'squares' | 'classes'
  /** How many moments are kept in all. Columns that the others determine are not counted. */
  features: number
}

export interface Plan {
  matched: Matched
  /** One, or one a class. */
  parts: Part[]
  objects: LinearObjects
}

interface Part {
  input: NativeCompressInput
  /** Row of the objects for each row of the input. Undefined: the same. */
  rows?: Uint32Array
}

/** The rows chosen, ascending. */
export interface Chosen {
  indices: Uint32Array
  weights: Float64Array
  cells: number
  threads: number
  /** The largest of the parts. */
  residual: number
  partition: number
  recombine: number
}

// The rule of native/kernel/order.cpp: cells at least, when there is room; moments at most; orders at most.
const MIN_CELLS = 2
const MAX_AUTOMATIC = 256
const mostOrder = (columns: number) => (columns === 1 ? 24 : 16)

/** Degree 2 is the lowest that is worth as much as the squares. */
const ORDER_BESIDE_SQUARES = 2

/**
 * Decides what is kept, and prepares the native calls. Throws as compress() does, `caller` at the head of the messages.
 */
export function planLinear(caller: string, objects: LinearObjects, wanted: Wanted): Plan {
  const survey = surveyOf(objects)
  const classes = classesOf(objects, 1 + objects.linear + (wanted.squares ? objects.linear : 0))
  return classes ? planClasses(caller, objects, wanted, survey, classes) : planJoint(caller, objects, wanted, survey)
}

export async function runPlan(plan: Plan, { signal, onProgress }: AsyncOptions): Promise<Chosen> {
  const outputs: NativeCompressed[] = []
  const total = plan.objects.count
  const many = plan.parts.length > 1
  let before = 0
  let through = 0
  for (const { input } of plan.parts) {
    // Of several parts: how many rows are through. A part's first and last stage have nothing to add.
    const watch: AsyncOptions['onProgress'] =
      onProgress && many
        ? ({ done, total: units, stage }) => {
            const share = stage === 'recombine' ? done / units : 0
            through = Math.max(through, before + Math.floor(share * input.points.count))
            onProgress({ done: through, total, stage: 'recombine' })
          }
        : onProgress
    outputs.push(await runJob((progress) => native().compress(input, progress), { signal, onProgress: watch }))
    before += input.points.count
    through = before
    if (many) onProgress?.({ done: before, total, stage: 'recombine' })
  }
  return chosenOf(plan, outputs)
}

export function runPlanSync(plan: Plan): Chosen {
  return chosenOf(
    plan,
    plan.parts.map(({ input }) => native().compressSync(input)),
  )
}

/** C(m + k, k); of no column 1. Infinity beyond 2^53. */
const monomials = (columns: number, order: number) =>
  columns === 0 ? 1 : (countOf(columns, order) ?? Number.POSITIVE_INFINITY)

// ---- what the columns are like

interface Survey {
  /** Columns of a that are not constant. */
  varying: number[]
  /** Columns of b that the others do not determine: not constant, and one less when all rows have the same sum. */
  linear: number[]
  /** Columns of b with more than two values; the square of any other is linear in it. */
  curved: number[]
  /** Of each column of b: the weighted mean, and a power of two near the largest distance from it. */
  mean: Float64Array
  unit: Float64Array
}

// Labels that are computed to sum to one do so within this many roundings of the largest of them.
const ROUNDINGS_OF_A_SUM = 8

function surveyOf({ rows, count, nonlinear, linear, weights }: LinearObjects): Survey {
  const width = nonlinear + linear
  const first = weights ? weights.findIndex((weight) => weight > 0) : 0
  const other = new Int32Array(width).fill(-1) // a row with another value than the first
  const third = new Uint8Array(width) // whether there is yet another value
  const low = rows.slice(first * width, (first + 1) * width)
  const high = low.slice()
  const mean = low.slice(nonlinear)
  let mass = 0
  let sumVaries = 0
  for (let i = first; i < count; i++) {
    const weight = weights ? weights[i] : 1
    if (weight === 0) continue
    mass += weight
    let difference = 0
    for (let a = 0; a < width; a++) {
      const value = rows[i * width + a]
      if (value !== rows[first * width + a]) {
        if (other[a] < 0) other[a] = i
        else if (value !== rows[other[a] * width + a]) third[a] = 1
      }
      if (value < low[a]) low[a] = value
      if (value > high[a]) high[a] = value
      if (a < nonlinear) continue
      mean[a - nonlinear] += (value - mean[a - nonlinear]) * (weight / mass)
      difference += value - rows[first * width + a]
    }
    sumVaries = Math.max(sumVaries, Math.abs(difference))
  }
  const range = (length: number) => Array.from({ length }, (_, a) => a)
  const spread = (a: number) => high[nonlinear + a] - low[nonlinear + a]
  const varies = range(linear).filter((a) => other[nonlinear + a] >= 0)
  // The column of the largest spread is what the others leave of the sum: the error of that is small beside it.
  const widest = varies.reduce((most, a) => (spread(a) > spread(most) ? a : most), varies[0])
  const determined = varies.length > 1 && sumVaries <= ROUNDINGS_OF_A_SUM * Number.EPSILON * spread(widest)
  return {
    varying: range(nonlinear).filter((a) => other[a] >= 0),
    linear: determined ? varies.filter((a) => a !== widest) : varies,
    curved: varies.filter((a) => third[nonlinear + a] === 1),
    mean,
    unit: Float64Array.from(mean, (centre, a) => {
      const far = Math.max(high[nonlinear + a] - centre, centre - low[nonlinear + a])
      return far > 0 ? 2 ** Math.floor(Math.log2(far)) : 1
    }),
  }
}

// ---- all objects together

function planJoint(caller: string, objects: LinearObjects, wanted: Wanted, survey: Survey): Plan {
  const { count, nonlinear, linear } = objects
  const { varying, curved } = survey
  const m = varying.length
  const plain = 1 + survey.linear.length
  const squares = wanted.squares ?? hasRoom(plain + curved.length, m, wanted)
  const factors = squares ? plain + curved.length : plain
  const { order, size } = orderAndSize(caller, wanted, m, count, {
    what: `${factors} factors for labels`,
    moments: (k) => factors * monomials(m, k),
    least: (k) => factors * monomials(m, k),
    fits: (k, size) => factors * monomials(m, k) <= Math.min(size / MIN_CELLS, MAX_AUTOMATIC),
  })

  // One column of b with its square is a polynomial of degree 2; of several, the squares are columns of their own.
  const asBlock = squares && survey.linear.length === 1 && curved.length === 1
  const extra = squares && !asBlock ? curved : []
  const width = nonlinear + linear + extra.length
  const data = extra.length > 0 ? withSquares(objects, survey, extra) : objects.rows
  const linearColumns = [...survey.linear.map((a) => nonlinear + a), ...extra.map((_, i) => nonlinear + linear + i)]
  const blocks = [...(m > 0 ? [{ columns: varying, order }] : []), { columns: linearColumns, order: asBlock ? 2 : 1 }]
  const input: NativeCompressInput = {
    points: { data, offset: 0, count, dimension: width, rowStride: width, columnStride: 1 },
    ...nativeSpace(blocks, width, caller),
    auto: false,
    size: Math.min(size, Math.max(count, factors * monomials(m, order))),
    best: wanted.best,
    threads: wanted.threads,
    memory: memoryToHave(),
    standardise: wanted.scale !== 'none',
  }
  if (objects.weights) input.weights = objects.weights
  if (typeof wanted.scale !== 'string') {
    input.scales = new Float64Array(width)
    input.scales.set(wanted.scale)
  }
  const matched: Matched = {
    order,
    factors: squares ? 'squares' : 'linear',
    features: factors * monomials(m, order),
  }
  return { matched, parts: [{ input }], objects }
}

function hasRoom(factors: number, columns: number, { order, size }: Wanted): boolean {
  if (size === undefined) return true
  return MIN_CELLS * factors * monomials(columns, order === 'auto' ? ORDER_BESIDE_SQUARES : order) <= size
}

/** The rows, with (b - mean)^2 of these columns behind: centred, so that a large mean does not hide the spread. */
function withSquares({ rows, count, nonlinear, linear }: LinearObjects, survey: Survey, columns: number[]) {
  const width = nonlinear + linear
  const wider = float64s(count * (width + columns.length))
  let to = 0
  for (let i = 0; i < count; i++) {
    wider.set(rows.subarray(i * width, (i + 1) * width), to)
    to += width
    for (const a of columns) {
      const z = (rows[i * width + nonlinear + a] - survey.mean[a]) / survey.unit[a]
      wider[to++] = z * z
    }
  }
  return wider
}

// ---- each class on its own

function planClasses(
  caller: string,
  objects: LinearObjects,
  wanted: Wanted,
  { varying }: Survey,
  classes: LabelClasses,
): Plan {
  const m = varying.length
  const counts = classes.rows.map((rows) => rows.length)
  const sum = (moments: number) => counts.reduce((total, count) => total + Math.min(count, moments), 0)
  const { order, size } = orderAndSize(caller, wanted, m, objects.count, {
    what: `${counts.length} different labels`,
    moments: (k) => monomials(m, k),
    least: (k) => sum(monomials(m, k)),
    fits: (k, size) => monomials(m, k) <= MAX_AUTOMATIC && sum(MIN_CELLS * monomials(m, k)) <= size,
  })
  const moments = monomials(m, order)
  // Cells of equal expected error, as the partition makes them: a class of mass c deserves cells like c^(m/(m+k+1)).
  const exponent = m / (m + order + 1)
  const sizes = sharesOf(
    size,
    classes.masses.map((mass) => mass ** exponent),
    counts.map((count) => Math.min(count, moments)),
    counts,
  )
  const parts = classes.rows.map((rows, i): Part => {
    const input: NativeCompressInput = {
      points: columnsOf(objects, rows, m > 0 ? varying : [0]),
      order: m > 0 ? order : 0,
      auto: false,
      size: Math.max(sizes[i], moments),
      best: m > 0 && wanted.best,
      threads: wanted.threads,
      memory: memoryToHave(),
      standardise: wanted.scale !== 'none',
    }
    const { weights } = objects
    if (weights) input.weights = Float64Array.from(rows, (row) => weights[row])
    if (typeof wanted.scale !== 'string') {
      const { scale } = wanted
      input.scales = m > 0 ? Float64Array.from(varying, (a) => scale[a]) : Float64Array.of(1)
    }
    return { input, rows }
  })
  return { matched: { order, factors: 'classes', features: counts.length * moments }, parts, objects }
}

function columnsOf({ rows: all, nonlinear, linear }: LinearObjects, rows: Uint32Array, columns: number[]) {
  const width = nonlinear + linear
  const dimension = columns.length
  const data = float64s(rows.length * dimension)
  let to = 0
  for (const row of rows) for (const a of columns) data[to++] = all[row * width + a]
  return { data, offset: 0, count: rows.length, dimension, rowStride: dimension, columnStride: 1 }
}

// ---- order and size

interface Need {
  /** For the message: what the monomials are multiplied with. */
  what: string
  /** How many moments one cell keeps for an order, and the least size. */
  moments(order: number): number
  least(order: number): number
  /** Whether the automatic rule takes an order for a size. */
  fits(order: number, size: number): boolean
}

function orderAndSize(
  caller: string,
  wanted: Wanted,
  columns: number,
  count: number,
  need: Need,
): { order: number; size: number } {
  let order = 0
  if (wanted.order === 'auto') {
    const size = sizeForAuto(wanted.size, caller)
    const most = columns === 0 ? 0 : Math.min(mostOrder(columns), wanted.mostOrder ?? Number.POSITIVE_INFINITY)
    while (order < most && need.fits(order + 1, size)) order++
  } else {
    order = wanted.order
  }
  const moments = need.moments(order)
  if (!(moments <= Number.MAX_SAFE_INTEGER)) {
    throw rangeError('ERR_SIZE', `${caller}: order ${order} in ${columns} columns has more than 2^53 moments`)
  }
  checkFeatures(`${caller}: order ${order} in ${columns} columns with ${need.what} has`, moments)
  const least = Math.min(need.least(order), count)
  const size = wanted.size ?? least
  if (size < least) {
    let largest = -1
    while (largest < order && need.least(largest + 1) <= size) largest++
    throw rangeError(
      'ERR_SIZE',
      `${caller}: size ${size} is too small: the least size for order ${order} in ${columns} columns with ` +
        `${need.what} is ${least}; ` +
        (largest < 0 ? 'no order has fewer' : `the largest order for size ${size} is ${largest}`),
    )
  }
  return { order, size }
}

// ---- what came out

function chosenOf({ parts, objects }: Plan, outputs: NativeCompressed[]): Chosen {
  const dense = float64s(objects.count)
  let kept = 0
  for (const [i, { indices, weights }] of outputs.entries()) {
    const { rows } = parts[i]
    for (let j = 0; j < indices.length; j++) dense[rows ? rows[indices[j]] : indices[j]] = weights[j]
    kept += indices.length
  }
  const indices = uint32s(kept)
  const weights = float64s(kept)
  for (let row = 0, to = 0; row < objects.count; row++) {
    if (dense[row] > 0) {
      indices[to] = row
      weights[to++] = dense[row]
    }
  }
  const sum = (of: (output: NativeCompressed) => number) => outputs.reduce((total, output) => total + of(output), 0)
  return {
    indices,
    weights,
    cells: sum(({ cells }) => cells),
    threads: Math.max(...outputs.map(({ threads }) => threads)),
    residual: Math.max(...outputs.map(({ residual }) => residual)),
    partition: sum(({ partition }) => partition),
    recombine: sum(({ recombine }) => recombine),
  }
}
