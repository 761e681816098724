// A ceiling for the memory of the whole process: what Node itself takes, and what is left for reading and compressing.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CodedError, plainError } from '../errors.js'
import { bytes } from './report.js'

/** What V8 and the allocator take beyond what is in use, between two collections. Measured on x64 Linux. */
const NODE_GROWTH = 36e6
/** A reader in pieces takes this much at least. */
const LEAST_FOR_READER = 32e6
/** A Compressor of some columns and a size of a thousand takes about this much. */
const USUAL_FOR_COMPRESSOR = 64e6
/** What is taken differs so much from run to run. */
const STEP = 5e6

/** What a ceiling leaves to the reader and to the Compressor, in bytes. */
export class MemoryShares {
  /** Undefined: no limit. */
  readonly reader: number | undefined
  readonly compressor: number | undefined
  readonly #ceiling: number | undefined
  readonly #taken: number
  readonly #most: number

  /**
   * `held`: bytes that are needed for something else. `most`: a ceiling that would do in another way. To be made when all
   * that is needed has been loaded, because what is taken is measured. Throws Error ERR_MEMORY when too little is left.
   */
  constructor(ceiling: number | undefined, held: number, most = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#ceiling = ceiling
    this.#taken = process.memoryUsage.rss() + NODE_GROWTH + held
    if (ceiling === undefined) return
    const left = Math.floor(ceiling - this.#taken)
    this.reader = Math.max(LEAST_FOR_READER, Math.min(left - USUAL_FOR_COMPRESSOR, Math.floor(left / 2)))
    this.compressor = left - this.reader
    if (this.compressor <= 0) throw this.#tooLittle(LEAST_FOR_READER + USUAL_FOR_COMPRESSOR)
  }

  /** Says which ceiling would do when the reader was refused because its share is too little. Other errors stay as they are. */
  ofReader(error: unknown): unknown {
    const needed = neededBytes(error)
    if (needed === undefined) return error
    // The reverse of the shares above.
    const left = needed <= USUAL_FOR_COMPRESSOR ? needed + USUAL_FOR_COMPRESSOR : 2 * needed
    return this.#tooLittle(left, error as Error, `: ${(error as Error).message}`)
  }

  /** The same for the Compressor. */
  ofCompressor(error: unknown): unknown {
    const needed = neededBytes(error)
    if (needed === undefined) return error
    const left = needed <= USUAL_FOR_COMPRESSOR ? needed + LEAST_FOR_READER : 2 * needed
    return this.#tooLittle(left, error as Error)
  }

  #tooLittle(left: number, cause?: Error, why = ''): unknown {
    if (this.#ceiling === undefined) return cause
    // The next run may take more than this one.
    const enough = Math.ceil(Math.min(this.#taken + left + STEP, this.#most) / STEP) * STEP
    return plainError('ERR_MEMORY', `${tooLittle(this.#ceiling)}; this run needs about ${enough / 1e6} MB${why}`, cause)
  }
}

/** What a part asked for when its share was too little. */
function neededBytes(error: unknown): number | undefined {
  const { code, message } = error as Partial<CodedError>
  if (code !== 'ERR_MEMORY') return undefined
  const [, needed] = /(\d+) bytes\b.*\band \d+ may be (?:taken|used)/.exec(message as string) ?? []
  return needed === undefined ? undefined : Number(needed)
}

function tooLittle(ceiling: number): string {
  return `--memory ${bytes(ceiling)} is too little`
}

/** From this part of the ceiling on, garbage is collected when it is more than the other part. */
const WATCHED = 0.75
const GARBAGE = 0.1

/**
 * A function to be called after each chunk. V8 does not know of the ceiling and would let garbage grow beyond it; this
 * function has it collected when the process comes near. It throws Error ERR_MEMORY when the process is above the ceiling
 * even then: texts were longer than could be foreseen.
 */
export function memoryWatch(ceiling: number | undefined): () => void {
  if (ceiling === undefined) return () => {}
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let inUse = 0
  return () => {
    const { rss, heapUsed, external } = process.memoryUsage()
    const isAbove = rss > ceiling
    if (!isAbove && (rss < WATCHED * ceiling || heapUsed + external - inUse < GARBAGE * ceiling)) return
    collect()
    const after = process.memoryUsage()
    inUse = after.heapUsed + after.external
    if (after.rss > ceiling)
      throw plainError('ERR_MEMORY', `${tooLittle(ceiling)}: without garbage, the process takes ${bytes(after.rss)}`)
  }
}
