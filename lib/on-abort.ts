// What is to be done when a signal aborts.

interface Waiting {
  stops: Set<() => void>
  tell(): void
}
const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `stop` once when the signal aborts, unless the function that is returned has been called before. A signal has one
 * listener for all of them: Node warns of a leak where there are more than ten.
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  const entry = waiting.get(signal) ?? listen(signal)
  const { stops, tell } = entry
  const own = () => stop() // the same function may be given twice
  stops.add(own)
  return () => {
    if (!stops.delete(own) || stops.size > 0) return
    if (waiting.get(signal) === entry) waiting.delete(signal)
    signal.removeEventListener('abort', tell)
  }
}

function listen(signal: AbortSignal): Waiting {
  const stops = new Set<() => void>()
  const tell = () => {
    waiting.delete(signal)
    for (const stop of stops) {
      stops.delete(stop)
      stop()
    }
  }
  const entry = { stops, tell }
  waiting.set(signal, entry)
  signal.addEventListener('abort', tell, { once: true })
  return entry
}
