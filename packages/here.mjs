// The package of this machine, from its own build: for an install of what is in the repository.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PLATFORMS } from './platforms.mjs'

/** The platform of this machine, if it is one of those that have a package. */
export function platformHere() {
  const libc = { linux: existsSync('/etc/alpine-release') ? 'musl' : 'glibc' }[process.platform]
  const found = PLATFORMS.find(
    ({ os, cpu, ...other }) => os === process.platform && cpu === process.arch && other.libc === libc,
  )
  if (found === undefined) throw new Error(`--here: there is no package for ${process.platform}-${process.arch}`)
  return found
}

/**
 * Links the addon into `folder` from the object files of the last build, so that it needs no library of this machine but
 * the C library. The addon in build/Release stays as it is.
 */
export function linkHere(root, folder) {
  const binary = join(folder, platformHere().binary)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(binary), { recursive: true })
  const isStatic = process.platform === 'linux' ? '1' : '0'
  const env = { ...process.env, FEWPOINTS_STATIC: isStatic, FEWPOINTS_OUTPUT: dirname(binary) }
  execFileSync(process.execPath, [join(root, 'native/build.mjs')], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const made = join(dirname(binary), 'fewpoints.node')
  if (made !== binary) renameSync(made, binary)
  if (process.platform !== 'win32')
    execFileSync('strip', [process.platform === 'darwin' ? '-x' : '--strip-unneeded', binary])
}
