// What computes: which binary is taken of several, what is said of those that are not, and WebAssembly after them.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { info } from '../lib/index.js'
import { NATIVE_FUNCTIONS, type Native, PACKAGE_ROOT } from '../lib/native/addon.js'
import { loadBackend } from '../lib/native/backend.js'
import { findBinaries, platformPackages } from '../lib/native/find-binary.js'

const REAL = findBinaries(PACKAGE_ROOT).binaries[0]
const [NAME] = platformPackages()
const WASM = { info: () => ({ instructionSet: 'plain' }) } as unknown as Native

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fewpoints-backend-'))
  write('package.json', '{ "name": "fewpoints", "version": "1.2.3" }')
  for (const name of ['FEWPOINTS_BACKEND', 'FEWPOINTS_PREBUILD', 'LIBC']) vi.stubEnv(name, undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

function write(path: string, content: string): string {
  const whole = join(root, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, content)
  return whole
}

/** Installs the platform's package, as npm does. Returns the path of its binary, which is yet to be made. */
function install(name: string, version: string): string {
  const main = './prebuilds/here/fewpoints.node'
  const manifest = write(
    `node_modules/${name}/package.json`,
    JSON.stringify({ name, version, exports: { '.': main, './package.json': './package.json' } }),
  )
  const binary = join(manifest, '..', main)
  mkdirSync(dirname(binary), { recursive: true })
  return binary
}

const load = (wasm?: () => Native) => loadBackend<Native>({ root, functions: NATIVE_FUNCTIONS, wasm })

function refusal(wasm?: () => Native): Error & { code?: string } {
  try {
    load(wasm)
  } catch (error) {
    return error as Error
  }
  throw new Error('loaded')
}

describe('the backend', () => {
  it('is the binary of the platform package of the same version', () => {
    symlinkSync(REAL, install(NAME, '1.2.3'))
    const told = load(() => WASM)
    expect(told).toMatchObject({ backend: 'native' })
    expect(told).not.toHaveProperty('fallback')
    expect(Object.keys(told.exports).sort()).toEqual([...NATIVE_FUNCTIONS].sort())
  })

  it('is the own build before that of the package', () => {
    symlinkSync(REAL, install(NAME, '1.2.3'))
    const own = join(root, 'build/Release/fewpoints.node')
    mkdirSync(dirname(own), { recursive: true })
    symlinkSync(REAL, own)
    expect(load().binary).toBe(own)
  })

  it('is that of the package where the own build does not load, and says so', () => {
    symlinkSync(REAL, install(NAME, '1.2.3'))
    const own = write('build/Release/fewpoints.node', 'not a binary')
    const { backend, fallback } = load()
    expect(backend).toBe('native')
    expect(fallback).toContain(`${own} does not load: `)
  })

  it('is WebAssembly where no binary is installed, made once', () => {
    const wasm = vi.fn(() => WASM)
    const { backend, exports, fallback } = load(wasm)
    expect([backend, exports]).toEqual(['wasm', WASM])
    expect(fallback).toMatch(/^no native binary for \S+.* is installed$/)
    expect(wasm).toHaveBeenCalledTimes(1)
  })

  it('is WebAssembly where the package has another version', () => {
    symlinkSync(REAL, install(NAME, '1.2.4'))
    expect(load(() => WASM)).toMatchObject({
      backend: 'wasm',
      fallback: `${NAME} 1.2.4 is installed beside fewpoints 1.2.3; both must have one version`,
    })
  })

  it('is WebAssembly where the package has lost its binary', () => {
    install(NAME, '1.2.3')
    expect(load(() => WASM)).toMatchObject({ backend: 'wasm', fallback: `${NAME} 1.2.3 lacks its binary` })
  })

  it('is WebAssembly where the binary does not load', () => {
    const path = write(install(NAME, '1.2.3').slice(root.length), 'not a binary')
    const { backend, fallback } = load(() => WASM)
    expect(backend).toBe('wasm')
    expect(fallback).toContain(`${path} does not load: `)
  })

  it('is WebAssembly where the binary is from another release', () => {
    const path = write('build/Release/fewpoints.node', '')
    rmSync(path)
    symlinkSync(join(PACKAGE_ROOT, 'build/Release/fewpoints.node'), path)
    const functions = [...NATIVE_FUNCTIONS, 'later'] as unknown as (keyof Native)[]
    const { backend, fallback } = loadBackend<Native>({ root, functions, wasm: () => WASM })
    expect(backend).toBe('wasm')
    expect(fallback).toBe(`${path} is from another release: it lacks later`)
  })

  it('is what FEWPOINTS_BACKEND says', () => {
    symlinkSync(REAL, install(NAME, '1.2.3'))
    const wasm = vi.fn(() => WASM)
    vi.stubEnv('FEWPOINTS_BACKEND', 'native')
    expect(load(wasm).backend).toBe('native')
    expect(wasm).not.toHaveBeenCalled()
    vi.stubEnv('FEWPOINTS_BACKEND', 'wasm')
    const told = load(wasm)
    expect(told.backend).toBe('wasm')
    expect(told).not.toHaveProperty('fallback')
    for (const value of ['webassembly', '']) {
      vi.stubEnv('FEWPOINTS_BACKEND', value)
      expect(refusal(wasm)).toMatchObject({ name: 'RangeError', code: 'ERR_OPTION' })
      expect(refusal(wasm).message).toBe(`FEWPOINTS_BACKEND must be native, wasm, or not set; got a string '${value}'`)
    }
  })

  it('of a forced kind that is not there is ERR_NO_BINARY with the reasons of that kind', () => {
    const path = write('build/Release/fewpoints.node', 'not a binary')
    vi.stubEnv('FEWPOINTS_BACKEND', 'native')
    const native = refusal(() => WASM)
    expect(native.code).toBe('ERR_NO_BINARY')
    expect(native.message).toContain(`${path} does not load: `)
    expect(native.message).toContain('FEWPOINTS_BACKEND=native')
    for (const name of platformPackages()) expect(native.message).toContain(`${name} (not installed)`)
    vi.stubEnv('FEWPOINTS_BACKEND', 'wasm')
    const wasm = refusal(() => {
      throw new Error('no such module')
    })
    expect(wasm.code).toBe('ERR_NO_BINARY')
    expect(wasm.message).toContain('WebAssembly does not work: no such module')
    expect(wasm.message).toContain('FEWPOINTS_BACKEND=wasm')
    expect(wasm.message).not.toContain(path)
  })

  it('that is nowhere is ERR_NO_BINARY with all reasons and the commands that help', () => {
    const path = write('build/Release/fewpoints.node', 'not a binary')
    const { code, message } = refusal(() => {
      throw new Error('no such module')
    })
    expect(code).toBe('ERR_NO_BINARY')
    for (const text of [
      ...[`${path} does not load: `, 'WebAssembly does not work: no such module', join(root, 'build', 'Debug')],
      ...['npm install fewpoints --include=optional', 'native/build.mjs'],
    ]) {
      expect(message).toContain(text)
    }
  })

  it('passes on what is not the fault of a build', () => {
    for (const code of ['ERR_OPTION', 'ERR_MEMORY']) {
      const cause = Object.assign(new Error('so it is'), { code })
      expect(
        refusal(() => {
          throw cause
        }),
      ).toBe(cause)
    }
  })

  it('is told by info()', () => {
    expect(info()).toEqual({
      backend: expect.stringMatching(/^(native|wasm)$/),
      platform: expect.stringContaining(`${process.platform}-${process.arch}`),
      binary: REAL,
      instructionSet: expect.stringMatching(/^(v2|v3|v4|plain)$/),
    })
  })
})

describe('the packages that may have the binary', () => {
  it.runIf(process.platform === 'linux')('are those of the C library on Linux', () => {
    const names = (libc: string) => {
      vi.stubEnv('LIBC', libc)
      return platformPackages().map((name) => name.split('-').at(-1))
    }
    expect(names('musl')).toEqual(['musl'])
    expect(names('glibc')).toEqual(['gnu', 'musl'])
  })
})
