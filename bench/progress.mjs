// Shows on stderr how far a benchmark is and how long it will take: a bar on a terminal, elsewhere a line from time to
// time.
import { SingleBar } from 'cli-progress'

const LINE_EVERY = 20_000 // milliseconds, when stderr is not a terminal

/**
 * @param {number} total the cost of all cases together, in any unit
 * @param {number} done the cost of the cases that an earlier run has done, which do not count for the speed of this run
 */
export function progressBar(total, done) {
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {left}  {what}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    fps: 4,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY,
  })
  const started = performance.now()
  const spent = () => performance.now() - started
  let sofar = done
  let what = ''
  const running = new Set()
  const show = () => {
    const value = [...running].reduce((sum, { fraction, cost }) => sum + fraction * cost, sofar)
    bar.update(value, { what, left: value > done ? timeLeft((spent() * (total - value)) / (value - done)) : '' })
  }
  bar.start(total, done, { what, left: '' })
  return {
    /** Begins a case of this cost and name. Several cases may run at once. */
    begin(name, cost) {
      what = name
      const one = { fraction: 0, cost }
      running.add(one)
      show()
      return {
        /** Sets the part of the case that is done, 0 to 1. */
        part(fraction) {
          one.fraction = fraction
          show()
        },
        /** Ends the case. */
        end() {
          running.delete(one)
          sofar += cost
          show()
        },
      }
    },
    stop() {
      bar.stop()
    },
  }
}

function timeLeft(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 90) return `${seconds} s left`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`
  return `${(seconds / 3600).toFixed(1)} h left`
}
