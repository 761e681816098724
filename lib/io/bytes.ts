// Bytes to read from: a file, or a part of memory. Every length is checked against what is there before memory is taken.
import { constants } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import { type CodedError, plainError } from '../errors.js'
import { orMemoryError, uint8s } from '../native/memory.js'

export interface ByteSource {
  /** As the user wrote it, for messages. */
  readonly path: string
  readonly size: number
  /** Exactly `length` bytes from `position`, in memory of their own that starts at offset 0 of its buffer. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** An Error with code ERR_FILE: "housing.csv: what is wrong". */
export function fileError(path: string, message: string, cause?: unknown): CodedError {
  return plainError('ERR_FILE', `${path}: ${message}`, cause)
}

// Twice this is in memory while the pieces of a pipe are put together.
const MAX_PIPED = 2 ** 31

const SYSTEM_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'a file of this size is not allowed here',
  EIO: 'the device reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'symbolic links go round in a circle',
}

/** One sentence for an error of the operating system. */
export function systemError(path: string, error: unknown): CodedError {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return fileError(path, SYSTEM_ERRORS[code] ?? (error as Error).message, error)
}

/** What stands for standard input. */
export const STDIN = '-'

/** What a path is called in messages. */
export function pathName(path: string): string {
  return path === STDIN ? 'standard input' : path
}

/**
 * Opens a file, runs `use`, and closes it whatever happens. What comes through a pipe, standard input among it, is read
 * into memory first, up to 2 GiB. Throws Error ERR_FILE, or the signal's reason.
 */
export async function withFile<T>(
  path: string,
  use: (source: ByteSource) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (path === STDIN) return use(memorySource(pathName(path), await readPipe(pathName(path), process.stdin, signal)))
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice()) {
      return await use(memorySource(path, await readPipe(path, handle.createReadStream(), signal)))
    }
    const { size } = stat
    if (!stat.isFile()) throw fileError(path, 'is not a regular file')
    return await use(fileSource(path, handle, size))
  } catch (error) {
    throw isSystemError(error) ? systemError(path, error) : orMemoryError(error)
  } finally {
    await handle?.close()
  }
}

/** All that comes. Throws Error ERR_FILE beyond the bound, so that an endless pipe ends. */
async function readPipe(
  path: string,
  stream: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted()
  const stop = () => stream.destroy(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of stream) {
      signal?.throwIfAborted()
      size += piece.length
      if (size > MAX_PIPED) throw fileError(path, `has more than ${MAX_PIPED} bytes; write it to a file and read that`)
      pieces.push(piece)
    }
    return Buffer.concat(pieces, size)
  } catch (error) {
    signal?.throwIfAborted()
    throw isSystemError(error) ? systemError(path, error) : error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function fileSource(path: string, handle: FileHandle, size: number): ByteSource {
  return {
    path,
    size,
    async read(position, length) {
      checkRange(path, position, length, size)
      const bytes = uint8s(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
        if (bytesRead === 0) throw fileError(path, `ended at byte ${position + done} while it was read`)
        done += bytesRead
      }
      return bytes
    },
  }
}

/** Bytes that are in memory already. */
export function memorySource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    async read(position, length) {
      checkRange(path, position, length, bytes.length)
      // Not slice(): of a Buffer it is a view of the same memory.
      return new Uint8Array(bytes.subarray(position, position + length))
    },
  }
}

/** The whole of it. Throws ERR_FILE beyond what one buffer can hold (4 GiB with Node 20). */
export function readWhole(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size > constants.MAX_LENGTH) {
    throw fileError(source.path, `has ${source.size} bytes; this format can be read up to ${constants.MAX_LENGTH}`)
  }
  return source.read(0, source.size)
}

/** From `start` to `end` in blocks, which a caller that works row by row can ask for in whole rows. */
export async function* blocks(
  source: ByteSource,
  start: number,
  end: number,
  blockSize: number,
  watch: { signal?: AbortSignal | undefined; onProgress?: ((done: number, total: number) => void) | undefined } = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let position = start; position < end; position += blockSize) {
    watch.signal?.throwIfAborted()
    yield await source.read(position, Math.min(blockSize, end - position))
    watch.onProgress?.(Math.min(position + blockSize, end), source.size)
  }
}

function checkRange(path: string, position: number, length: number, size: number): void {
  if (!(position >= 0 && length >= 0 && position + length <= size)) {
    throw fileError(path, `is cut short or damaged: bytes ${position} to ${position + length} of ${size} are needed`)
  }
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

/** Whether an error is one that a reader made on purpose, and not what a library met in a damaged file. */
export function isCoded(error: unknown): error is CodedError {
  const code = (error as Partial<CodedError> | null)?.code
  return code === 'ERR_FILE' || code === 'ERR_MEMORY' || code === 'ERR_SHAPE'
}
