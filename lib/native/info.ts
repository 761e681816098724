// Tells which build computes, for bug reports and for programs that want to know.
import type { Backend } from '../surface.js'
import { backend, native } from './native.js'

/** What computes, as info() tells it. */
export interface Info extends Backend {
  /** That of the kernels: `'v2'`, `'v3'`, `'v4'` (levels of x86-64), `'plain'` on other processors, `'wasm'`. */
  instructionSet: string
}

/**
 * Tells what computes: the native binary or WebAssembly, for which platform, and why when it is not the first choice.
 * Loads it when no call has done so yet. The environment variable FEWPOINTS_BACKEND (`native` or `wasm`) forces one.
 *
 * Throws ERR_NO_BINARY (the message says what was tried), ERR_OPTION (a wrong FEWPOINTS_BACKEND or FEWPOINTS_ISA) or
 * ERR_MEMORY.
 */
export function info(): Info {
  const { instructionSet } = native().info()
  return { ...backend(), instructionSet }
}
