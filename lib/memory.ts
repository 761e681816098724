// How much memory there is for a job, so that one that cannot end is refused before it begins.
import { freemem, totalmem } from 'node:os'

/**
 * Bytes that the process can still have: what the machine has free (caches that the system gives up count as free), and
 * no more than what the limit of its container leaves of this process. On macOS, where the free memory that the system
 * tells leaves out most of what it would give, all memory of the machine.
 */
export function memoryToHave(): number {
  const free = process.platform === 'darwin' ? totalmem() : freemem()
  const limit = process.constrainedMemory() // undefined or 0: none is known
  return limit ? Math.min(free, Math.max(0, limit - process.memoryUsage.rss())) : free
}
