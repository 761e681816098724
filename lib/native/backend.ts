// What computes: a native binary, else WebAssembly. FEWPOINTS_BACKEND forces one of them.
import { createRequire } from 'node:module'
import { type CodedError, describe, plainError, rangeError } from '../errors.js'
import type { Backend } from '../surface.js'
import { findBinaries, platformName } from './find-binary.js'

export type { Backend }

export interface Sources<N> {
  /** The folder with package.json. */
  root: string
  /** The functions that a binary must export. One that lacks any is from another release. */
  functions: readonly (keyof N & string)[]
  /** Makes the WebAssembly build; left out: there must be a native binary. */
  wasm?: (() => N) | undefined
}

/**
 * Loads the first native binary that works: the package's own build (build/Release, build/Debug) or prebuilds, then that
 * of the platform's package; else WebAssembly. Throws
 * - `ERR_OPTION`: FEWPOINTS_BACKEND is neither native nor wasm, or FEWPOINTS_ISA is not one that there is
 * - `ERR_MEMORY`: there is no memory to load it
 * - `ERR_NO_BINARY`: nothing works; the message says what was tried, and the commands that help.
 */
export function loadBackend<N>({ root, functions, wasm }: Sources<N>): Backend & { exports: N } {
  const forced = forcedBackend()
  const platform = platformName()
  const said: Said = { refusals: [], places: [] }
  if (forced !== 'wasm') {
    const { binaries, refusals, places, cause } = findBinaries(root)
    Object.assign(said, { places, cause })
    for (const binary of binaries) {
      const exports = loadBinary<N>(binary, functions, said)
      if (exports !== undefined) return { backend: 'native', platform, binary, exports, ...fallback(said.refusals) }
    }
    said.refusals.push(...refusals)
  }
  if (forced !== 'native' && wasm !== undefined) {
    try {
      return { backend: 'wasm', platform, exports: wasm(), ...fallback(said.refusals) }
    } catch (cause) {
      if (isCoded(cause, 'ERR_OPTION') || isCoded(cause, 'ERR_MEMORY')) throw cause
      said.wasm = messageOf(cause)
      said.cause ??= cause
    }
  }
  throw noBinary(said)
}

/** What was tried without success. */
interface Said {
  /** Why each binary was not taken. */
  refusals: string[]
  places: readonly string[]
  wasm?: string
  cause?: unknown
}

function forcedBackend(): 'native' | 'wasm' | undefined {
  const value = process.env.FEWPOINTS_BACKEND
  if (value === undefined || value === 'native' || value === 'wasm') return value
  throw rangeError('ERR_OPTION', `FEWPOINTS_BACKEND must be native, wasm, or not set; got ${describe(value)}`)
}

function fallback(refusals: readonly string[]): { fallback?: string } {
  return refusals.length === 0 ? {} : { fallback: refusals.join('; ') }
}

// ---- the native binary

// The libraries read these variables while they are loaded. With several BLAS threads, results depend on their number,
// and a fork in another thread can hang. A spinning OpenMP team would take the cores from Node's own threads. In a
// worker, process.env is only a copy; there the addon's own call sets one BLAS thread.
const WHILE_LOADING = { OPENBLAS_NUM_THREADS: '1', OMP_WAIT_POLICY: 'passive' }

// The messages of the dynamic linkers of glibc and musl when there is no memory for the binary or a library that it
// needs.
const NO_ROOM =
  /failed to map segment|cannot map (zero-fill )?pages|cannot (allocate|create) |out of memory|cannot change memory protections/i

/** What the binary exports. When it does not load, says why in `said` and returns undefined. */
function loadBinary<N>(path: string, functions: Sources<N>['functions'], said: Said): N | undefined {
  let exports: N
  try {
    const require = createRequire(import.meta.url)
    exports = withEnvironment(WHILE_LOADING, () => require(path))
  } catch (cause) {
    // FEWPOINTS_ISA names an instruction set that is not available; nothing is wrong with the binary.
    if (isCoded(cause, 'ERR_OPTION')) throw cause
    if (NO_ROOM.test(messageOf(cause))) {
      throw plainError('ERR_MEMORY', `not enough memory to load ${path}: ${messageOf(cause)}`, cause)
    }
    said.cause ??= cause
    said.refusals.push(`${path} does not load: ${messageOf(cause)}`)
    return undefined
  }
  const missing = functions.filter((name) => typeof exports[name] !== 'function')
  if (missing.length === 0) return exports
  said.refusals.push(`${path} is from another release: it lacks ${missing.join(', ')}`)
  return undefined
}

/** Runs `work` with some environment variables set, then restores them, so that child processes do not get them. */
function withEnvironment<T>(variables: Record<string, string>, work: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    return work()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function isCoded(error: unknown, code: string): boolean {
  return error instanceof Error && (error as Partial<CodedError>).code === code
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

// ---- neither

function noBinary({ refusals, places, wasm, cause }: Said): Error {
  const forced = process.env.FEWPOINTS_BACKEND
  const lines = [
    `fewpoints cannot compute here (${platformName()}, Node ${process.versions.node}):`,
    ...refusals,
    ...(wasm === undefined ? [] : [`WebAssembly does not work: ${wasm}`]),
    ...(places.length === 0 ? [] : ['Places where a native binary was looked for:']),
    ...places.map((place) => `  ${place}`),
    ...(forced === undefined ? [] : [`FEWPOINTS_BACKEND=${forced}, so nothing else was tried.`]),
    'If node_modules was copied from another machine, or installed with --omit=optional, install it here again:',
    '  npm install fewpoints --include=optional',
    'To build it from source (needs g++, cmake, OpenBLAS and Eigen; on Debian and Ubuntu:',
    '  apt install g++ cmake libopenblas-dev libeigen3-dev), type in the folder that has node_modules:',
    '  npm install --no-save cmake-js@8 node-addon-api@8 node-api-headers && node node_modules/fewpoints/native/build.mjs',
    'In a clone of the repository: npm run setup',
  ]
  return plainError('ERR_NO_BINARY', lines.join('\n'), cause)
}
