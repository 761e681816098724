// Sources of bytes: a file, or a part of memory. Every length is checked against the source's size before memory is taken.
import { constants } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import { type CodedError, plainError } from '../errors.js'
import { orMemoryError, uint8s } from '../native/memory.js'

export interface ByteSource {
  /** As the user wrote it, for messages. */
  readonly path: string
  readonly size: number
  /** Exactly `length` bytes from `position`, in new memory that starts at offset 0 of its buffer. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** An Error with code ERR_FILE: "housing.csv: what is wrong". */
export function fileError(path: string, message: string, cause?: unknown): CodedError {
  return plainError('ERR_FILE', `${path}: ${message}`, cause)
}

// Twice as much is in memory while the pieces of a pipe are joined.
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

/** The path that means standard input. */
export const STDIN = '-'

/** The name of a path in messages. */
export function pathName(path: string): string {
  return path === STDIN ? 'standard input' : path
}

/**
 * Opens a file, runs `use`, and closes the file in any case. Pipes, standard input included, are read into memory first, up
 * to 2 GiB. Throws Error ERR_FILE, or the signal's reason.
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

/** All bytes of a pipe. Throws Error ERR_FILE beyond the bound, so that an endless pipe ends. */
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

/** Who follows a reader: `onProgress` gets the bytes read and the bytes in all. */
export interface Watch {
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** The whole source. Throws Error ERR_FILE when it exceeds one buffer (4 GiB with Node 20). */
export async function readWhole(source: ByteSource, watch: Watch): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size > constants.MAX_LENGTH) {
    throw fileError(source.path, `has ${source.size} bytes; this format can be read up to ${constants.MAX_LENGTH}`)
  }
  const bytes = await source.read(0, source.size)
  watch.signal?.throwIfAborted()
  watch.onProgress?.(source.size, source.size)
  return bytes
}

/** The bytes from `start` to `end`, in blocks. A caller that needs whole rows asks for a multiple of their size. */
export async function* blocks(
  source: ByteSource,
  start: number,
  end: number,
  blockSize: number,
  watch: Watch = {},
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

/** The bytes as a DataView. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

/** Whether a reader made this error on purpose. A library throws other errors when it meets a damaged file. */
export function isCoded(error: unknown): error is CodedError {
  const code = (error as Partial<CodedError> | null)?.code
  return code === 'ERR_FILE' || code === 'ERR_MEMORY' || code === 'ERR_SHAPE'
}
