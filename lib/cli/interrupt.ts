// Ctrl-C and other signals to end: the first one stops the work and lets it clean up, the second one ends the process.
import { constants } from 'node:os'
import { CliError } from './exit.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** An AbortSignal. A signal to end aborts it with a CliError of exit code 128 + the signal's number. */
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
