// Errors of engines and of emnapi that mean that there is no room.
import { plainError } from '../errors.js'

const NO_ROOM =
  /out of memory|memory out of range|allocation failed|invalid (typed )?array (buffer )?length|could not allocate/i

/** Error ERR_MEMORY in the place of such an error. Others stay as they are. call: the name of the function. */
export function orMemoryError(call: string, error: unknown): unknown {
  const isOther = !(error instanceof Error) || 'code' in error || !NO_ROOM.test(error.message)
  return isOther ? error : plainError('ERR_MEMORY', `${call}: not enough memory: ${error.message}`, error)
}
