// A bound on what a file may ask for: the memory of the machine. A small file can announce far more than it holds, because
// formats repeat and pack, and a process that takes more than there is gets killed without a word.
import { totalmem } from 'node:os'
import { plainError } from '../errors.js'

/** Throws Error ERR_MEMORY when `bytes` are more than the machine, or the container that this runs in, has at all. */
export function checkMemory(path: string, what: string, bytes: number): void {
  const limit = process.constrainedMemory()
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  if (!(bytes <= total)) {
    throw plainError('ERR_MEMORY', `${path}: ${what} need ${bytes} bytes of memory, and there are ${total} in all`)
  }
}
