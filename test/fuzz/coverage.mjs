// Which parts of the readers, and of the libraries below them, have run: V8's own block coverage, asked through the inspector.
// It costs a millisecond to ask, so one asks once for many inputs, and looks closer where something new has run.
import { Session } from 'node:inspector'

const WATCHED = /\/dist\/io\/|\/node_modules\/(hyparquet|@uwdata\/flechette|papaparse|fzstd|hysnappy)/

export class Coverage {
  #session = new Session()
  /** Of each script, one byte a character of its source: 1 where that has run. */
  #seen = new Map()

  /** Scripts that are loaded later are watched. */
  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  }

  /** Whether anything has run since the last call that never ran before; with `keep`, it counts as seen from now on. */
  fresh(keep) {
    let fresh = false
    for (const { url, functions } of this.#post('Profiler.takePreciseCoverage').result) {
      if (WATCHED.test(url)) fresh = this.#look(url, functions, keep) || fresh
    }
    return fresh
  }

  /** Characters of source that have run. */
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
