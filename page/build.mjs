// npm run page: builds the page into build/site/try. It needs dist/ with the WebAssembly module. With --serve it serves
// the page to this machine until it is stopped.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { serve } from './serve.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const here = join(root, 'page')
const wasm = join(root, 'dist/wasm/fewpoints.wasm')

/** Node's modules that the readers of lib/io import, by their place in page/node. */
const NODE = {
  'node:buffer': 'buffer.ts',
  'node:fs/promises': 'fs-promises.ts',
  'node:path': 'path.ts',
  'node:string_decoder': 'string-decoder.ts',
  'node:zlib': 'zlib.ts',
}

/** @param {string} out the folder, which is emptied first */
export async function buildPage(out = join(root, 'build/site/try')) {
  if (!existsSync(wasm)) throw new Error(`${wasm} is not there: npm run compile:wasm builds it`)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const options = {
    absWorkingDir: here,
    outdir: out,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'linked',
    logLevel: 'warning',
    alias: Object.fromEntries(Object.entries(NODE).map(([name, file]) => [name, join(here, 'node', file)])),
  }
  await Promise.all([
    build({ ...options, entryPoints: ['main.ts', 'style.css'] }),
    build({ ...options, entryPoints: ['worker.ts'], inject: [join(here, 'node/buffer.ts')] }),
  ])
  copyFileSync(join(here, 'index.html'), join(out, 'index.html'))
  copyFileSync(wasm, join(out, 'fewpoints.wasm'))
  return out
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = await buildPage()
  const isServed = process.argv.includes('--serve')
  process.stdout.write(`${isServed ? (await serve(folder)).url : folder}\n`)
}
