// The surface of the C++ side, declared once: the shapes that cross the boundary. The native addon and the WebAssembly build
// have it alike. Each function is described where it is used: in lib/points (compress.ts, recombine.ts, moments.ts,
// verify.ts, nnls.ts, match-moments.ts) and lib/training (training.ts, predict.ts).

/** The two types of array that the package takes numbers from. The copy of a float32 array is float64. */
export type Numbers = Float64Array | Float32Array

/** Points in the caller's memory. Element (i, a) is `data[offset + i * rowStride + a * columnStride]`; all are in range. */
export interface NativePoints {
  data: Numbers
  offset: number
  count: number
  dimension: number
  rowStride: number
  columnStride: number
}

/** A computation on the addon's own thread. Its input was copied before the job was returned. */
export interface NativeJob<T> {
  promise: Promise<T>
  /** The promise rejects with an Error of code 'ABORT_ERR', unless it is already settled. May be called repeatedly. */
  cancel(): void
}

export type Stage = 'copy' | 'partition' | 'recombine' | 'solve' | 'verify' | 'train'
export type NativeProgress = (done: number, total: number, stage: Stage) => void

/** Part of the input of every computation that may refuse for want of memory. */
interface Bounded {
  threads: number
  /** Bytes that may be used. A job that needs more is refused before it begins. Default: no limit. */
  memory?: number
}

export interface NativeCompressInput extends Bounded {
  points: NativePoints
  weights?: Numbers
  /** The order of all columns together. Not read when there are blocks, or with `auto`. */
  order: number
  /** One number per column: its block. `blockOrders` has one number per block: its order. */
  blockOf?: Float64Array
  blockOrders?: Float64Array
  auto: boolean
  size: number
  best: boolean
  /** Whether points may lie anywhere. Default: they are rows. */
  free?: boolean
  /** With `free`: the most free points, where that is not the size, which rows keep to. */
  mostFree?: number
  standardise: boolean
  scales?: Float64Array
  /** Whether there is one cell of `size` free points of the same weight. Default: no. */
  equalWeights?: boolean
  /** With free support of order 1: whether each cell has one point, the mean of its points. */
  means?: boolean
  /** Whether free points lie in the convex hull of their cell. Default: in its box. */
  hull?: boolean
  /** Times the mean of a cell. Default: any weight will do. */
  minimumWeight?: number
}

/** Why all points are rows, though free ones were asked for: see CompressedFree. */
export type WhyRows = 'whole' | 'order' | 'cells' | 'size' | 'precision'

export interface NativeCompressed {
  points: Float64Array
  weights: Float64Array
  /** Not there with `free`. */
  indices: Uint32Array
  /** The order that was chosen, with `auto`; else the one that was given, or the highest order of the blocks. */
  order: number
  cells: number
  /** With `free`: the cells whose points are free, and those that were to have free points and have rows. */
  freeCells: number
  rowCells: number
  /** With `free`, where all points are rows: the reason. */
  whyRows?: WhyRows
  threads: number
  residual: number
  cellsKeepingLess: number
  /**
   * How many cells each strategy answered, by the name of the strategy (native/kernel/compression/ladder.hpp). For
   * tests and benchmarks.
   */
  strategies: Record<string, number>
  // milliseconds
  partition: number
  recombine: number
  total: number
}

/** The bounds of order 'auto': the highest order, the most moments per cell, the fewest cells that must fit the size. */
export interface NativeAutomaticRule {
  order: number
  moments: number
  cells: number
}

/**
 * Milliseconds of a part of a call: all of it, its parallel loops, what one thread worked alone, and what the threads of
 * the loops were without work, all threads together. For benchmarks.
 */
export interface NativePartTime {
  wall: number
  loops: number
  alone: number
  idle: number
}

export interface NativeRecombineInput extends Bounded {
  features: NativePoints
  weights?: Numbers
}

export interface NativeRecombined {
  indices: Uint32Array
  weights: Float64Array
  residual: number
  rank: number
}

export interface NativeMomentsInput extends Bounded {
  points: NativePoints
  weights?: Numbers
  order: number
  basis: 'monomial' | 'legendre'
}

export interface NativeVerifyInput extends Bounded {
  original: NativePoints
  originalWeights?: Numbers
  compressed: NativePoints
  compressedWeights?: Numbers
  order: number
  blockOf?: Float64Array
  blockOrders?: Float64Array
}

export interface NativeVerification {
  residual: number
  perOrder: Float64Array
}

export interface NativeNnlsInput {
  columns: number
  /** Left out when it has no rows. */
  matrix?: NativePoints
  rhs?: Numbers
  equalityMatrix?: NativePoints
  equalityRhs?: Numbers
  threads: number
}

