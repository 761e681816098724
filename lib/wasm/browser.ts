// WebAssembly in a browser: the module is fetched, and workers are started from a text that is part of the program.
import workerSource from '#worker-source'
import { plainError } from '../errors.js'
import type { LoadOptions, Native } from '../surface.js'
import { compileResponse, compileWasm, isModule, isUrl } from './compile.js'
import type { Reply, Request } from './messages.js'
import { instantiateAsync } from './module.js'
import { makeNative } from './native.js'
import type { Listener, Port } from './session.js'

/** The compiled module. Rejects with ERR_NO_BINARY. */
export async function fetchWasm(wasm: LoadOptions['wasm']): Promise<object> {
  if (isModule(wasm)) return wasm
  if (wasm !== undefined && !isUrl(wasm)) return compileWasm(wasm)
  // Bundlers look for these words, and put the file beside what they make.
  const url = wasm ?? new URL('./fewpoints.wasm', import.meta.url)
  let response: Response
  try {
    response = await fetch(url)
  } catch (cause) {
    throw plainError('ERR_NO_BINARY', `load: ${url} cannot be fetched: ${(cause as Error).message}`, cause)
  }
  if (!response.ok) {
    const hint = 'option wasm of load() says where the module is'
    throw plainError('ERR_NO_BINARY', `load: ${url} cannot be fetched: status ${response.status}; ${hint}`)
  }
  return compileResponse(response)
}

export async function nativeOf(module: object): Promise<Native> {
  return makeNative(module, open, await instantiateAsync(module))
}

/** What is used of the DOM's Worker. */
interface WebWorker {
  postMessage(request: Request, transfer: ArrayBuffer[]): void
  terminate(): void
  onmessage: (event: { data: Reply }) => void
  onerror: (event: { message?: string; preventDefault(): void }) => void
}
const { Worker } = globalThis as unknown as { Worker: new (url: string) => WebWorker }

/** The address of the text, for all workers of the page. */
let address: string | undefined

function open({ onReply, onFailure }: Listener): Port {
  address ??= URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  const worker = new Worker(address)
  worker.onmessage = ({ data }) => onReply(data)
  worker.onerror = (event) => {
    event.preventDefault()
    onFailure(
      new Error(event.message ?? 'it could not be started; a Content-Security-Policy must allow worker-src blob:'),
    )
  }
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    hold: () => {},
    end: () => worker.terminate(),
  }
}
