// Packages as npm run stage makes them, for tests: with the binary of this machine, or with made-up ones of all platforms.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import manifest from '../package.json' with { type: 'json' }
import { platformHere } from '../packages/here.mjs'
import { PLATFORMS } from '../packages/platforms.mjs'

const run = promisify(execFile)

export type Platform = (typeof PLATFORMS)[number]

/** The package of this machine. */
export const HERE: Platform = platformHere()

export const shortName = ({ name }: { name: string }) => name.replace('@fewpoints/', '')

/** Where a package was packed to. */
export const tarballOf = (folder: string, { name }: { name: string }) =>
  join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)

/** Files with a few bytes in the place of the binaries of all platforms. */
export function madeUpBinaries(folder: string): void {
  for (const { name, binary } of PLATFORMS) {
    mkdirSync(join(folder, dirname(binary)), { recursive: true })
    writeFileSync(join(folder, binary), `made up for ${name}\n`)
  }
}

/** npm run stage with options. Returns what it prints. */
export async function stage(output: string, ...options: string[]): Promise<string> {
  const args = ['packages/stage.mjs', '--output', output, ...options]
  return (await run(process.execPath, args, { cwd: PACKAGE_ROOT })).stdout
}

/** Installs packages into an empty folder as npm does, without running any script. */
export async function install(app: string, packages: object, ...options: string[]): Promise<void> {
  mkdirSync(app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, ...packages }))
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...options]
  await run('npm', ['install', ...flags], { cwd: app, shell: process.platform === 'win32' })
}
