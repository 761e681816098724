// How far a benchmark is and how long it still takes, on stderr: a bar on a terminal, elsewhere a line now and then.
import { SingleBar } from 'cli-progress'

const LINE_EVERY = 20_000 // milliseconds, where stderr is no terminal

/**
 * @param {number} total the cost of all cases together, in any unit
 * @param {number} done that of those which an earlier run has done: their time says nothing about this one's
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
    /** A case begins that costs so much; `name` says which. Several may be under way. */
    begin(name, cost) {
      what = name
      const one = { fraction: 0, cost }
      running.add(one)
      show()
      return {
        /** It has done this part, 0 to 1. */
        part(fraction) {
          one.fraction = fraction
          show()
        },
        /** It is done. */
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
