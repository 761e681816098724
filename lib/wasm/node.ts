import { createRequire } from 'node:module'
import type { Native } from '../native/addon.js'
export function wasmNative(): Native {
  return createRequire(import.meta.url)('/work/wt/pack/build/Release/fewpoints.node')
}