export interface NativeNnls {
  x: Float64Array
  residualNorm: number
  iterations: number
}

export interface NativeMatchMomentsInput extends Bounded {
  points: NativePoints
  weights?: Numbers
  target: Numbers
  order: number
  basis: 'monomial' | 'legendre'
}

export interface NativeMatched {
  weights: Float64Array
  residual: number
}

/** One number per parameter of a network, shaped as in Network. */
export interface NativeParameters {
  hidden: Float64Array
  bias: Float64Array
  output: Float64Array
  outputBias: Float64Array
}

export interface NativeNetwork {
  inputs: number
  width: number
  outputs: number
  activation: string
  parameters: NativeParameters
  multiplicity?: Float64Array
}

/** An update rule and the numbers of all rules; a rule reads its own. */
export interface NativeRule {
  rule: 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'rmsprop' | 'rprop' | 'adagrad'
  learningRate: number
  momentum: number
  beta1: number
  beta2: number
  alpha: number
  epsilon: number
  weightDecay: number
  learningRateDecay: number
  shrink: number
  grow: number
  minStep: number
  maxStep: number
}

/** The memory of an update rule after `step` updates. Before the first update there is neither list. */
export interface NativeMemory {
  step: number
  first?: NativeParameters
  second?: NativeParameters
}

export interface NativeRows {
  x: NativePoints
  y: NativePoints
  weights?: Numbers
}

export interface NativeTrainerInput extends NativeNetwork, NativeRule, NativeMemory {
  /** The beginning of messages about rows: "trainNetwork: ". */
  where: string
  rows: NativeRows
  test?: NativeRows
  loss: 'mse' | 'cross-entropy'
  schedule: 'constant' | 'cosine'
  sampling: 'shuffle' | 'replacement'
  /** The number of epochs of the whole training. */
  epochs: number
  /** Epochs done before. */
  begin: number
  /** Rows per batch; 0: all rows. */
  batch: number
  /** Batches per epoch; 0: as many as hold all rows once. */
  batches: number
  seed: number
  /** Whether the gradient of a neuron is that of one of its copies. */
  perCopy: boolean
  /** Computes in float32 instead of float64. */
  single: boolean
  threads: number
}

export interface NativeLosses {
  trainLoss: number
  testLoss?: number
}

/**
 * A training in the memory of the kernel: rows, network, and the memory of the rule. Only one call may run at a time; a
 * call while another one runs throws ERR_OPTION. After a call that failed or was cancelled, only free() makes sense.
 */
export interface NativeTrainer {
  /** Runs the next `epochs` epochs, then evaluates the losses. 0 epochs: the losses only. */
  run(input: { epochs: number }, progress?: NativeProgress): NativeJob<NativeLosses>
  runSync(input: { epochs: number }): NativeLosses
  /** Copies of the parameters and of the memory of the rule. */
  state(): NativeMemory & { parameters: NativeParameters }
  /** Frees the memory, which otherwise waits for the garbage collector. */
  free(): void
}

/** Rows of a stream: numbers row-major; no weights when all are 1. */
export interface NativeStreamRows {
  rows: Float64Array
  points: Float64Array
  weights: Float64Array
}

/** What a compressor knows between two steps. */
export interface NativeStreamState {
  rows: number
  points: Float64Array
  weights: Float64Array
  pool: NativeStreamRows[]
  moments: {
    centre: Float64Array
    exponent: Float64Array
    reach: Float64Array
    weightExponent: number
    high: Float64Array
    low: Float64Array
  }
}

export interface NativeCompressorInput extends Omit<NativeCompressInput, 'points' | 'weights'> {
  dimension: number
  /** 0: the default. */
  blockRows: number
  state?: NativeStreamState | undefined
}

export interface NativePiece {
  points: NativePoints
  weights?: Numbers
}

/** While the job of reduce() runs, only check() and take() may be called. */
export interface NativeCompressor {
  /** The rows of a block. */
  readonly blockRows: number
  /** Throws for numbers that are not finite, and for weights that are negative. */
  check(piece: NativePiece): void
  /**
   * Takes rows from `first` on, until the block is full. Returns how many. Takes none and throws as check() does when one of
   * these has a wrong number.
   */
  take(piece: NativePiece & { first: number }): number
  /** Reduces the block, and begins the next one. */
  reduce(progress?: NativeProgress): NativeJob<void>
  finish(input: { summary: boolean }, progress?: NativeProgress): NativeJob<NativeStreamed>
  heldRows(): Float64Array
  state(): NativeStreamState
  /** Frees the memory, which otherwise waits for the garbage collector. */
  free(): void
}

export type NativeStreamed = NativeStreamRows & Omit<NativeCompressed, 'indices' | 'points' | 'weights'>

export interface NativePredictInput extends NativeNetwork {
  x: NativePoints
  single: boolean
  threads: number
}

