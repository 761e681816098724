// Ctrl-C and its like: the first one stops the work and lets it clean up, the second one ends the process.
import { constants } from 'node:os'
import { CliError } from './exit.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** An AbortSignal that is aborted, with a CliError of exit code 128 + number, when the process is told to end. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController()
  for (const name of SIGNALS) {
    const exitCode = 128 + constants.signals[name]
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode)
      controller.abort(new CliError(exitCode, 'interrupted'))
    })
  }
  return controller.signal
}
