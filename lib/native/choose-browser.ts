// What computes in a browser: the WebAssembly build, once load() has fetched it.
import { plainError } from '../errors.js'
import type { Backend, LoadOptions, Native } from '../surface.js'
import { fetchWasm, nativeOf } from '../wasm/browser.js'

type Loaded = Backend & { exports: Native }

export function chooseBackend(): Loaded {
  throw plainError(
    'ERR_NO_BINARY',
    'fewpoints is not loaded: `await load()` must come before any computation in a browser',
  )
}

export async function loadWasm({ wasm }: LoadOptions): Promise<Loaded> {
  return { backend: 'wasm', platform: 'browser', exports: await nativeOf(await fetchWasm(wasm)) }
}
