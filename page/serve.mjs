// Serves the page for trials: npm run page -- --serve, the tests, the benchmark.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
}

/**
 * Serves a folder to this machine, under a path that begins and ends with a slash, as a plain file server does.
 *
 * @param {string} folder
 * @param {{ path?: string, port?: number, onRequest?: (url: string) => void }} options
 */
export async function serve(folder, { path = '/', port = 0, onRequest } = {}) {
  const server = createServer(({ url = '/' }, response) => {
    onRequest?.(url)
    const { pathname } = new URL(url, 'http://localhost')
    // URL has taken care of `..`.
    const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    try {
      if (!name.startsWith(path)) throw new Error('another path')
      const content = readFileSync(join(folder, normalize(name.slice(path.length - 1))))
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' })
      response.end(content)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${address.port}${path}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve(undefined)))
    },
  }
}