/**
 * A piece of a text table from the beginning of a row on, and how its rows are written (native/kernel/text/number_rows.hpp).
 * Characters are their codes.
 */
export interface NativeNumberRowsInput {
  bytes: Uint8Array
  begin: number
  end: number
  /** Whether the file ends at `end`. */
  last: boolean
  newline: number
  /** A blank stands for any number of blanks and tabs. */
  delimiter: number
  /** The first character of comments; 0: there are none. */
  comment: number
  trailing: boolean
  /** Numbers per row. */
  width: number
  /** Per column: the place of its number in the row; `width`: it is the weight; -1: it is not wanted. */
  slots: Int32Array
  /** Per column: the place of its text among the kept ones, or -1. */
  keep: Int32Array
  kept: number
  missing: Float64Array
  /** Rows there is room for, and how many there are already. */
  most: number
  row: number
  /** most x width. Written from row `row` on. */
  points: Float64Array
  /** One per row, or empty. Written from row `row` on. */
  weights: Float64Array
  /** Per row and kept text, where it begins and ends. Written from its beginning on. */
  spans: Uint32Array
}

export interface NativeNumberRows {
  rows: number
  /** The place after the last row. */
  end: number
  /** Lines up to there. */
  lines: number
  /** The room is used up, the bytes end inside a row, or a row is of another kind. */
  stop: 'full' | 'more' | 'other'
}

export interface NativeInfo {
  backend: 'native' | 'wasm'
  instructionSet: string
  compiler: string
  /** The version, followed by ', not the pinned ...' when it is not that of native/eigen.cmake. */
  eigen: string
  blas: string
  blasCore: string
  openmp: number
  blasThreads: number
}

/** The computations, each with its input and its result. Each has two forms, as `compress` and `compressSync`. */
interface Tasks {
  compress: [NativeCompressInput, NativeCompressed]
  recombine: [NativeRecombineInput, NativeRecombined]
  moments: [NativeMomentsInput, Float64Array]
  verify: [NativeVerifyInput, NativeVerification]
  nnls: [NativeNnlsInput, NativeNnls]
  matchMoments: [NativeMatchMomentsInput, NativeMatched]
  predict: [NativePredictInput, Float64Array]
}
export type TaskName = keyof Tasks
export type TaskInput<Name extends TaskName> = Tasks[Name][0]
export type TaskResult<Name extends TaskName> = Tasks[Name][1]

export type Start = {
  [Name in TaskName]: (input: TaskInput<Name>, progress?: NativeProgress) => NativeJob<TaskResult<Name>>
}
type StartSync = { [Name in TaskName as `${Name}Sync`]: (input: TaskInput<Name>) => TaskResult<Name> }

export interface Native extends Start, StartSync {
  info(): NativeInfo
  automaticRule(input: { columns: number }): NativeAutomaticRule
  /** How many free points per cell have the moments of this order; 0: there are no free points for them. */
  freePoints(input: { columns: number; order: number }): number
  /** Reads rows of plain numbers from the bytes of a text table, in place, until one is of another kind. */
  numberRows(input: NativeNumberRowsInput): NativeNumberRows
  /**
   * The times of all calls since the last call of this, by the names of native/kernel/parallel/part_times.hpp. The first
   * call begins to measure.
   */
  partTimes(): Record<string, NativePartTime>
  compressor(input: NativeCompressorInput): NativeCompressor
  /** Copies everything before it returns. */
  trainer(input: NativeTrainerInput): NativeTrainer
}

export const TASKS: readonly TaskName[] = [
  'compress',
  'recombine',
  'moments',
  'verify',
  'nnls',
  'matchMoments',
  'predict',
]

/** The functions that the addon must export. A binary that lacks one of them is from another release. */
export const NATIVE_FUNCTIONS: readonly (keyof Native)[] = [
  ...(['info', 'automaticRule', 'freePoints', 'numberRows', 'partTimes', 'compressor', 'trainer'] as const),
  ...TASKS.flatMap((name) => [name, `${name}Sync` as const]),
]

/** What computes, and on what. */
export interface Backend {
  /** The native binary, or WebAssembly. */
  backend: 'native' | 'wasm'
  /** 'linux-x64 glibc', 'darwin-arm64', 'browser'. */
  platform: string
  /** The path of the native binary. */
  binary?: string
  /** Why what would have come first was not taken. */
  fallback?: string
}

/** What load() takes. */
export interface LoadOptions {
  /**
   * Where the WebAssembly module is: a URL, its bytes (ArrayBuffer, typed array), or a compiled WebAssembly.Module. Default:
   * fewpoints.wasm beside the package's own code, which bundlers copy.
   */
  wasm?: URL | string | object | undefined
}
