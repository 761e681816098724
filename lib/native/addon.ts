// What is computed with in Node: the package's folder, its native binary, and what native() takes.
import { PACKAGE_ROOT } from '#platform'
import { NATIVE_FUNCTIONS, type Native } from '../surface.js'
import { loadBackend } from './backend.js'

export * from '../surface.js'
export { backend, native } from './native.js'
export { PACKAGE_ROOT }

/** The native binary of the package in `root`, and nothing else. Throws as loadBackend() does. */
export function loadNative(root: string): Native {
  return loadBackend<Native>({ root, functions: NATIVE_FUNCTIONS }).exports
}
