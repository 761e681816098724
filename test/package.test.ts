// The package as a user installs it: prebuilt, packed, and put into an empty folder without running any script.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import manifest from '../package.json' with { type: 'json' }

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'fewpoints-package-'))
const staging = join(folder, 'staging')
const app = join(folder, 'app')
const installed = join(app, 'node_modules', 'fewpoints')
const target = `${process.platform}-${process.arch}`
const tarball = join(folder, `fewpoints-${manifest.version}.tgz`)
const binary = join(installed, 'prebuilds', target, 'fewpoints.glibc.node')

// The binary is linked again from the existing object files, into a copy of the package. So the addon that other tests
// use stays as it is.
beforeAll(async () => {
  for (const name of ['package.json', ...manifest.files.map((entry) => entry.replace(/\/\*.*/, ''))]) {
    if (name !== 'prebuilds') cpSync(join(PACKAGE_ROOT, name), join(staging, name), { recursive: true })
  }
  const prebuild = manifest.scripts['prebuild:binary'].replace(
    'node native/build.mjs',
    `${process.execPath} ${join(PACKAGE_ROOT, 'native/build.mjs')}`,
  )
  await run('sh', ['-c', prebuild], {
    cwd: staging,
    env: {
      ...process.env,
      PATH: `${join(PACKAGE_ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
      FEWPOINTS_OUTPUT: join(staging, 'build/Release'),
    },
  })
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: staging })
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['install', ...flags, tarball], { cwd: app })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Three points in the plane with the mean and the second moments of a ring.
const PROGRAM = `
  const ring = Float64Array.from({ length: 2000 }, (_, i) => i % 2 ? Math.sin(i >> 1) : Math.cos(i >> 1))
  const { count, residual } = compressSync(ring, { dimension: 2, order: 2 })
  console.log(JSON.stringify({ count, isExact: residual < 1e-14 }))`

async function node(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { cwd: app })
  return stdout
}

describe('the installed package', () => {
  it('can be imported', async () => {
    const program = `import { compressSync } from 'fewpoints'; ${PROGRAM}`
    expect(JSON.parse(await node('--input-type=module', '--eval', program))).toEqual({ count: 5, isExact: true })
  })

  it('can be required', async () => {
    const program = `const { compressSync } = require('fewpoints'); ${PROGRAM}`
    expect(JSON.parse(await node('--input-type=commonjs', '--eval', program))).toEqual({ count: 5, isExact: true })
  })

  it('has types', () => {
    expect(existsSync(join(installed, manifest.exports['.'].types))).toBe(true)
  })

  it('runs its command', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `${Math.sin(i)},${Math.cos(i * i)}`)
    writeFileSync(join(app, 'in.csv'), ['x,y', ...rows, ''].join('\n'))
    const command = join(app, 'node_modules/.bin/fewpoints')
    await run(command, ['compress', 'in.csv', '-o', 'out.csv', '--order', '3', '--size', '50'], { cwd: app })
    const { stdout } = await run(command, ['verify', 'in.csv', 'out.csv', '--order', '3', '--json'], { cwd: app })
    expect(JSON.parse(stdout).residual).toBeLessThan(1e-14)
  })

  it('has no script that npm would have to run, and no binding.gyp that it would build by itself', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare']
    expect(hooks.filter((name) => name in manifest.scripts)).toEqual([])
    expect(manifest.gypfile).toBe(false)
  })

  it('holds what is needed to run it and to build it, and nothing else', () => {
    expect(readdirSync(installed).sort()).toEqual(
      ['package.json', ...manifest.files.map((entry) => entry.split('/')[0])]
        .filter((name, at, all) => all.indexOf(name) === at)
        .sort(),
    )
    expect(readdirSync(join(installed, 'native')).sort()).toEqual(
      [
        'CMakeLists.txt',
        'build.mjs',
        'eigen.cmake',
        'exports.map',
        'kernel',
        'node',
        'openblas.cmake',
        'package.json',
        'setup.sh',
        'slim_openblas.sh',
      ].sort(),
    )
  })
})

describe('the prebuilt binary', () => {
  it('is at most 8 MB, and the package at most 4 MB', () => {
    expect(statSync(binary).size).toBeGreaterThan(1e6)
    expect(statSync(binary).size).toBeLessThanOrEqual(8e6)
    expect(statSync(tarball).size).toBeLessThanOrEqual(4e6)
  })

  it('exports the two functions of Node-API and nothing else', async () => {
    const { stdout } = await run('nm', ['-D', '--defined-only', '--format=posix', binary])
    const names = stdout.trim().split('\n')
    expect(names.map((line) => line.split(' ')[0]).sort()).toEqual([
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
    ])
  })

  it('needs nothing but the C library, and OpenMP, which is beside it', async () => {
    const { stdout } = await run('readelf', ['-d', '-W', binary])
    const needed = [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name)
    const everywhere = /^(libc|libm|libgcc_s|libpthread|ld-linux[-\w]*)\.so\.\d+$/
    expect(needed.filter((name) => !everywhere.test(name))).toEqual(['libgomp.so.1'])
    expect(existsSync(join(binary, '../libgomp.so.1'))).toBe(true)
    expect(stdout).toMatch(/\((RUNPATH|RPATH)\).*\[\$ORIGIN\]/)
    expect(stdout).toContain('NODELETE')
  })

  it('loaded by a worker starts no BLAS threads and leaves nothing in the environment', async () => {
    const program = `
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
    delete env.OPENBLAS_NUM_THREADS
    delete env.OMP_WAIT_POLICY
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: app, env })
    // One: the compute thread.
    expect(JSON.parse(stdout)).toEqual({ started: 1, shown: null })
  })
})

// These two tests remove the binary, so they come last.
describe('without a binary', () => {
  const call = `
    import { momentsSync } from 'fewpoints'
    try {
      momentsSync(Float64Array.of(1), { dimension: 1, order: 0 })
    } catch ({ name, code, message }) {
      console.log(JSON.stringify({ name, code, message }))
    }`

  it('that loads, the error says which file it was, and why it does not', async () => {
    writeFileSync(binary, 'not a library')
    const error = JSON.parse(await node('--input-type=module', '--eval', call))
    expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
    expect(error.message).toContain(`${binary} does not load`)
  })

  it('at all, the error says which folders were tried and which commands to type', async () => {
    rmSync(join(installed, 'prebuilds'), { recursive: true })
    const error = JSON.parse(await node('--input-type=module', '--eval', call))
    expect(error).toMatchObject({ name: 'Error', code: 'ERR_NO_BINARY' })
    for (const folder of ['build/Release', 'build/Debug', `prebuilds/${target}`]) {
      expect(error.message).toContain(join(installed, folder))
    }
    expect(error.message).toContain('npm install fewpoints')
    expect(error.message).toContain('native/build.mjs')
  })
})
