// A ceiling for the memory of the whole process: what Node itself takes, and what is left for reading and compressing.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CodedError, plainError } from '../errors.js'
import { bytes } from './report.js'

/** What V8 and the allocator take beyond what is in use, between two collections. Measured, see docs/command-line.md. */
const NODE_GROWTH = 36e6
/** A reader in pieces takes this much at least. */
const LEAST_FOR_READER = 32e6
/** A Compressor of some columns and a size of a thousand takes about this much. */
const USUAL_FOR_COMPRESSOR = 64e6

export interface MemoryShares {
  /** Bytes for the reader, and for the Compressor. Undefined: no limit. */
  reader: number | undefined
  compressor: number | undefined
}

/**
 * Shares out what a ceiling leaves; `held`: bytes that are needed for something else. Call it when all that is needed has been
 * loaded, because it measures what is taken. Throws Error ERR_MEMORY when too little is left.
 */
export function shareMemory(ceiling: number | undefined, held: number): MemoryShares {
  if (ceiling === undefined) return { reader: undefined, compressor: undefined }
  const taken = process.memoryUsage.rss() + NODE_GROWTH + held
  const left = ceiling - taken
  const reader = Math.max(LEAST_FOR_READER, Math.min(left - USUAL_FOR_COMPRESSOR, Math.floor(left / 2)))
  if (left > reader) return { reader, compressor: left - reader }
  const message = `${tooLittle(ceiling)}: Node, the package and what is carried along take ${bytes(taken)} of it, and a reader ${bytes(reader)}`
  throw plainError('ERR_MEMORY', message)
}

/** Runs what is refused when its share is too little, and says so. */
export function withinMemory<T>(ceiling: number | undefined, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (ceiling === undefined || (error as Partial<CodedError>).code !== 'ERR_MEMORY') throw error
    throw plainError('ERR_MEMORY', `${tooLittle(ceiling)}: ${(error as Error).message}`, error)
  }
}

function tooLittle(ceiling: number): string {
  return `--memory ${bytes(ceiling)} is too little`
}

/** From this part of the ceiling on, garbage is collected when it is more than the other part. */
const WATCHED = 0.75
const GARBAGE = 0.1

/**
 * A function to be called after each chunk. V8 does not know of the ceiling and would let garbage grow beyond it; this
 * function has it collected when the process comes near.
 */
export function memoryWatch(ceiling: number | undefined): () => void {
  if (ceiling === undefined) return () => {}
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let inUse = 0
  return () => {
    const { rss, heapUsed, external } = process.memoryUsage()
    if (rss < WATCHED * ceiling || heapUsed + external - inUse < GARBAGE * ceiling) return
    collect()
    const after = process.memoryUsage()
    inUse = after.heapUsed + after.external
  }
}
