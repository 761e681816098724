// The package in a browser: bundled by what programs use, run in Chromium, and compared with WebAssembly in Node.
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createServer, build as vite } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import webpack from 'webpack'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { openChromium } from '../page/chromium.mjs'
import { serve } from '../page/serve.mjs'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(CHROMIUM)) console.warn(`left out, because ${CHROMIUM} is missing: the package in a browser`)

const WASM = join(PACKAGE_ROOT, 'dist/wasm/fewpoints.wasm')

const APP = `import * as fewpoints from 'fewpoints'
globalThis.fewpoints = fewpoints
const { load, compress } = fewpoints
globalThis.early = await compress(new Float64Array(4), { dimension: 1, order: 1 }).catch(({ code }) => code)
globalThis.ready = load()
`

// Five lines, as a program would have them.
const SMALL = `import { load, compress } from 'fewpoints'
await load()
const points = Float64Array.from({ length: 20000 }, (_, i) => Math.sin(i * i))
const { weights } = await compress(points, { dimension: 2, order: 3, size: 100 })
globalThis.answer = { count: weights.length, sum: weights.reduce((a, b) => a + b) }
`

// What is computed in Node and in the page alike. It gives JSON.
const COMPUTATIONS = `async (fewpoints) => {
  const bits = (array) => Array.from(new Uint32Array(Float64Array.from(array).buffer)).reduce((h, x) => Math.imul(h, 31) + x | 0, 7)
  // Math.sin has other last digits in other versions of V8.
  let state = 1
  const numbers = (length) => Float64Array.from({ length }, () => (state = (state * 48271) % 2147483647) / 2147483647)
  const points = numbers(30000)
  const weights = numbers(15000)
  const options = { dimension: 2, order: 4, size: 300, weights }
  const compressed = await fewpoints.compress(points, options)
  const sync = fewpoints.compressSync(points, options)
  const verified = await fewpoints.verify({ points, weights }, compressed, { dimension: 2, order: 4 })
  const matrix = numbers(2000)
  const solved = await fewpoints.nnls(matrix, points.subarray(0, 100), { rows: 100, columns: 20 })
  const compressor = new fewpoints.Compressor({ dimension: 2, order: 3, size: 50 })
  for (let i = 0; i < 20; i++) await compressor.push(points.map((x) => x + i / 7))
  const streamed = await compressor.finish()
  const network = {
    inputs: 2, width: 4, outputs: 1, activation: 'tanh',
    hidden: points.slice(0, 8), bias: points.slice(8, 12), output: points.slice(12, 16), outputBias: points.slice(16, 17),
  }
  const data = { x: points.subarray(0, 200), y: points.subarray(200, 300) }
  const epochs = []
  const trained = await fewpoints.trainNetwork(network, data, { epochs: 6, evaluateEvery: 2, onEpoch: ({ epoch }) => { epochs.push(epoch) } })
  return JSON.stringify({
    compressed: [bits(compressed.points), bits(compressed.weights), bits(compressed.indices), compressed.threads],
    same: bits(sync.weights) === bits(compressed.weights),
    verified: [verified.residual, bits(verified.perOrder)],
    solved: bits(solved.x),
    streamed: [bits(streamed.points), bits(streamed.weights), streamed.residual],
    trained: [bits(trained.network.hidden), bits(trained.trainLoss), epochs],
    backend: fewpoints.info().backend,
  })
}`

