// Progress on stderr: a bar where stderr is a terminal, a line every few seconds where it is asked for elsewhere.
import cliProgress, { SingleBar } from 'cli-progress'
import { duration, rate, whole } from './report.js'

export interface ProgressBar {
  /**
   * Shows `done` of `total` units of a stage; `total` is undefined where it is not known. A new stage begins at 0 again.
   * `rows`: how many rows that are, for a stage that counts rows.
   */
  update(stage: string, done: number, total: number | undefined, rows?: number): void
  /** Clears the line. */
  stop(): void
}

/** `always`: also where stderr is no terminal. */
export function progressBar(isWanted: boolean, always = false): ProgressBar {
  if (isWanted && process.stderr.isTTY) return terminalBar()
  return isWanted && always ? lines() : { update() {}, stop() {} }
}

const FORMATS = {
  plain: '{stage} {bar} {percentage}%',
  rows: '{stage} {bar} {percentage}%  {rows} rows, {rate}, {eta_formatted} left',
  unknown: '{stage} {rows} rows, {rate}',
}

function terminalBar(): ProgressBar {
  const clock = rowClock()
  const bar = new SingleBar({
    format(options, params, payload) {
      const form: keyof typeof FORMATS = payload.form
      return cliProgress.Format.Formatter({ ...options, format: FORMATS[form] }, params, payload)
    },
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 40,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    fps: 10,
  })
  let current: string | undefined
  return {
    update(stage, done, total, rows) {
      const form: keyof typeof FORMATS = rows === undefined ? 'plain' : total === undefined ? 'unknown' : 'rows'
      const payload = { form, stage: stage.padEnd(10), rows: whole(rows ?? 0), rate: clock(rows) }
      if (current === undefined) bar.start(total ?? 1, done, payload)
      else if (current !== stage) bar.setTotal(total ?? 1)
      current = stage
      bar.update(total === undefined ? 0 : done, payload)
    },
    stop() {
      if (current !== undefined) bar.stop()
    },
  }
}

const BETWEEN_LINES = 5000 // ms

function lines(): ProgressBar {
  const clock = rowClock()
  let current: string | undefined
  let [began, doneThen, last] = [0, 0, performance.now()]
  return {
    update(stage, done, total, rows) {
      const now = performance.now()
      if (stage !== current) {
        current = stage
        began = now
        doneThen = done
      }
      const speed = clock(rows)
      if (now - last < BETWEEN_LINES) return
      last = now
      const parts = total === undefined ? [] : [`${Math.floor((100 * done) / total)}%`]
      if (rows !== undefined) parts.push(`${whole(rows)} rows`, speed)
      if (total !== undefined && done > doneThen)
        parts.push(`${duration(((now - began) * (total - done)) / (done - doneThen))} left`)
      process.stderr.write(`fewpoints: ${stage} ${parts.join(', ')}\n`)
    },
    stop() {},
  }
}

/** Rows per second since the first call that has rows. A run that goes on from a checkpoint begins with many. */
function rowClock(): (rows: number | undefined) => string {
  let first: { rows: number; at: number } | undefined
  return (rows) => {
    if (rows === undefined) return ''
    const now = performance.now()
    first ??= { rows, at: now }
    return now > first.at ? rate((1000 * (rows - first.rows)) / (now - first.at)) : rate(0)
  }
}
