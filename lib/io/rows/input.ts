// The bytes of a file, or of a pipe, from the first to the last. Only files can be read from any place; a pipe keeps what was
// looked at ahead.
import { type FileHandle, open } from 'node:fs/promises'
import { plainError } from '../../errors.js'
import { orMemoryError, uint8s } from '../../native/memory.js'
import { type ByteSource, fileError, isSystemError, memorySource, pathName, STDIN, systemError } from '../bytes.js'

// As in withFile(): more than this is not held in memory.
const MAX_HELD = 2 ** 31

type Pipe = AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown }

export class Input {
  /** As the user wrote it, for messages. */
  readonly path: string
  /** Bytes that a reader of it may take, those of a pipe that are held included. */
  readonly memory: number
  /** Bytes; undefined for a pipe. */
  size: number | undefined
  /** The place of the next byte. */
  position = 0
  #handle: FileHandle | undefined
  #held: Uint8Array | undefined
  #pipe: Pipe | undefined
  #pieces: AsyncIterator<Uint8Array> | undefined
  /** What was read from the pipe and not yet taken. */
  #queue: Uint8Array[] = []
  #queued = 0
  readonly #signal: AbortSignal | undefined
  readonly #stop = () => this.#pipe?.destroy(this.#signal?.reason)

  private constructor(path: string, signal: AbortSignal | undefined, memory = Number.POSITIVE_INFINITY) {
    this.path = path
    this.memory = memory
    this.#signal = signal
  }

  /** Opens a file, or '-' for standard input. Throws Error ERR_FILE, or the signal's reason. */
  static async open(path: string, signal: AbortSignal | undefined, memory?: number): Promise<Input> {
    const input = new Input(pathName(path), signal, memory)
    signal?.throwIfAborted()
    if (path === STDIN) return input.#from(process.stdin)
    try {
      input.#handle = await open(path, 'r')
      const stat = await input.#handle.stat()
      if (stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice())
        return input.#from(input.#handle.createReadStream({ autoClose: false }))
      if (!stat.isFile()) throw fileError(path, 'is not a regular file')
      input.size = stat.size
      return input
    } catch (error) {
      await input.close()
      throw isSystemError(error) ? systemError(path, error) : error
    }
  }

  /** Bytes that are in memory already. */
  static memory(path: string, bytes: Uint8Array): Input {
    const input = new Input(path, undefined)
    input.#hold(bytes)
    return input
  }

  #from(pipe: Pipe): Input {
    this.#pipe = pipe
    this.#pieces = pipe[Symbol.asyncIterator]()
    this.#signal?.addEventListener('abort', this.#stop, { once: true })
    return this
  }

  get isPipe(): boolean {
    return this.#pipe !== undefined && this.#held === undefined
  }

  /** The next bytes, at most `length`, which stay to be read. Fewer only at the end. */
  async peek(length: number): Promise<Uint8Array> {
    if (this.isPipe) {
      await this.#pull(length)
      if (this.#queue.length > 1) this.#queue = [Buffer.concat(this.#queue, this.#queued)]
      return (this.#queue[0] ?? new Uint8Array(0)).subarray(0, length)
    }
    const { position } = this
    const bytes = uint8s(Math.max(0, Math.min(length, (this.size as number) - position)))
    const done = await this.fill(bytes)
    this.position = position
    return bytes.subarray(0, done)
  }

  /** Fills `into` with the next bytes. Returns how many there were: fewer only at the end. */
  async fill(into: Uint8Array): Promise<number> {
    this.#signal?.throwIfAborted()
    const done = this.isPipe ? await this.#take(into) : await this.#read(into)
    this.position += done
    return done
  }

  /** Goes to a place. In a pipe only forward: what lies between is read and dropped. */
  async seek(position: number): Promise<void> {
    if (!this.isPipe) {
      this.position = position
      return
    }
    const into = new Uint8Array(1 << 16)
    while (this.position < position) {
      const done = await this.fill(into.subarray(0, Math.min(into.length, position - this.position)))
      if (done === 0) throw fileError(this.path, `ended at byte ${this.position} while it was read`)
    }
  }

  /** What is left of `memory`. */
  get left(): number {
    return this.memory - (this.#held?.length ?? 0)
  }

  /**
   * All bytes, to be read from any place. A pipe is read into memory: up to 2 GiB, and half of `memory`, because they are
   * there twice while they are joined. `what` it is, for the message. Throws Error ERR_FILE or ERR_MEMORY.
   */
  async source(what: string): Promise<ByteSource> {
    if (this.isPipe) {
      const most = Math.min(MAX_HELD, Math.floor(this.memory / 2))
      await this.#pull(most + 1)
      if (this.#queued > MAX_HELD)
        throw fileError(this.path, `has more than ${MAX_HELD} bytes; write it to a file and read that`)
      if (this.#queued > most) {
        const held = `${what} is held in memory when it comes through a pipe, and has more than the ${most} bytes that may be taken for it`
        throw plainError('ERR_MEMORY', `${this.path}: ${held}; write it to a file and read that`)
      }
      this.#hold(await this.peek(most))
    }
    if (this.#held !== undefined) return memorySource(this.path, this.#held)
    const { path, size } = this
    return {
      path,
      size: size as number,
      read: async (position, length) => {
        if (!(position >= 0 && length >= 0 && position + length <= (size as number)))
          throw fileError(
            path,
            `is cut short or damaged: bytes ${position} to ${position + length} of ${size} are needed`,
          )
        const bytes = uint8s(length)
        this.position = position
        const done = await this.fill(bytes)
        if (done < length) throw fileError(path, `ended at byte ${position + done} while it was read`)
        return bytes
      },
    }
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop)
    this.#queue = []
    this.#pipe?.destroy()
    this.#pipe = undefined
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  #hold(bytes: Uint8Array): void {
    this.#held = bytes
    this.size = bytes.length
    this.#queue = []
  }

  async #read(into: Uint8Array): Promise<number> {
    if (this.#held !== undefined) {
      const bytes = this.#held.subarray(this.position, this.position + into.length)
      into.set(bytes)
      return bytes.length
    }
    let done = 0
    try {
      while (done < into.length) {
        if (this.#handle === undefined) throw fileError(this.path, 'is closed')
        const { bytesRead } = await this.#handle.read(into, done, into.length - done, this.position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
    } catch (error) {
      throw isSystemError(error) ? systemError(this.path, error) : orMemoryError(error)
    }
    this.#signal?.throwIfAborted()
    return done
  }

  async #take(into: Uint8Array): Promise<number> {
    await this.#pull(1)
    let done = 0
    for (;;) {
      while (done < into.length && this.#queue.length > 0) {
        const [piece] = this.#queue
        const part = piece.subarray(0, into.length - done)
        into.set(part, done)
        done += part.length
        if (part.length === piece.length) this.#queue.shift()
        else this.#queue[0] = piece.subarray(part.length)
      }
      this.#queued = this.#queue.reduce((sum, { length }) => sum + length, 0)
      if (done === into.length) return done
      await this.#pull(1)
      if (this.#queued === 0) return done
    }
  }

  /** Reads from the pipe until `length` bytes are there, or it ends. */
  async #pull(length: number): Promise<void> {
    try {
      while (this.#queued < length) {
        const next = await this.#pieces?.next()
        this.#signal?.throwIfAborted()
        if (next === undefined || next.done) return
        if (next.value.length === 0) continue
        this.#queue.push(next.value)
        this.#queued += next.value.length
      }
    } catch (error) {
      this.#signal?.throwIfAborted()
      throw isSystemError(error) ? systemError(this.path, error) : error
    }
  }
}
