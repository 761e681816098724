// Standard output as the place of a result.
import { once } from 'node:events'

/**
 * Writes the pieces to standard output, as fast as they are taken. A reader that has closed the pipe ends it quietly. Returns
 * the bytes written.
 */
export async function writeStandardOutput(
  pieces: Iterable<Uint8Array | string>,
  signal?: AbortSignal,
): Promise<number> {
  const { stdout } = process
  let size = 0
  for (const piece of pieces) {
    signal?.throwIfAborted()
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    if (stdout.destroyed || stdout.errored) break
    size += bytes.length
    if (!stdout.write(bytes))
      await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]).catch(isClosed)
  }
  return size
}

/** An error of the stream has its own listener; here it only ends the wait. */
function isClosed(error: NodeJS.ErrnoException): void {
  if (error.name === 'AbortError') throw error
}
