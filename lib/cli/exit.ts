// How the command line ends: exit codes, and errors as one line.
import type { CodedError } from '../errors.js'
import { line } from './report.js'

/** The documented exit codes. */
export const EXIT = {
  ok: 0,
  /** verify: the sets differ by more than the tolerance. */
  differs: 1,
  /** The command line itself: an unknown option, an order that the size does not allow, a column that is not there. */
  usage: 2,
  /** The input: a file that cannot be read, a missing value, a text where a number should be. */
  input: 3,
  /** The output: it exists, is the input, or cannot be written. */
  output: 4,
  /** Anything else: no binary for this machine, no memory. */
  other: 5,
  /** SIGINT. The code is 128 + 15 for SIGTERM and 128 + 1 for SIGHUP. */
  interrupted: 130,
} as const

/** An error that knows its exit code. The message is one sentence for the user. */
export class CliError extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Runs one step of a command. Errors of it that have no exit code get this one, except those that are about an option. */
export async function step<T>(exitCode: number, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as Partial<CodedError>
    const isElse = code === undefined || code === 'ERR_MEMORY' || code === 'ERR_OPTION'
    if (error instanceof CliError || isElse) throw error
    throw new CliError(exitCode, (error as Error).message, { cause: error })
  }
}

/** The exit code for an error that ended the program. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode
  switch ((error as Partial<CodedError> | null)?.code) {
    case 'ERR_OPTION':
    case 'ERR_SIZE':
      return EXIT.usage
    case 'ERR_NOT_FINITE':
    case 'ERR_WEIGHT':
    case 'ERR_SHAPE':
    case 'ERR_FILE':
      return EXIT.input
    default:
      return EXIT.other
  }
}

/** Prints `fewpoints: what is wrong` in one line. With FEWPOINTS_DEBUG set, prints the stack and the causes as well. */
export function printError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`fewpoints: ${line(message)}\n`)
  if (!process.env.FEWPOINTS_DEBUG) return
  for (let at: unknown = error; at instanceof Error; at = at.cause) process.stderr.write(`${at.stack}\n`)
}
