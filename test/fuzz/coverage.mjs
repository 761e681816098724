// The parts of the readers, and of the libraries below them, that have run: V8's block coverage, through the inspector.
// One query takes a millisecond, so the engine queries once per batch of inputs, and looks closer where something new
// has run.
import { Session } from 'node:inspector'

const WATCHED = /\/dist\/io\/|\/node_modules\/(hyparquet|@uwdata\/flechette|papaparse|fzstd|hysnappy)/

export class Coverage {
  #session = new Session()
  /** Per script, one byte per character of its source: 1 where it has run. */
  #seen = new Map()

  /** Watches the scripts that are loaded from now on. */
  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  }

  /** Whether any code has run for the first time since the last call. With `keep`, it counts as seen from now on. */
  fresh(keep) {
    let fresh = false
    for (const { url, functions } of this.#post('Profiler.takePreciseCoverage').result) {
      if (WATCHED.test(url)) fresh = this.#look(url, functions, keep) || fresh
    }
    return fresh
  }

  /** How many characters of source have run. */
  size() {
    let sum = 0
    for (const marks of this.#seen.values()) for (const mark of marks) sum += mark
    return sum
  }

  #look(url, functions, keep) {
    const end = Math.max(...functions.map(({ ranges }) => ranges[0].endOffset))
    const now = new Uint8Array(end)
    // Outer functions and ranges come before inner ones.
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset)
    }
    const seen = this.#seen.get(url) ?? new Uint8Array(0)
    let fresh = false
    for (let i = 0; i < end; i++) if (now[i] > (seen[i] ?? 0)) fresh = true
    if (fresh && keep) {
      for (const [i, mark] of seen.entries()) now[i] |= mark
      this.#seen.set(url, now)
    }
    return fresh
  }

  #post(method, values) {
    let answer
    this.#session.post(method, values, (error, result) => {
      if (error) throw new Error(error.message)
      answer = result
    })
    return answer
  }
}
