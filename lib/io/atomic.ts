// Writing a file so that it is there as a whole or not at all: to a temporary name in the same folder, fsynced, renamed,
// and the folder fsynced. A process that is killed in between leaves the old file as it was.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type FileHandle, link, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError, isSystemError, systemError } from './bytes.js'

export interface TargetOptions {
  /** Files that must not be overwritten under any name: the input. */
  inputs?: readonly string[] | undefined
  /** Whether another file that is there may be overwritten. Default false. */
  force?: boolean | undefined
}

export interface Target {
  /** Where the file will be: behind symbolic links. */
  path: string
  force: boolean
}

/**
 * Checks that a file may be written there, before work is done for it. The input is known by its device and inode, so
 * symbolic and hard links do not hide it. Throws Error ERR_FILE.
 */
export async function checkTarget(path: string, { inputs = [], force = false }: TargetOptions = {}): Promise<Target> {
  const there = await orUndefined(lstat(path), path)
  if (there === undefined) {
    const folder = await orUndefined(stat(dirname(path)), dirname(path))
    if (folder === undefined) throw fileError(path, `there is no folder '${dirname(path)}'`)
    if (!folder.isDirectory()) throw fileError(path, `'${dirname(path)}' is not a folder`)
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
  return { path: await realpath(path), force }
}

// What has to go when the process ends while a file is being written.
const unfinished = new Set<string>()
process.on('exit', removeUnfinished)

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true })
}

/** Writes the pieces in order. Returns the bytes written. Throws Error ERR_FILE or the signal's reason; then nothing is left. */
export async function writeAtomically(
  { path, force }: Target,
  pieces: Iterable<Uint8Array | string>,
  signal?: AbortSignal,
): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`)
  let handle: FileHandle | undefined
  let size = 0
  try {
    handle = await open(temporary, 'wx')
    unfinished.add(temporary)
    for (const piece of pieces) {
      signal?.throwIfAborted()
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      await writeAll(handle, bytes)
      size += bytes.length
    }
    await handle.sync()
    await handle.close()
    handle = undefined
    await putInPlace(temporary, path, force)
    await syncFolder(dirname(path))
    return size
  } catch (error) {
    throw isSystemError(error) ? systemError(path, error) : error
  } finally {
    await handle?.close()
    await rm(temporary, { force: true })
    unfinished.delete(temporary)
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}

/** A rename overwrites; a link does not, so a file that has appeared since the check stays. */
async function putInPlace(temporary: string, path: string, force: boolean): Promise<void> {
  if (!force) {
    try {
      await link(temporary, path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
        throw fileError(path, 'has appeared in the meantime; --force overwrites it', error)
      }
      // Some file systems know no links.
    }
  }
  await rename(temporary, path)
}

/** Makes the new name last. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    await handle.sync()
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
  } finally {
    await handle?.close()
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
