#!/usr/bin/env node
// Makes dist/wasm/worker-source.js: the browser's worker, with all that it imports, as one text. After tsc.
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'wasm')
const { outputFiles } = await build({
  entryPoints: [join(folder, 'worker-browser.js')],
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
})
writeFileSync(join(folder, 'worker-source.js'), `export default ${JSON.stringify(outputFiles[0].text)}\n`)
