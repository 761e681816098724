// A file that the user has chosen, as the readers of the package take their bytes.
import { type ByteSource, fileError } from '#dist/io/bytes.js'

export function fileSource(file: File): ByteSource {
  return {
    path: file.name,
    size: file.size,
    async read(position, length) {
      if (!(position >= 0 && length >= 0 && position + length <= file.size)) {
        throw fileError(file.name, `is cut short or damaged: bytes ${position} to ${position + length} are needed`)
      }
      try {
        return new Uint8Array(await file.slice(position, position + length).arrayBuffer())
      } catch (cause) {
        // The browser refuses a file that has changed since it was chosen.
        throw fileError(file.name, 'cannot be read any more; choose it again', cause)
      }
    },
  }
}
