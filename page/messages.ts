// What the page and its worker tell each other. The worker holds the file and all rows; the page gets what it shows.

/** A column of an opened file, from its first rows or its schema. */
export interface FileColumn {
  name: string
  /** Whether it is a column of numbers, which can be chosen. */
  isNumber: boolean
  /** What it has, in a few words: "float64", "text, as 'red'". */
  remark: string
}

export interface FileFacts {
  name: string
  bytes: number
  /** Of a text table: counted by its lines. */
  rows: number
  columns: FileColumn[]
  /** Remarks for the user, a sentence each. */
  notes: string[]
}

/** The options of a run, with the names that the package has for them. */
export interface RunOptions {
  columns: string[]
  weights: string | undefined
  order: number | 'auto'
  size: number
  quality: 'best' | 'fast'
  scale: 'standard' | 'none'
  dropMissing: boolean
}

export interface RunFacts {
  file: string
  columns: string[]
  weights: string | undefined
  /** Rows of the file with a number in each column that is used, and rows that were left out. */
  rows: number
  dropped: number
  count: number
  order: number
  cells: number
  residual: number
  cellsKeepingLess: number
  totalWeight: number
  /** Milliseconds. */
  elapsed: { read: number; compress: number }
  notes: string[]
}

export interface Axis {
  label: string
  low: number
  high: number
}

/** The kept points inside the axes: one number per point and list. */
export interface KeptMarks {
  x: Float64Array
  y: Float64Array
  weights: Float64Array
}

/** Two columns: the weight of all rows per cell, and the points that were kept. */
export interface DensityPicture {
  kind: 'density'
  x: Axis
  y: Axis
  /** Cell (i, j), the i-th across and the j-th up, at j * across + i. */
  cells: Float64Array
  across: number
  up: number
  kept: KeptMarks
  /** Rows and kept points that lie outside of the axes. */
  outside: { rows: number; points: number }
}

/** One column: the weight per bar, of all rows and of the points that were kept. */
export interface HistogramPicture {
  kind: 'histogram'
  x: Axis
  all: Float64Array
  kept: Float64Array
  outside: { rows: number; points: number }
}

export type Picture = DensityPicture | HistogramPicture

/** `kept`: a function of the moments that were kept; `smooth`: the mean of a smooth function; `jump`: one with a jump. */
export type StatisticKind = 'kept' | 'smooth' | 'jump'

export interface StatisticRow {
  name: string
  kind: StatisticKind
  /** Of all rows. */
  value: number
  /** The relative error of the rows kept, and the median of those of random subsets of the same size. */
  error: number
  random: number
}

export interface View {
  picture: Picture
  statistics: StatisticRow[]
}

export type FileFormat = 'csv' | 'npy'

/** What the page may ask for: the arguments and the answer of each call. */
export interface Calls {
  /** Loads the WebAssembly module. */
  load: (nothing: undefined) => undefined
  open: (file: File) => FileFacts
  sample: (nothing: undefined) => File
  run: (options: RunOptions) => RunFacts
  /** The columns of the last run that are across and up, by their positions; one position for a histogram. */
  view: (axes: number[]) => View
  save: (format: FileFormat) => Blob
}

export type CallName = keyof Calls
export type Argument<Name extends CallName> = Parameters<Calls[Name]>[0]
export type Answer<Name extends CallName> = ReturnType<Calls[Name]>

export type ToWorker = { id: number; name: CallName; argument: unknown } | { cancel: number }

export interface Step {
  stage: string
  done: number
  total: number
}

export type FromWorker =
  | { id: number; step: Step }
  | { id: number; answer: unknown }
  | { id: number; error: { code: string | undefined; message: string } }
