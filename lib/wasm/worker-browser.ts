// The worker in a browser. native/wasm-worker.mjs makes one text of it and all that it imports.
import type { Reply, Request } from './messages.js'
import { serve } from './serve.js'

const scope = globalThis as unknown as {
  onmessage: (event: { data: Request }) => void
  postMessage(reply: Reply, transfer: ArrayBuffer[]): void
}
const answer = serve((reply, transfer) => scope.postMessage(reply, transfer))
scope.onmessage = ({ data }) => answer(data)
