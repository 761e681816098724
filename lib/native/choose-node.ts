// What computes in Node: see backend.ts.
import { readFile } from 'node:fs/promises'
import { PACKAGE_ROOT } from '#platform'
import { plainError } from '../errors.js'
import { type Backend, type LoadOptions, NATIVE_FUNCTIONS, type Native } from '../surface.js'
import { compileWasm, isModule, isUrl } from '../wasm/compile.js'
import { nativeOf, wasmNative } from '../wasm/node.js'
import { loadBackend } from './backend.js'
import { platformName } from './find-binary.js'

type Loaded = Backend & { exports: Native }

export function chooseBackend(): Loaded {
  return loadBackend<Native>({ root: PACKAGE_ROOT, functions: NATIVE_FUNCTIONS, wasm: wasmNative })
}

export async function loadWasm({ wasm }: LoadOptions): Promise<Loaded> {
  if (wasm === undefined) return chooseBackend()
  return { backend: 'wasm', platform: platformName(), exports: nativeOf(await moduleOf(wasm)) }
}

async function moduleOf(wasm: NonNullable<LoadOptions['wasm']>): Promise<object> {
  if (isModule(wasm)) return wasm
  if (!isUrl(wasm)) return compileWasm(wasm)
  try {
    return await compileWasm(
      await readFile(typeof wasm === 'string' && wasm.startsWith('file:') ? new URL(wasm) : wasm),
    )
  } catch (cause) {
    throw plainError('ERR_NO_BINARY', `load: ${wasm} is no WebAssembly module of fewpoints: ${messageOf(cause)}`, cause)
  }
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))
