// Where native binaries lie, in the order in which they are tried: the package's own folders, then the package of this
// platform.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface Search {
  /** Paths, the one to try first at the beginning. */
  binaries: readonly string[]
  /** Why a package's binary is not among them, or that there is none: clauses. */
  refusals: readonly string[]
  /** A line per place that was looked at. */
  places: readonly string[]
  /** What node-gyp-build threw, where it found nothing. */
  cause?: unknown
}

/** Looks for the binaries of the package in `root`: its own build and prebuilds, else those of the platform's package. */
export function findBinaries(root: string): Search {
  const own = ownBinary(root)
  const installed = platformPackages().map((name) => packageBinary(root, name))
  const binaries = [own.path, ...installed.map(({ path }) => path)].filter((path) => path !== undefined)
  const refusals = installed.map(({ refusal }) => refusal).filter((text) => text !== undefined)
  if (binaries.length + refusals.length === 0) refusals.push(`no native binary for ${platformName()} is installed`)
  const places = [...ownPlaces(root), ...installed.map(({ name, found }) => `${name} (${found})`)]
  return { binaries, refusals, places, cause: own.cause }
}

/** What binaries differ by, for messages: 'linux-x64 glibc', 'darwin-arm64'. */
export function platformName(): string {
  return [target(), libc()].filter(Boolean).join(' ')
}

/**
 * The packages that may have a binary for this machine, the likely one first. Alpine takes the one for musl only. On
 * another Linux with musl, npm and its like find out what they must install, so what they have installed is taken.
 */
export function platformPackages(): string[] {
  if (process.platform !== 'linux') return [`@fewpoints/${target()}`]
  return (libc() === 'musl' ? ['musl'] : ['gnu', 'musl']).map((name) => `@fewpoints/${target()}-${name}`)
}

const target = () => `${process.platform}-${process.arch}`

// The same rule as that of node-gyp-build.
function libc(): string {
  if (process.platform !== 'linux') return ''
  return process.env.LIBC || (existsSync('/etc/alpine-release') ? 'musl' : 'glibc')
}

// ---- own build, own prebuilds

function ownBinary(root: string): { path?: string; cause?: unknown } {
  const nodeGypBuild: { resolve(root: string): string } = createRequire(import.meta.url)('node-gyp-build')
  try {
    return { path: nodeGypBuild.resolve(root) }
  } catch (cause) {
    return { cause }
  }
}

/** The folders that node-gyp-build looks into. */
function ownPlaces(root: string): string[] {
  const override = process.env.FEWPOINTS_PREBUILD
  const base = override ?? root
  const folders = [
    join(base, 'build', 'Release'),
    join(base, 'build', 'Debug'),
    join(base, 'prebuilds', target()),
    join(dirname(process.execPath), 'prebuilds', target()),
  ]
  return [
    ...folders.map((folder) => `${folder} (${contents(folder)})`),
    ...(override === undefined ? [] : [`(FEWPOINTS_PREBUILD=${override} took the place of ${root})`]),
    ...(process.env.PREBUILDS_ONLY ? ['(PREBUILDS_ONLY is set: build folders were left out)'] : []),
  ]
}

function contents(folder: string): string {
  try {
    const binaries = readdirSync(folder).filter((name) => name.endsWith('.node'))
    return binaries.length > 0 ? binaries.join(', ') : 'no .node file'
  } catch {
    return 'absent'
  }
}

// ---- the package of this platform

interface Installed {
  name: string
  found: string
  path?: string
  refusal?: string
}

/** The binary of a platform's package as the package in `root` sees it: under Yarn PnP, only its own dependencies. */
function packageBinary(root: string, name: string): Installed {
  const require = createRequire(join(root, 'package.json'))
  let manifest: string
  try {
    manifest = require.resolve(`${name}/package.json`)
  } catch {
    return { name, found: 'not installed' }
  }
  const [version, own] = [manifest, join(root, 'package.json')].map(versionOf)
  if (version !== own) {
    const refusal = `${name} ${version} is installed beside fewpoints ${own}; both must have one version`
    return { name, found: `version ${version}`, refusal }
  }
  try {
    const path = require.resolve(name)
    return { name, found: path, path }
  } catch {
    return { name, found: 'without its binary', refusal: `${name} ${version} lacks its binary` }
  }
}

function versionOf(manifest: string): string | undefined {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')).version
  } catch {
    return undefined
  }
}
