// The state of a compression in a file, from which a run goes on that was killed.
import { createHash } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import type { CompressorState, Support } from '../index.js'
import { checkTarget, writeAtomically } from '../io/atomic.js'
import { fileError, systemError, withFile } from '../io/bytes.js'
import { CliError, EXIT, step } from './exit.js'
import type { HeldState } from './held-values.js'
import type { SourcePosition } from './row-source.js'

/** What a run is about. Two runs with the same job end in the same bits. */
export interface Job {
  version: string
  /** The options that bear on the result, by their names on the command line. */
  options: Record<string, unknown>
  inputs: InputIdentity[]
}

export interface InputIdentity {
  path: string
  size: number
  modified: number
  /** A hash of its first bytes. */
  start: string
}

/** What has been done of it. */
export interface Progress {
  place: SourcePosition
  dropped: number
  /** The sum of the weights so far, in two parts: the sum, and what rounding took from it. */
  weight: readonly [sum: number, lost: number]
  compressor: CompressorState<Support>
  held: HeldState
  /** The hash of the output, once it is known. */
  output?: string | undefined
}

const MARK = 'fewpoints checkpoint 1\n'
const HASH = 32 // bytes
const START = 1 << 16

/** What must stay the same between the runs. Throws Error ERR_FILE. */
export async function inputIdentity(path: string): Promise<InputIdentity> {
  const { mtimeMs } = await stat(path).catch((error) => {
    throw systemError(path, error)
  })
  return withFile(path, async (source) => {
    const start = await source.read(0, Math.min(START, source.size))
    return { path, size: source.size, modified: mtimeMs, start: sha256(start).toString('hex') }
  })
}

export class Checkpoint {
  readonly #path: string
  readonly #job: Job
  readonly #every: number
  #saved = performance.now()

  /** `every`: milliseconds between two of them. */
  constructor(path: string, job: Job, every: number) {
    this.#path = path
    this.#job = job
    this.#every = every
  }

  get isDue(): boolean {
    return performance.now() - this.#saved >= this.#every
  }

  /** Writes the state. Throws Error ERR_FILE. */
  async save(progress: Progress): Promise<void> {
    const content = serialize({ job: this.#job, progress })
    const target = await step(EXIT.output, () => checkTarget(this.#path, { force: true }))
    await step(EXIT.output, () => writeAtomically(target, [MARK, sha256(content), content]))
    this.#saved = performance.now()
  }

  /** Undefined when there is none. Throws CliError when the file is damaged, or of another job. */
  async load(): Promise<Progress | undefined> {
    const path = this.#path
    let whole: Buffer
    try {
      whole = await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new CliError(EXIT.input, systemError(path, error).message, { cause: error })
    }
    const content = whole.subarray(MARK.length + HASH)
    const isOurs = whole.toString('latin1', 0, MARK.length) === MARK
    if (!isOurs || !sha256(content).equals(whole.subarray(MARK.length, MARK.length + HASH))) {
      const what = isOurs
        ? 'is a damaged checkpoint; remove it to begin again'
        : 'is there and is no checkpoint of fewpoints'
      throw new CliError(EXIT.input, fileError(path, what).message)
    }
    const { job, progress } = deserialize(content) as { job: Job; progress: Progress }
    const difference = whatDiffers(job, this.#job)
    if (difference !== undefined)
      throw new CliError(EXIT.usage, `${path}: is of another run: ${difference}; remove it to begin again`)
    return progress
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

/** One sentence for the first difference, or undefined. */
function whatDiffers(saved: Job, now: Job): string | undefined {
  if (saved.version !== now.version) return `it was made by version ${saved.version}, this is ${now.version}`
  for (const name of Object.keys({ ...saved.options, ...now.options })) {
    const [before, after] = [saved.options[name], now.options[name]].map(optionText)
    if (before !== after) return `there --${name} was ${before}, here it is ${after}`
  }
  if (saved.inputs.length !== now.inputs.length)
    return `it had ${saved.inputs.length} input files, here are ${now.inputs.length}`
  for (const [i, input] of now.inputs.entries()) {
    const before = saved.inputs[i]
    if (before.path !== input.path) return `its input was ${before.path} where here it is ${input.path}`
    if (before.size !== input.size) return `${input.path} had ${before.size} bytes and has ${input.size}`
    if (before.start !== input.start) return `${input.path} begins with other bytes`
    if (before.modified !== input.modified) return `${input.path} has been written to in the meantime`
  }
  return undefined
}

function optionText(value: unknown): string {
  return value === undefined ? 'not given' : JSON.stringify(value)
}

export function sha256(content: Uint8Array | string): Buffer {
  return createHash('sha256').update(content).digest()
}
