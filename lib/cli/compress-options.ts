// The options of compress: what they are, which go together, and which bear on the result.
import type { CompressOptions, Support } from '../index.js'
import type { NamedBlock } from '../io/meta.js'
import type { RowsOptions } from '../io/rows.js'
import { orderBlocksOf } from './blocks.js'
import { CliError, EXIT } from './exit.js'
import type { Output, OutputCommand } from './output.js'
import { checkFreeFormat } from './support.js'
import { readOptions, type TextCommand } from './text-options.js'

export interface CompressCommand extends TextCommand, OutputCommand {
  /** Absent: chosen, for `size` points. */
  order?: number | 'auto' | undefined
  /** In place of `order`. */
  blocks?: NamedBlock[] | undefined
  quality: CompressOptions['quality']
  size?: number | undefined
  support: Support
  /** Options of compress() that need all rows in memory. */
  hull: boolean
  equalWeights: boolean
  minimumWeight?: number | undefined
  tolerance?: number | undefined
  columns?: string[] | undefined
  weights?: string | undefined
  threads?: number | undefined
  scale: 'standard' | 'none' | number[]
  dropMissing: boolean
  /** A query instead of files. */
  sql?: string | undefined
  /** Other columns, whose values are carried along with the kept rows. */
  keepColumns?: string[] | undefined
  /** The ceiling for the memory of the process, in bytes. */
  memory?: number | undefined
  checkpoint?: string | undefined
  /** Seconds between two checkpoints. */
  checkpointEvery: number
  /** Whether progress is also told where stderr is no terminal. */
  progress: boolean
  json: boolean
  quiet: boolean
}

/** What is read of each row. */
export function rowsOptions(command: CompressCommand, signal: AbortSignal): RowsOptions {
  const { columns, weights, keepColumns, dropMissing, checkpoint } = command
  // With a checkpoint the loop ends between two chunks, so that the state can be saved.
  const own = checkpoint === undefined ? signal : undefined
  return { ...readOptions(command), columns, weights, keep: keepColumns, dropMissing, signal: own }
}

/** The option of compress() for these columns. */
export function orderOption({ order, blocks }: CompressCommand, columns: readonly string[]): CompressOptions['order'] {
  return blocks === undefined ? order : orderBlocksOf(blocks, columns)
}

/** Combinations of words and options that make no sense. Throws CliError. */
export function checkWords(
  words: readonly string[],
  {
    sql,
    columns,
    weights,
    keepColumns,
    checkpoint,
    output,
    support,
    hull,
    equalWeights,
    minimumWeight,
    tolerance,
    order,
    blocks,
  }: CompressCommand,
): void {
  const wrong = (message: string) => new CliError(EXIT.usage, message)
  if (sql === undefined && words.length === 0) throw wrong('an input must be given: files, patterns, - or --sql')
  if (sql !== undefined && words.length > 0)
    throw wrong(`--sql takes the place of input files, and ${words[0]} is given`)
  if (sql !== undefined && checkpoint !== undefined)
    throw wrong('--checkpoint needs files: a query cannot be gone on with in the middle')
  const twice = keepColumns?.find((name) => columns?.includes(name) || name === weights)
  if (twice !== undefined) throw wrong(`--keep-columns has '${twice}', which is a coordinate or the weights`)
  if (support === 'free' && keepColumns !== undefined)
    throw wrong('--support free has no rows whose values could go along; leave out --keep-columns')
  if (hull && support === 'rows') throw wrong('--hull is for --support free; rows lie in the hull as they are')
  if (equalWeights && support === 'rows')
    throw wrong('--equal-weights is for --support free; rows need weights of their own')
  const other = hull ? '--hull' : minimumWeight ? '--minimum-weight' : tolerance !== undefined && '--tolerance'
  if (equalWeights && other) throw wrong(`--equal-weights and ${other} exclude each other`)
  if (tolerance !== undefined && typeof order !== 'number')
    throw wrong('--tolerance needs --order, the moments that are to be kept so far')
  if (blocks !== undefined && order !== undefined)
    throw wrong('--blocks takes the place of --order, and both are given')
  if (blocks !== undefined && support === 'free')
    throw wrong('--support free has the moments of one order; leave out --blocks')
  if (checkpoint !== undefined && checkpoint === output) throw wrong('--checkpoint and --output name the same file')
}

export function checkFormat(output: Output, { keepColumns, support }: CompressCommand): void {
  const { format, name } = output
  checkFreeFormat(output, support)
  const lacksRoom = { npy: 'NPY', safetensors: 'safetensors' }[format as string]
  if (lacksRoom !== undefined && keepColumns !== undefined)
    throw new CliError(EXIT.usage, `${name}: ${lacksRoom} has no room for --keep-columns; choose another format`)
}

/** Throws CliError for options that a stream does not have. `reason`: why the input is streamed. */
export function checkStreamed({ hull, equalWeights, minimumWeight, tolerance }: CompressCommand, reason: string): void {
  const given = Object.entries({
    hull: hull || undefined,
    equalWeights: equalWeights || undefined,
    minimumWeight,
    tolerance,
  })
  const [name] = given.find(([, value]) => value !== undefined) ?? []
  if (name !== undefined)
    throw new CliError(EXIT.usage, `--${dashed(name)} needs all rows in memory, and this input is streamed: ${reason}`)
}

/** The options of the command line that bear on the result, in the sequence in which a difference is told. */
const BEARING = [
  'columns',
  'weights',
  'order',
  'blocks',
  'size',
  'support',
  'quality',
  'scale',
  'dropMissing',
  'keepColumns',
] as const
const BEARING_TEXT = ['header', 'delimiter', 'decimal', 'comment', 'skip', 'missing'] as const

/** Their values, by their names on the command line. */
export function bearingOptions(command: CompressCommand): Record<string, unknown> {
  return Object.fromEntries([...BEARING, ...BEARING_TEXT].map((name) => [dashed(name), command[name]]))
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
