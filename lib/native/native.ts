// What computes. The two sides of #backend, choose-node.ts and choose-browser.ts, know where it comes from.
import { chooseBackend, loadWasm } from '#backend'
import { describe, typeError } from '../errors.js'
import type { Backend, LoadOptions, Native } from '../surface.js'

type Loaded = Backend & { exports: Native }
let loaded: Loaded | undefined
/** By a load() without `wasm` that has not ended. */
let loading: Promise<Loaded> | undefined

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
 * Calls without `wasm` load once, however many there are.
 *
 * Rejects with ERR_NO_BINARY when there is no such module, or the engine lacks what it needs (SIMD and exceptions of
 * WebAssembly), with ERR_OPTION, and in Node as the other functions do.
 */
export async function load(options: LoadOptions = {}): Promise<void> {
  const wasm = wasmOf(options)
  if (wasm !== undefined) {
    loaded = await loadWasm({ wasm })
    return
  }
  if (loaded !== undefined) return
  loading ??= loadWasm({}).finally(() => {
    loading = undefined
  })
  const first = await loading
  loaded ??= first
}

function wasmOf(options: unknown): LoadOptions['wasm'] {
  if (typeof options !== 'object' || options === null) {
    throw typeError('ERR_OPTION', `load: options must be an object, got ${describe(options)}`)
  }
  const unknown = Object.keys(options).find((name) => name !== 'wasm')
  if (unknown !== undefined) throw typeError('ERR_OPTION', `load: unknown option '${unknown}'; the only one is wasm`)
  const { wasm } = options as LoadOptions
  if (wasm === undefined || typeof wasm === 'string' || (typeof wasm === 'object' && wasm !== null)) return wasm
  throw typeError('ERR_OPTION', `load: option 'wasm' must be a URL, bytes or a module, got ${describe(wasm)}`)
}

function now(): Loaded {
  loaded ??= chooseBackend()
  return loaded
}
