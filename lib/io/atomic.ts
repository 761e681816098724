// Writes a file so that it is there as a whole or not at all: under a temporary name in the same folder, fsynced,
// renamed, and the folder fsynced. A process that is killed in between leaves the old file as it was, and the temporary
// one. The next write of that file removes the temporary one when it is old enough.
import { randomBytes } from 'node:crypto'
import { constants, rmSync } from 'node:fs'
import { access, type FileHandle, link, lstat, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError, isSystemError, systemError } from './bytes.js'

export interface TargetOptions {
  /** Files that must not be overwritten under any name: the input. */
  inputs?: readonly string[] | undefined
  /** Whether any other existing file may be overwritten. Default: false. */
  force?: boolean | undefined
}

export interface Target {
  /** The place of the file, with symbolic links resolved. */
  path: string
  force: boolean
}

/**
 * Checks that a file may be written there, before any work is done for it. The input is identified by its device and inode,
 * so symbolic and hard links do not hide it. Throws Error ERR_FILE.
 */
export async function checkTarget(path: string, { inputs = [], force = false }: TargetOptions = {}): Promise<Target> {
  const there = await orUndefined(lstat(path), path)
  if (there === undefined) {
    const folder = await orUndefined(stat(dirname(path)), dirname(path))
    if (folder === undefined) throw fileError(path, `there is no folder '${dirname(path)}'`)
    if (!folder.isDirectory()) throw fileError(path, `'${dirname(path)}' is not a folder`)
    await checkFolder(dirname(path), path)
    return { path, force }
  }
  const behind = there.isSymbolicLink() ? await orUndefined(stat(path), path) : there
  if (behind === undefined) throw fileError(path, 'is a symbolic link to a file that does not exist')
  for (const input of inputs) {
    const { dev, ino } = await stat(input)
    if (dev === behind.dev && ino === behind.ino)
      throw fileError(path, `is the input (${input}); choose another name for the output`)
  }
  if (!behind.isFile()) throw fileError(path, 'is there and not a regular file')
  if (!force) throw fileError(path, 'exists already; --force overwrites it')
  const real = await realpath(path)
  await checkFolder(dirname(real), path)
  return { path: real, force }
}

/** The temporary file is made beside the target. */
async function checkFolder(folder: string, path: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { message } = systemError(folder, error)
    throw fileError(path, `no file can be made in its folder: ${message}`, error)
  }
}

// Temporary files to remove when the process ends while a file is being written.
const unfinished = new Set<string>()
process.on('exit', removeUnfinished)

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true })
}

/**
 * Writes the pieces in sequence. Returns the bytes written. Throws Error ERR_FILE or the signal's reason, and leaves
 * nothing.
 */
export async function writeAtomically(
  { path, force }: Target,
  pieces: Iterable<Uint8Array | string>,
  signal?: AbortSignal,
): Promise<number> {
  await removeStale(path)
  const temporary = join(dirname(path), `${temporaryStart(path)}${randomBytes(6).toString('hex')}.tmp`)
  let handle: FileHandle | undefined
  let size = 0
  try {
    unfinished.add(temporary)
    handle = await open(temporary, 'wx')
    for (const piece of pieces) {
      signal?.throwIfAborted()
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      await writeAll(handle, bytes, path)
      size += bytes.length
    }
    await handle.sync()
    const whole = handle
    handle = undefined // also when closing fails: a second time would fail with another error
    await whole.close()
    await putInPlace(temporary, path, force)
    await syncFolder(path)
    return size
  } catch (error) {
    throw isSystemError(error) ? systemError(path, error) : error
  } finally {
    // The first error is the one to tell. A file that cannot be removed now is tried again at the end of the process.
    await handle?.close().catch(() => {})
    await rm(temporary, { force: true }).then(
      () => unfinished.delete(temporary),
      () => {},
    )
  }
}

/** The first part of the names of a target's temporary files. Twelve hexadecimal digits and `.tmp` follow. */
function temporaryStart(path: string): string {
  return `.${basename(path).slice(0, 200)}.`
}

// A process that writes touches the file all the time. A file left alone for so long has lost its process.
const STALE_AFTER = 3_600_000 // ms

/** Removes temporary files that killed processes have left. One that cannot be removed does not stop the write. */
async function removeStale(path: string): Promise<void> {
  const folder = dirname(path)
  const start = temporaryStart(path)
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(start) || !/^[0-9a-f]{12}\.tmp$/.test(name.slice(start.length))) continue
    const file = join(folder, name)
    const found = await lstat(file).catch(() => undefined)
    if (found?.isFile() && Date.now() - found.mtimeMs > STALE_AFTER) await rm(file, { force: true }).catch(() => {})
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
    if (bytesWritten === 0) throw fileError(path, 'the system takes no more bytes')
    done += bytesWritten
  }
}

/** A rename overwrites. A link does not, so a file that has appeared since the check stays. */
async function putInPlace(temporary: string, path: string, force: boolean): Promise<void> {
  if (!force) {
    try {
      await link(temporary, path)
      return
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw fileError(path, 'has appeared in the meantime; --force overwrites it', error)
      if (!NO_LINKS.includes(code)) throw error
    }
  }
  await rename(temporary, path)
}

// The errors of file systems without links.
const NO_LINKS = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']

/** Makes the new name last. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(dirname(path), 'r')
    await handle.sync()
  } catch (error) {
    if (['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) return
    const { message } = systemError(dirname(path), error)
    throw fileError(path, `is written as a whole, but a power failure now could lose it: ${message}`, error)
  } finally {
    await handle?.close().catch(() => {})
  }
}

async function orUndefined<T>(promise: Promise<T>, path: string): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw isSystemError(error) ? systemError(path, error) : error
  }
}
