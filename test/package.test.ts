// The package as a user installs it: staged, packed, and put into an empty folder without running any script.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import manifest from '../package.json' with { type: 'json' }
import { HERE, install, stage, tarballOf } from './staged.js'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'fewpoints-package-'))
const packages = join(folder, 'packages')
const app = join(folder, 'app')
const installed = join(app, 'node_modules', 'fewpoints')
const platformPackage = join(app, 'node_modules', HERE.name)
const binary = join(platformPackage, 'prebuilds', HERE.binary)
const tarball = tarballOf(packages, manifest)

beforeAll(async () => {
  await stage(packages, '--here')
  await install(app, { dependencies: { fewpoints: tarball, [HERE.name]: tarballOf(packages, HERE) } })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Three points in the plane with the mean and the second moments of a ring.
const PROGRAM = `
  const ring = Float64Array.from({ length: 2000 }, (_, i) => i % 2 ? Math.sin(i >> 1) : Math.cos(i >> 1))
  const { count, residual } = compressSync(ring, { dimension: 2, order: 2 })
  const { backend, binary, fallback } = info()
  console.log(JSON.stringify({ count, isExact: residual < 1e-14, backend, binary, fallback }))`
const IMPORTING = `import { compressSync, info } from 'fewpoints'; ${PROGRAM}`

async function node(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const clean = { ...process.env, ...env }
  if (env.FEWPOINTS_BACKEND === undefined) delete clean.FEWPOINTS_BACKEND
  const { stdout } = await run(process.execPath, args, { cwd: app, env: clean })
  return stdout
}
const program = async (text: string, env?: Record<string, string>) =>
  JSON.parse(await node(['--input-type=module', '--eval', text], env))

const command = (...args: string[]) => node([join(installed, manifest.bin.fewpoints), ...args])

const native = { count: 5, isExact: true, backend: 'native', binary }

describe('the installed package', () => {
  it('can be imported', async () => expect(await program(IMPORTING)).toEqual(native))

  it('can be required', async () => {
    const text = `const { compressSync, info } = require('fewpoints'); ${PROGRAM}`
    expect(JSON.parse(await node(['--input-type=commonjs', '--eval', text]))).toEqual(native)
  })

  it('computes by WebAssembly when asked', async () => {
    const told = await program(IMPORTING, { FEWPOINTS_BACKEND: 'wasm' })
    expect(told).toEqual({ count: 5, isExact: true, backend: 'wasm' })
  })

  // CommonJS with TypeScript needs module nodenext: node16 does not know that Node can require modules.
  it.each([
    ['an ES module under node16', ['node16', '--skipLibCheck'], 'program.mts'],
    ['a CommonJS module under nodenext, with the declarations checked', ['nodenext'], 'program.cts'],
    ['a bundler', ['preserve', '--skipLibCheck'], 'program.ts'],
  ])('has types for %s', async (_, module, file) => {
    writeFileSync(
      join(app, file),
      `import { compress, type Compressed, info } from 'fewpoints'
       export const few: Promise<Compressed> = compress(new Float64Array(4), { dimension: 2, order: 1 })
       export const name: 'native' | 'wasm' = info().backend
       // @ts-expect-error
       compress('points')`,
    )
    const types = join(PACKAGE_ROOT, 'node_modules/@types')
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node', '--typeRoots', types]
    const tsc = join(PACKAGE_ROOT, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, ...options, '--module', ...module, file], { cwd: app })
  })

  it.each(['native', 'wasm'])('passes the trial of the release workflow: %s', async (backend) => {
    const told = JSON.parse(await node([join(PACKAGE_ROOT, 'packages/smoke.mjs'), backend]))
    expect(told).toMatchObject({ backend, node: process.versions.node })
  })

  it('runs its command, which tells its version and what computes', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `${Math.sin(i)},${Math.cos(i * i)}`)
    writeFileSync(join(app, 'in.csv'), ['x,y', ...rows, ''].join('\n'))
    await command('compress', 'in.csv', '-o', 'out.csv', '--order', '3', '--size', '50')
    const stdout = await command('verify', 'in.csv', 'out.csv', '--order', '3', '--json')
    expect(JSON.parse(stdout).residual).toBeLessThan(1e-14)
    expect(existsSync(join(app, 'node_modules/.bin/fewpoints'))).toBe(true)
    const here = [`${HERE.os}-${HERE.cpu}`, HERE.libc].filter(Boolean).join(' ')
    expect(await command('--version')).toBe(`${manifest.version} (native, ${here})\n`)
  })

  it('holds what is needed to run it and to build it, and nothing else', () => {
    const listed = manifest.files.filter((entry) => entry !== 'prebuilds').map((entry) => entry.split('/')[0])
    expect(readdirSync(installed).sort()).toEqual(
      [...new Set(['package.json', 'THIRD-PARTY-NOTICES.md', ...listed])].sort(),
    )
    const all = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    expect(all.filter((name) => name.endsWith('.node'))).toEqual([])
    expect(all.filter((name) => name.endsWith('.wasm'))).toEqual([join('dist', 'wasm', 'fewpoints.wasm')])
  })

  it('can be built from its sources', async () => {
    // All files that the addon consists of are there. Compiling them takes minutes.
    const env = { ...process.env, NODE_PATH: join(PACKAGE_ROOT, 'node_modules') }
    await run('cmake', ['-S', join(installed, 'native'), '-B', join(folder, 'source')], { env, maxBuffer: 2 ** 24 })
    expect(existsSync(join(folder, 'source', 'CMakeCache.txt'))).toBe(true)
  })

  it('is at most 1.8 MB to download, and its binary at most 8 MB', () => {
    expect(statSync(tarball).size).toBeGreaterThan(0.5e6)
    expect(statSync(tarball).size).toBeLessThanOrEqual(1.8e6)
    expect(statSync(binary).size).toBeGreaterThan(1e6)
    expect(statSync(binary).size).toBeLessThanOrEqual(8e6)
    expect(statSync(tarballOf(packages, HERE)).size).toBeLessThanOrEqual(4e6)
  })

  it('loaded by a worker starts no BLAS threads and leaves nothing in the environment', async () => {
    const text = `
      import { Worker } from 'node:worker_threads'
      import { execFileSync } from 'node:child_process'
      import { readdirSync } from 'node:fs'
      import { stat } from 'node:fs/promises'
      await stat('.') // starts Node's own pool
      async function threadsWhile(work) {
        const source = \`import { parentPort } from 'node:worker_threads'; \${work}; parentPort.on('message', () => {}); parentPort.postMessage(0)\`
        const worker = new Worker(source, { eval: true })
        await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        const threads = readdirSync('/proc/self/task').length
        await worker.terminate()
        return threads
      }
      const before = await threadsWhile('await import("commander")')
      const after = await threadsWhile(
        'const { momentsSync } = await import("fewpoints"); momentsSync(Float64Array.of(1), { dimension: 1, order: 0, threads: 1 })',
      )
      const shown = execFileSync('env', { encoding: 'utf8' }).match(/^(OPENBLAS_NUM_THREADS|OMP_WAIT_POLICY)=.*$/gm)
      console.log(JSON.stringify({ started: after - before, shown }))`
    const env = { ...process.env }
    for (const name of ['OPENBLAS_NUM_THREADS', 'OMP_WAIT_POLICY', 'FEWPOINTS_BACKEND']) delete env[name]
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { cwd: app, env })
    // One: the compute thread.
    expect(JSON.parse(stdout)).toEqual({ started: 1, shown: null })
  })
})