type Bundle = (entry: string, folder: string) => Promise<unknown>
const BUNDLERS: Record<string, Bundle> = {
  async esbuild(entry, folder) {
    await esbuild({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      outfile: join(folder, 'app.js'),
      logLevel: 'error',
    })
    copyFileSync(WASM, join(folder, 'fewpoints.wasm'))
  },
  async vite(entry, folder) {
    await vite({
      root: join(entry, '..'),
      base: './',
      configFile: false,
      logLevel: 'error',
      build: {
        outDir: folder,
        target: 'es2022',
        rolldownOptions: { input: entry, output: { entryFileNames: 'app.js' } },
      },
    } as Parameters<typeof vite>[0])
  },
  async webpack(entry, folder) {
    const compiler = webpack({
      mode: 'production',
      context: join(entry, '..'),
      entry,
      output: { path: folder, filename: 'app.js', module: true, publicPath: 'auto' },
      experiments: { outputModule: true },
      resolve: { symlinks: true },
      performance: { hints: false },
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'))
    await promisify(compiler.close.bind(compiler))()
  },
}

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  const root = mkdtempSync(join(tmpdir(), 'fewpoints-browser-'))
  let browser: Browser
  let site: Awaited<ReturnType<typeof serve>>
  let page: Page

  /** Bundles the program, and returns the address of a page that runs it. */
  async function bundled(bundler: string, program: string, name = bundler): Promise<string> {
    const source = join(root, `${name}-source`)
    const folder = join(root, name)
    mkdirSync(join(source, 'node_modules'), { recursive: true })
    mkdirSync(folder)
    writeFileSync(join(source, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(source, 'main.js'), program)
    symlinkSync(PACKAGE_ROOT, join(source, 'node_modules/fewpoints'))
    await BUNDLERS[bundler](join(source, 'main.js'), folder)
    writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="app.js"></script>')
    return `${site.url}${name}/index.html`
  }

  beforeAll(async () => {
    site = await serve(root)
    browser = await openChromium()
    page = await browser.newPage()
    await page.goto(await bundled('vite', APP, 'app'))
    await page.waitForFunction('globalThis.ready')
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    rmSync(root, { recursive: true })
  })

  /** Runs `body`, which sees fewpoints, and returns its value. */
  const inPage = <T>(body: string): Promise<T> => page.evaluate(`(async () => { ${body} })()`)

  it.each(Object.keys(BUNDLERS))('a program bundled by %s computes, and has nothing of Node in it', async (bundler) => {
    const own = await browser.newPage()
    const failures: string[] = []
    own.on('pageerror', ({ message }) => failures.push(message))
    await own.goto(await bundled(bundler, SMALL))
    await own
      .waitForFunction('globalThis.answer', undefined, { timeout: 30_000 })
      .catch((error) => failures.push(String(error)))
    expect(failures).toEqual([])
    const { count, sum } = await own.evaluate<{ count: number; sum: number }>('answer')
    expect(count).toBe(100)
    expect(sum).toBeCloseTo(10_000, 8)
    await own.close()
    const folder = join(root, bundler)
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
    for (const name of scripts) {
      const text = readFileSync(join(folder, name), 'utf8')
      expect(text.match(/node:(fs|os|path|url|util|module|worker_threads)\b/g)).toBeNull()
    }
  })

  it("computes behind Vite's development server, which must leave the package as it is", async () => {
    const source = join(root, 'development')
    mkdirSync(join(source, 'node_modules'), { recursive: true })
    writeFileSync(join(source, 'main.js'), SMALL)
    writeFileSync(join(source, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>')
    symlinkSync(PACKAGE_ROOT, join(source, 'node_modules/fewpoints'))
    const server = await createServer({
      root: source,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(source, 'cache'),
      optimizeDeps: { exclude: ['fewpoints'] },
      server: { port: 0, fs: { strict: false } },
    })
    await server.listen()
    const own = await browser.newPage()
    await own.goto(server.resolvedUrls?.local[0] as string)
    await own.waitForFunction('globalThis.answer', undefined, { timeout: 60_000 })
    expect(await own.evaluate('answer.count')).toBe(100)
    await own.close()
    await server.close()
  })

  it('ERR_NO_BINARY before load()', async () => {
    expect(await inPage('return early')).toBe('ERR_NO_BINARY')
  })

  it('has the bits of WebAssembly in Node', async () => {
    await inPage('await ready')
    const there: string = await inPage(`return (${COMPUTATIONS})(fewpoints)`)
    const program = `import * as fewpoints from './dist/index.js'\nconsole.log(await (${COMPUTATIONS})(fewpoints))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: PACKAGE_ROOT,
      env: { ...process.env, FEWPOINTS_BACKEND: 'wasm' },
    })
    expect(JSON.parse(there)).toEqual(JSON.parse(stdout))
    expect(JSON.parse(there)).toMatchObject({
      same: true,
      backend: 'wasm',
      trained: [expect.any(Number), expect.any(Number), [0, 2, 4, 6]],
    })
  })

  it('tells progress, and an abort ends the computation with the reason of the signal, and no other', async () => {
    const told = await inPage<{ stages: string[]; reason: string; late: number; next: number; blocked: number }>(`
      await ready
      const points = Float64Array.from({ length: 2_000_000 }, (_, i) => Math.sin(i * i))
      const stages = []
      const options = { dimension: 2, order: 8, size: 20_000 }
      const controller = new AbortController()
      let late = 0
      const first = fewpoints.compress(points, {
        ...options,
        signal: controller.signal,
        onProgress: ({ stage }) => {
          if (controller.signal.aborted) late++
          stages.push(stage)
          controller.abort(new Error('enough'))
        },
      })
      const second = fewpoints.compress(points.slice(0, 2000), { dimension: 2, order: 2 })
      let blocked = 0
      let last = performance.now()
      const timer = setInterval(() => {
        blocked = Math.max(blocked, performance.now() - last)
        last = performance.now()
      }, 5)
      const reason = await first.then(() => 'none', ({ message }) => message)
      const { count } = await second
      clearInterval(timer)
      return { stages, reason, late, next: count, blocked }`)
    expect(told).toMatchObject({ reason: 'enough', late: 0, next: 6 })
    expect(told.stages).toHaveLength(1)
    expect(told.blocked).toBeLessThan(1000)
  })

  it('has the errors of Node', async () => {
    const errors = await inPage<unknown>(`
      await ready
      const show = ({ name, code, message }) => [name, code, message]
      const calls = [
        () => fewpoints.compress([1, 2], { dimension: 1, order: 1 }),
        () => fewpoints.compress(Float64Array.of(1, NaN), { dimension: 1, order: 1 }),
        () => fewpoints.compress(new Float64Array(4), { dimension: 2, order: 1, sise: 4 }),
        () => fewpoints.compress({ data: Float64Array.of(1), shape: [2 ** 31, 2], stride: [0, 0] }, { order: 1 }),
        async () => fewpoints.compressSync(Float64Array.of(1, Infinity), { dimension: 1, order: 1 }),
      ]
      return Promise.all(calls.map((call) => call().then(() => 'accepted', show)))`)
    expect(errors).toEqual([
      ['TypeError', 'ERR_SHAPE', expect.stringContaining('must be a Float64Array')],
      ['RangeError', 'ERR_NOT_FINITE', 'points, row 1, column 0 is NaN; expected a finite number'],
      ['TypeError', 'ERR_OPTION', expect.stringContaining("did you mean 'size'")],
      ['Error', 'ERR_MEMORY', expect.stringMatching(/need about \d+ bytes .* can be addressed here/)],
      ['RangeError', 'ERR_NOT_FINITE', 'points, row 1, column 0 is Infinity; expected a finite number'],
    ])
  })

  it('says what is wrong with a module that is not there, or is none', async () => {
    const codes = await inPage<unknown>(`
      const show = ({ code, message }) => [code, message]
      const url = new URL('nowhere.wasm', location.href)
      return [await fewpoints.load({ wasm: url }).catch(show), await fewpoints.load({ wasm: new Uint8Array(8) }).catch(show)]`)
    expect(codes).toEqual([
      ['ERR_NO_BINARY', expect.stringContaining('status 404')],
      ['ERR_NO_BINARY', expect.stringContaining('does not take the WebAssembly module')],
    ])
  })
})
