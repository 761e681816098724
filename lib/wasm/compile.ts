// The part of the global WebAssembly that is used. TypeScript declares it among the types of the DOM only.
import { plainError } from '../errors.js'

interface Api {
  Module: new (bytes: object) => object
  RuntimeError: new () => Error
  compile(bytes: object): Promise<object>
  compileStreaming?(response: object): Promise<object>
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: Api }

export function isModule(value: unknown): value is object {
  return value instanceof WebAssembly.Module
}

export function isUrl(value: unknown): value is URL | string {
  return typeof value === 'string' || value instanceof URL
}

/** The module has ended in the middle of a computation. What it holds must not be used again. */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError
}

/** Throws ERR_NO_BINARY when the engine does not take the module. */
export function compileWasmSync(bytes: object): object {
  try {
    return new WebAssembly.Module(bytes)
  } catch (cause) {
    throw refusal(cause)
  }
}

/** Rejects with ERR_NO_BINARY when the engine does not take the module. */
export async function compileWasm(bytes: object): Promise<object> {
  try {
    return await WebAssembly.compile(bytes)
  } catch (cause) {
    throw refusal(cause)
  }
}

/** The same while it is being fetched, when the server sends it as application/wasm. */
export async function compileResponse(response: Response): Promise<object> {
  const isWasm = response.headers.get('content-type')?.startsWith('application/wasm')
  if (!isWasm || WebAssembly.compileStreaming === undefined) return compileWasm(await response.arrayBuffer())
  try {
    return await WebAssembly.compileStreaming(response)
  } catch (cause) {
    throw refusal(cause)
  }
}

function refusal(cause: unknown): Error {
  const what = cause instanceof Error ? cause.message : String(cause)
  return plainError('ERR_NO_BINARY', `this engine does not take the WebAssembly module of fewpoints: ${what}`, cause)
}
