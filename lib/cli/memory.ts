// A ceiling for the memory of the whole process: what Node itself takes, and what is left for reading and compressing.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { plainError } from '../errors.js'
import { bytes } from './report.js'

/** What V8 and the allocator take beyond what is in use, between two collections. Measured, see docs/command-line.md. */
const NODE_GROWTH = 40e6
/** Less than this is of no use to a reader or to the compressor. */
const LEAST = 16e6

export interface MemoryShares {
  /** Bytes for the reader, and for the Compressor. Undefined: no limit. */
  reader: number | undefined
  compressor: number | undefined
}

/**
 * Shares out what a ceiling leaves. Call it when all that is needed has been loaded, because it measures what is taken.
 * Throws Error ERR_MEMORY when too little is left.
 */
export function shareMemory(ceiling: number | undefined): MemoryShares {
  if (ceiling === undefined) return { reader: undefined, compressor: undefined }
  const taken = process.memoryUsage.rss() + NODE_GROWTH
  const left = ceiling - taken
  if (left < 2 * LEAST) {
    const least = bytes(Math.ceil((taken + 2 * LEAST) / 1e6) * 1e6)
    throw plainError(
      'ERR_MEMORY',
      `--memory ${bytes(ceiling)} is too little: Node and the package take ${bytes(taken)} of it; ${least} is the least`,
    )
  }
  return { reader: Math.floor(left / 2), compressor: Math.floor(left / 2) }
}

/** From this part of the ceiling on, garbage is collected at once. */
const WATCHED = 0.75
const BETWEEN_COLLECTIONS = 200 // ms

/**
 * A function to be called after each chunk. V8 does not know of the ceiling and would let garbage grow beyond it; this
 * function has it collected when the process comes near.
 */
export function memoryWatch(ceiling: number | undefined): () => void {
  if (ceiling === undefined) return () => {}
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let last = 0
  return () => {
    const now = performance.now()
    if (now - last < BETWEEN_COLLECTIONS || process.memoryUsage.rss() < WATCHED * ceiling) return
    collect()
    last = performance.now()
  }
}