describe.runIf(process.platform === 'linux')('the binary', () => {
  it('exports the two functions of Node-API and nothing else', async () => {
    const { stdout } = await run('nm', ['-D', '--defined-only', '--format=posix', binary])
    const names = stdout.trim().split('\n')
    expect(names.map((line) => line.split(' ')[0]).sort()).toEqual([
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
    ])
  })

  it('needs nothing but the C library, and what is beside it', async () => {
    const { stdout } = await run('readelf', ['-d', '-W', binary])
    const needed = [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name)
    const everywhere = /^(libc|libm|libgcc_s|libpthread|libdl|ld-linux[-\w]*)\.so(\.\d+)?$/
    const others = needed.filter((name) => !everywhere.test(name))
    expect(others.filter((name) => name !== 'libgomp.so.1' || !existsSync(join(binary, '..', name)))).toEqual([])
    if (others.length > 0) expect(stdout).toMatch(/\((RUNPATH|RPATH)\).*\[\$ORIGIN\]/)
    expect(stdout).toContain('NODELETE')
  })
})

// These tests break the binary, so they come last.
describe('where the binary', () => {
  const failing = `
    import { info } from 'fewpoints'
    try {
      info()
    } catch ({ name, code, message }) {
      console.log(JSON.stringify({ name, code, message }))
    }`
  const computed = { count: 5, isExact: true, backend: 'wasm' }

  it('does not load, WebAssembly computes, and says why', async () => {
    writeFileSync(binary, 'not a library')
    const told = await program(IMPORTING)
    expect(told).toMatchObject(computed)
    expect(told.fallback).toContain(`${binary} does not load: `)
    expect(await command('--version')).toMatch(/^\S+ \(wasm, .*\)\n.* does not load: /)
  })

  it('does not load, and must: the error says why', async () => {
    const error = await program(failing, { FEWPOINTS_BACKEND: 'native' })
    expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
    expect(error.message).toContain(`${binary} does not load: `)
  })

  it('is not installed, WebAssembly computes, and says so', async () => {
    rmSync(platformPackage, { recursive: true })
    const told = await program(IMPORTING)
    expect(told).toMatchObject(computed)
    expect(told.fallback).toMatch(/^no native binary for .* is installed$/)
  })

  it('is not installed, and must be: the error says what was tried and which commands to type', async () => {
    const error = await program(failing, { FEWPOINTS_BACKEND: 'native' })
    expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
    for (const tried of ['build/Release', 'build/Debug', dirname(`prebuilds/${HERE.binary}`)])
      expect(error.message).toContain(join(installed, tried))
    for (const text of [`${HERE.name} (not installed)`, 'npm install fewpoints', 'native/build.mjs'])
      expect(error.message).toContain(text)
  })

  it('is not installed, and there is no WebAssembly: the error says both', async () => {
    rmSync(join(installed, 'dist/wasm/fewpoints.wasm'))
    const error = await program(failing)
    expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
    expect(error.message).toMatch(/no native binary for .* is installed\nWebAssembly does not work: /)
  })
})
