// Packages as npm run stage makes them, for tests: with the binary of this machine, or with made-up ones of all platforms.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { findBinaries } from '../lib/native/find-binary.js'
import manifest from '../package.json' with { type: 'json' }
import { PLATFORMS } from '../packages/platforms.mjs'

const run = promisify(execFile)

export type Platform = (typeof PLATFORMS)[number]

/** The package of this machine, when npm would install one. */
export const HERE: Platform = PLATFORMS.find(
  ({ os, cpu, libc }) =>
    os === process.platform &&
    cpu === process.arch &&
    (libc ?? 'glibc') === (existsSync('/etc/alpine-release') ? 'musl' : 'glibc'),
) as Platform

export const shortName = ({ name }: { name: string }) => name.replace('@fewpoints/', '')

/** Where a package was packed to. */
export const tarballOf = (folder: string, { name }: { name: string }) =>
  join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)

/**
 * Puts the binary of this machine where npm run prebuild has it: that of build/prebuilds, or else one that is linked here
 * from the object files of the last build. The addon that other tests use stays as it is.
 */
export async function binaryOfHere(folder: string): Promise<void> {
  const made = join(PACKAGE_ROOT, 'build/prebuilds', HERE.binary)
  const to = join(folder, HERE.binary)
  mkdirSync(dirname(to), { recursive: true })
  if (existsSync(made)) cpSync(made, to)
  else if (process.platform === 'linux') {
    const env = { ...process.env, FEWPOINTS_STATIC: '1', FEWPOINTS_OUTPUT: dirname(to) }
    await run(process.execPath, ['native/build.mjs'], { cwd: PACKAGE_ROOT, env, maxBuffer: 2 ** 26 })
    await run('strip', ['--strip-unneeded', '-o', to, join(dirname(to), 'fewpoints.node')])
  } else cpSync(findBinaries(PACKAGE_ROOT).binaries[0], to)
}

/** Files with a few bytes in the place of the binaries of all platforms. */
export function madeUpBinaries(folder: string): void {
  for (const { name, binary } of PLATFORMS) {
    mkdirSync(join(folder, dirname(binary)), { recursive: true })
    writeFileSync(join(folder, binary), `made up for ${name}\n`)
  }
}

export async function stage(prebuilds: string, output: string, ...options: string[]): Promise<string> {
  const args = ['packages/stage.mjs', '--prebuilds', prebuilds, '--output', output, ...options]
  return (await run(process.execPath, args, { cwd: PACKAGE_ROOT })).stdout
}

/** Installs packages into an empty folder as npm does, without running any script. */
export async function install(app: string, packages: object, ...options: string[]): Promise<void> {
  mkdirSync(app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, ...packages }))
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...options]
  await run('npm', ['install', ...flags], { cwd: app, shell: process.platform === 'win32' })
}
