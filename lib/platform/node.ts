// What Node knows and a browser does not, or says otherwise. browser.ts has the same functions.
import { availableParallelism, freemem, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'

/** The folder with package.json: two levels up from lib/platform and from dist/platform alike. */
export const PACKAGE_ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** True also for arrays of another realm: vm contexts, some test runners. */
export const { isFloat32Array, isFloat64Array, isSharedArrayBuffer } = types

/** How many threads are used when nobody says so. */
export function usualThreads(): number {
  // OMP_NUM_THREADS may be a list, one number per nesting level: the first counts. A value that is no number is ignored.
  const wanted = Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10)
  return wanted >= 1 ? wanted : availableParallelism()
}

/**
 * Bytes that the process can still have: the free memory of the machine (caches that the system gives up count as free),
 * and no more than the limit of its container leaves to this process. On macOS it is all memory of the machine, because
 * the free memory that macOS reports leaves out most of what it would give.
 */
export function memoryToHave(): number {
  const free = process.platform === 'darwin' ? totalmem() : freemem()
  return Math.min(free, Math.max(0, containerLimit() - residentBytes()))
}

function residentBytes(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0 // Linux without /proc, as in some jails
  }
}

/** All memory of the machine or of the container, in bytes. */
export function memoryInAll(): number {
  return Math.min(containerLimit(), totalmem())
}

/** Infinity where there is none: the system says undefined or 0 then. */
function containerLimit(): number {
  return process.constrainedMemory() || Number.POSITIVE_INFINITY
}
