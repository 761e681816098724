// The worker in Node.
import { parentPort } from 'node:worker_threads'
import { serve } from './serve.js'

if (parentPort !== null) {
  const port = parentPort
  port.on(
    'message',
    serve((reply, transfer) => port.postMessage(reply, transfer)),
  )
}
