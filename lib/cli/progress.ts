// The progress bar, on stderr, and only where stderr is a terminal.
import { SingleBar } from 'cli-progress'

export interface ProgressBar {
  /** Shows `done` of `total` units of a stage. A new stage begins at 0 again. */
  update(stage: string, done: number, total: number): void
  /** Clears the line. */
  stop(): void
}

export function progressBar(isWanted: boolean): ProgressBar {
  if (!isWanted || !process.stderr.isTTY) return { update() {}, stop() {} }
  const bar = new SingleBar({
    format: '{stage} {bar} {percentage}%',
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
    update(stage, done, total) {
      if (current === undefined) bar.start(total, done, { stage: label(stage) })
      else if (current !== stage) bar.setTotal(total)
      current = stage
      bar.update(done, { stage: label(stage) })
    },
    stop() {
      if (current !== undefined) bar.stop()
    },
  }
}

function label(stage: string): string {
  return stage.padEnd(10)
}
