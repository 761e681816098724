// WebAssembly in Node: the module comes from a file of the package, workers from worker_threads.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PACKAGE_ROOT } from '#platform'
import { plainError } from '../errors.js'
import type { Native } from '../surface.js'
import { compileWasmSync } from './compile.js'
import type { Reply } from './messages.js'
import { makeNative } from './native.js'
import type { Listener, Port } from './session.js'

const FOLDER = join(PACKAGE_ROOT, 'dist', 'wasm')

/** Throws ERR_NO_BINARY when the package lacks the module, or the engine does not take it. */
export function wasmNative(): Native {
  const path = join(FOLDER, 'fewpoints.wasm')
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw plainError(
      'ERR_NO_BINARY',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    )
  }
  return nativeOf(compileWasmSync(bytes))
}

/** The same with another compiled module. */
export function nativeOf(module: object): Native {
  return makeNative(module, open)
}

function open({ onReply, onFailure }: Listener): Port {
  const worker = new Worker(join(FOLDER, 'worker-node.js'), { execArgv: [] })
  worker.unref()
  worker.on('message', (reply: Reply) => onReply(reply))
  worker.on('error', onFailure)
  worker.on('exit', (status) => onFailure(new Error(`its exit code is ${status}`)))
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: () => worker.terminate(),
  }
}
