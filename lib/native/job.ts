// Turns a native job into a promise: it obeys an AbortSignal, reports progress, and leaves no listener when it is settled.

import { onAbort } from '../on-abort.js'
import type { NativeJob, NativeProgress, Stage } from '../surface.js'

/** Where a long computation stands: `done` of `total` units of the stage, `done` <= `total`. */
export interface Progress {
  done: number
  total: number
  stage: Stage
}

interface Watchers {
  signal: AbortSignal | undefined
  onProgress: ((progress: Progress) => void) | undefined
}

/**
 * Starts a job and waits for it. An abort, before or during the job, rejects with exactly `signal.reason`. An error
 * thrown by
 * `onProgress` cancels the job, and the promise rejects with it. The first of these counts, even when the result was already
 * under way. After the promise is settled the signal has no listener from here, and `onProgress` is not called.
 */
export async function runJob<T>(
  start: (progress?: NativeProgress) => NativeJob<T>,
  { signal, onProgress }: Watchers,
): Promise<T> {
  if (signal?.aborted) throw signal.reason

  let stopped: { reason: unknown } | undefined
  let settled = false
  const stop = (reason: unknown) => {
    stopped ??= { reason }
    job.cancel()
  }
  const progress: NativeProgress = (done, total, stage) => {
    if (stopped || settled) return
    try {
      onProgress?.({ done, total, stage })
    } catch (error) {
      stop(error)
    }
  }

  const job = onProgress === undefined ? start() : start(progress)
  const forget = signal && onAbort(signal, () => stop(signal.reason))
  try {
    const result = await job.promise
    if (stopped) throw stopped.reason
    return result
  } catch (error) {
    throw stopped ? stopped.reason : error
  } finally {
    settled = true
    forget?.()
  }
}
