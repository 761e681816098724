// Makes an instance of the module, on the calling thread. It gets what it imports: Node-API from emnapi, a clock, and an
// environment without variables.
import { instantiateNapiModule, instantiateNapiModuleSync } from '@emnapi/core'
import { createContext } from '@emnapi/runtime'
import type { Native } from '../surface.js'

export interface Instance {
  native: Native
  /** How much memory it has. It never has less again. */
  bytes(): number
}

export function instantiate(module: object): Instance {
  const linked = link()
  return linked.instance(instantiateNapiModuleSync(module as never, linked.options as never))
}

/** For a browser's main thread, where some engines make no instance of a large module at once. */
export async function instantiateAsync(module: object): Promise<Instance> {
  const linked = link()
  return linked.instance(await instantiateNapiModule(module as never, linked.options as never))
}

// One for all instances. Left alone, it would end all of them when Node's event loop is empty for the first time.
const context = createContext()
context.suppressDestroy()

function link() {
  let memory: { buffer: ArrayBuffer }
  const view = () => new DataView(memory.buffer)
  const wasi = {
    clock_time_get(_clock: number, _precision: bigint, at: number) {
      view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true)
      return 0
    },
    environ_sizes_get(count: number, size: number) {
      view().setUint32(count, 0, true)
      view().setUint32(size, 0, true)
      return 0
    },
    environ_get: () => 0,
    proc_exit(status: number) {
      throw new Error(`the WebAssembly module ended itself with ${status}`)
    },
  }
  const options = {
    context,
    overwriteImports(imports: Record<string, object>) {
      imports.env = { ...imports.env, ...imports.napi, ...imports.emnapi, emscripten_notify_memory_growth() {} }
      imports.wasi_snapshot_preview1 = wasi
      return imports
    },
    beforeInit({ instance }: { instance: { exports: Record<string, unknown> } }) {
      memory = instance.exports.memory as typeof memory
      const initialize = instance.exports._initialize as (() => void) | undefined
      initialize?.()
    },
  }
  const instance = (source: { napiModule: { exports: unknown } }): Instance => ({
    native: source.napiModule.exports as Native,
    bytes: () => memory.buffer.byteLength,
  })
  return { options, instance }
}
