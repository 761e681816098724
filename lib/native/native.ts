// What computes. The two sides of #backend, choose-node.ts and choose-browser.ts, know where it comes from.
import { chooseBackend, loadWasm } from '#backend'
import type { Backend, LoadOptions, Native } from '../surface.js'

let loaded: (Backend & { exports: Native }) | undefined

/**
 * The functions that compute. In Node: those of the native binary, else of the WebAssembly build, loaded by the first call;
 * throws as loadBackend() does, at every call until there is something to load. In a browser: those that load() has loaded;
 * throws ERR_NO_BINARY before.
 */
export function native(): Native {
  return now().exports
}

/** What native() has loaded, or loads now. Throws as native() does. */
export function backend(): Backend {
  const { exports: _, ...told } = now()
  return told
}

/**
 * Makes everything ready to compute. A browser must call it once, and wait for it, before any other function that computes:
 * it fetches and compiles the WebAssembly module. In Node it is optional, because the first call loads what it needs; with
 * `wasm`, WebAssembly computes from then on, also where there is a native binary.
 *
 * Later calls without `wasm` do nothing.
 *
 * Rejects with ERR_NO_BINARY when there is no such module, or the engine lacks what it needs (SIMD and exceptions of
 * WebAssembly), with ERR_OPTION, and in Node as the other functions do.
 */
export async function load(options: LoadOptions = {}): Promise<void> {
  if (options.wasm === undefined && loaded !== undefined) return
  loaded = await loadWasm(options)
}

function now(): Backend & { exports: Native } {
  loaded ??= chooseBackend()
  return loaded
}
