// A compression of rows that stream by: of files larger than memory, of several files, pipes and queries.
import { CompensatedSum } from '../compensated-sum.js'
import { Compressor, type CompressorOptions, type Support } from '../index.js'
import type { Checkpoint, Progress } from './checkpoint.js'
import { type CompressCommand, orderOption, rowsOptions } from './compress-options.js'
import { CliError, EXIT } from './exit.js'
import { HeldValues, heldBytes } from './held-values.js'
import { MemoryShares, memoryWatch } from './memory.js'
import type { Outcome } from './outcome.js'
import type { ProgressBar } from './progress.js'
import { note, whole } from './report.js'
import { openFiles, openQuery, type RowSource, type SourceChunk, type SourcePosition } from './row-source.js'
import { textBytes } from './way.js'

export interface StreamedOutcome extends Outcome {
  /** The last state, for the checkpoint. */
  progress: Progress | undefined
}

/**
 * Pushes all rows through a Compressor. `from`: the state of an earlier run. `inMemory`: bytes with which it would not have
 * to stream. A signal to end writes the checkpoint before it ends the work. Throws CliError, or the library's errors.
 */
export async function compressStreamed(
  paths: readonly string[] | undefined,
  command: CompressCommand,
  signal: AbortSignal,
  bar: ProgressBar,
  checkpoint: Checkpoint | undefined,
  from: Progress | undefined,
  inMemory: number | undefined,
): Promise<StreamedOutcome> {
  const held = command.memory === undefined ? 0 : heldBytes(command, await textBytes(paths, command.keepColumns))
  const shares = new MemoryShares(command.memory, held, inMemory)
  const options = { ...rowsOptions(command, signal), memory: shares.reader }
  const opening = paths === undefined ? openQuery(command.sql as string, options) : openFiles(paths, options)
  const source = await opening.catch((error) => {
    throw shares.ofReader(error)
  })
  for (const text of source.notes) note(text, command.quiet)
  const work = new Work(source, command, shares, checkpoint === undefined ? signal : undefined, bar, from)
  if (from !== undefined) note(`goes on after row ${whole(work.compressor.rows)}`, command.quiet)

  const collect = memoryWatch(command.memory)
  for await (const chunk of work.timedChunks()) {
    await work.push(chunk)
    collect()
    if (checkpoint !== undefined && (checkpoint.isDue || signal.aborted)) await checkpoint.save(await work.save())
    if (checkpoint !== undefined && signal.aborted)
      note(`the state is in ${command.checkpoint}; the same command goes on from it`, command.quiet)
    signal.throwIfAborted()
  }
  const progress = checkpoint === undefined ? undefined : await work.save()
  if (progress !== undefined) await checkpoint?.save(progress)
  return { ...(await work.finish(paths, signal)), progress }
}

/** Rows on their way from the source through the Compressor, and what is counted besides. */
class Work {
  readonly compressor: Compressor<Support>
  readonly #source: RowSource
  readonly #shares: MemoryShares
  readonly #held: HeldValues
  readonly #bar: ProgressBar
  readonly #ending = new AbortController()
  readonly #output: string | undefined
  #place: SourcePosition | undefined
  #dropped: number
  #weight: CompensatedSum
  #milliseconds = { read: 0, compress: 0 }
  #isFinishing = false

  constructor(
    source: RowSource,
    command: CompressCommand,
    shares: MemoryShares,
    signal: AbortSignal | undefined,
    bar: ProgressBar,
    from: Progress | undefined,
  ) {
    this.#source = source
    this.#shares = shares
    this.#bar = bar
    this.#output = from?.output
    this.#place = from?.place
    this.#dropped = from?.dropped ?? 0
    this.#weight = new CompensatedSum(from?.weight)
    this.#held = new HeldValues(command.keepColumns ?? [], from?.held)
    const { size, support, quality, threads, scale } = command
    const order = orderOption(command, source.names)
    const watch = {
      threads,
      signal: signal ?? this.#ending.signal,
      onProgress: ({ done, total, stage }: { done: number; total: number; stage: string }) => {
        if (this.#isFinishing) bar.update(stage, done, total)
      },
    }
    const { compressor: memory } = shares
    const dimension = source.names.length
    const options: CompressorOptions<Support> = { dimension, order, size, support, quality, scale, memory, ...watch }
    try {
      this.compressor =
        from === undefined ? new Compressor(options) : Compressor.restore(from.compressor, { memory, ...watch })
    } catch (error) {
      throw shares.ofCompressor(error)
    }
  }

  /** The chunks that are left. The time until each comes counts as reading. */
  async *timedChunks(): AsyncGenerator<SourceChunk> {
    let start = performance.now()
    try {
      for await (const chunk of this.#source.chunks(this.#place)) {
        this.#milliseconds.read += performance.now() - start
        yield chunk
        start = performance.now()
      }
    } catch (error) {
      throw this.#shares.ofReader(error)
    }
    this.#milliseconds.read += performance.now() - start
  }

  async push({ points, weights, first, count, kept, dropped, done, place }: SourceChunk): Promise<void> {
    const start = performance.now()
    await this.compressor.push(points.subarray(0, count * this.#source.names.length), weights?.subarray(0, count))
    await this.#held.add(first, count, kept, () => this.compressor.heldRows())
    this.#dropped += dropped
    if (weights !== undefined && this.#source.weightColumn !== null) this.#weight.addAll(weights, count)
    this.#place = place
    this.#milliseconds.compress += performance.now() - start
    this.#bar.update('read', done, this.#source.total, this.compressor.rows)
  }

  /** The state after the last chunk. An output that an earlier run has put in place stays known by its hash. */
  async save(): Promise<Progress> {
    const compressor = await this.compressor.save()
    const place = this.#place ?? { files: [], within: {} }
    const held = this.#held.save(await this.compressor.heldRows())
    return { place, dropped: this.#dropped, weight: this.#weight.state, compressor, held, output: this.#output }
  }

  async finish(paths: readonly string[] | undefined, signal: AbortSignal): Promise<Outcome> {
    const start = performance.now()
    const { rows } = this.compressor
    const count = rows - this.#dropped
    if (count === 0) {
      const why = rows === 0 ? 'there are no rows' : `each of the ${whole(rows)} rows has a missing value`
      throw new CliError(EXIT.input, why)
    }
    signal.throwIfAborted()
    this.#isFinishing = true
    const end = () => this.#ending.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    const result = await this.compressor.finish().finally(() => signal.removeEventListener('abort', end))
    const { names: columns, weightColumn, files } = this.#source
    return {
      columns,
      weightColumn,
      count,
      dropped: this.#dropped,
      totalWeight: weightColumn === null ? count : this.#weight.value,
      files: paths === undefined ? undefined : files,
      result,
      rows: result.indices,
      kept: result.indices === undefined ? [] : this.#held.columns(result.indices),
      milliseconds: {
        read: this.#milliseconds.read,
        compress: this.#milliseconds.compress + performance.now() - start,
      },
    }
  }
}
