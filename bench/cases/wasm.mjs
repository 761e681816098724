// WebAssembly in Node and in Chromium against the native binary, with one thread.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { openChromium } from '../../page/chromium.mjs'
import { serve } from '../../page/serve.mjs'
import { tableOf } from '../table.mjs'

export const title = 'WebAssembly against the native binary, one thread'
export const seed = 1
export const trials = 7

const root = fileURLToPath(new URL('../..', import.meta.url))
const CALLS = join(root, 'bench/wasm-calls.mjs')
const NAMES = Object.keys((await import('../wasm-calls.mjs')).callsOf({}, 10))
// The sides take turns, because other programs disturb one moment and not another.
const ROUNDS = 3

export function cases({ small }) {
  return NAMES.map((name) => ({ name, d: small ? 100_000 : 1_000_000 }))
}

export async function run({ name, d }, trials) {
  const browser = await inChromium()
  try {
    const sides = {
      native: () => inNode(name, d, trials, { FEWPOINTS_BACKEND: 'native' }),
      v2: () => inNode(name, d, trials, { FEWPOINTS_BACKEND: 'native', FEWPOINTS_ISA: 'v2' }),
      node: () => inNode(name, d, trials, { FEWPOINTS_BACKEND: 'wasm' }),
      chromium: () => browser.measure(name, d, trials),
    }
    const all = Object.keys(sides).filter((side) => side !== 'v2' || process.arch === 'x64')
    const times = Object.fromEntries(all.map((side) => [side, Number.POSITIVE_INFINITY]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of all) times[side] = Math.min(times[side], await sides[side]())
    }
    return times
  } finally {
    await browser.close()
  }
}

async function inNode(name, d, trials, variables) {
  const program = `
    import * as fewpoints from './dist/index.js'
    import { callsOf, fastest } from './bench/wasm-calls.mjs'
    const [name, d, trials] = JSON.parse(process.argv[1])
    console.log(fastest(callsOf(fewpoints, d)[name], trials))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program, JSON.stringify([name, d, trials])],
    { cwd: root, env: { ...process.env, ...variables } },
  )
  return Number(stdout)
}

/** A page that measures, in a worker of its own. */
async function inChromium() {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-bench-'))
  const program = `import * as fewpoints from ${JSON.stringify(join(root, 'dist/index.js'))}
    import { callsOf, fastest } from ${JSON.stringify(CALLS)}
    onmessage = async ({ data: [name, d, trials] }) => {
      await fewpoints.load()
      postMessage(fastest(callsOf(fewpoints, d)[name], trials))
    }`
  await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    format: 'esm',
    conditions: ['browser'],
    outfile: join(folder, 'worker.js'),
    logLevel: 'error',
  })
  copyFileSync(join(root, 'dist/wasm/fewpoints.wasm'), join(folder, 'fewpoints.wasm'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>wasm</title>')
  const [site, browser] = [await serve(folder), await openChromium()]
  return {
    async measure(...parameters) {
      const page = await browser.newPage()
      await page.goto(site.url)
      const work = `new Promise((resolve, reject) => {
        const worker = new Worker('worker.js', { type: 'module' })
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
        worker.postMessage(${JSON.stringify(parameters)})
      })`
      const time = await page.evaluate(work)
      await page.close()
      return time
    },
    async close() {
      await browser.close()
      await site.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const ratio = (one, other) => (other === undefined ? undefined : (one / other).toFixed(1))

export function report(results) {
  return [
    tableOf(results, [
      ['', ({ name }) => name],
      ['native ms', ({ native }) => native.toPrecision(3)],
      ['native v2', ({ v2 }) => v2?.toPrecision(3)],
      ['wasm, Node', ({ node }) => node.toPrecision(3)],
      ['wasm, Chromium', ({ chromium }) => chromium.toPrecision(3)],
      ['Node / native', ({ node, native }) => ratio(node, native)],
      ['Chromium / native', ({ chromium, native }) => ratio(chromium, native)],
      ['Node / v2', ({ node, v2 }) => ratio(node, v2)],
    ]),
    '',
    `The fastest of ${ROUNDS} rounds in turns, ${results[0].d.toLocaleString('en')} points to a tenth, one thread, Sync calls. v2: the native binary`,
    'without AVX, whose bits are those of WebAssembly.',
  ].join('\n')
}
