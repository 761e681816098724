// LZ4 frames, as Arrow packs its buffers: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
// Blocks may refer to bytes of the blocks before them, so all of them are unpacked into one output.
import { viewOf } from './bytes.js'

const MAGIC = 0x184d2204
const NOT_PACKED = 0x80000000
// The most that one byte of a match length adds.
const BEST_RATIO = 255

/** Unpacks one frame to exactly `length` bytes. Throws Error when the frame is damaged. */
export function unpackLz4Frame(bytes: Uint8Array, length: number): Uint8Array {
  if (!(length >= 0 && length <= BEST_RATIO * bytes.length)) throw new Error(`an LZ4 frame cannot have ${length} bytes`)
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== MAGIC) throw new Error('not an LZ4 frame')
  const flags = view.getUint8(4)
  const hasBlockChecksums = (flags & 0x10) !== 0
  // Magic, flags, block size, then 8 bytes of content size and 4 of a dictionary's name if flagged, then a checksum.
  let at = 6 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1
  const output = new Uint8Array(length)
  let end = 0
  for (;;) {
    const header = view.getUint32(at, true)
    at += 4
    if (header === 0) break
    const size = header & 0x7fffffff
    if (at + size > bytes.length) throw new Error('an LZ4 frame is cut short')
    const block = bytes.subarray(at, at + size)
    if (header >= NOT_PACKED) {
      if (end + size > length) throw new Error('an LZ4 frame is longer than announced')
      output.set(block, end)
      end += size
    } else {
      end = unpackBlock(block, output, end)
    }
    at += size + (hasBlockChecksums ? 4 : 0)
  }
  return output.subarray(0, end)
}

/** Unpacks one block after the first `end` bytes of the output. Returns the new end. */
function unpackBlock(block: Uint8Array, output: Uint8Array, end: number): number {
  let at = 0
  const byte = () => {
    if (at >= block.length) throw new Error('an LZ4 block is cut short')
    return block[at++]
  }
  const longer = (length: number) => {
    if (length < 15) return length
    for (;;) {
      const more = byte()
      length += more
      if (more !== 255) return length
    }
  }
  while (at < block.length) {
    const token = byte()
    const literals = longer(token >> 4)
    if (at + literals > block.length || end + literals > output.length) throw new Error('an LZ4 block is damaged')
    output.set(block.subarray(at, at + literals), end)
    at += literals
    end += literals
    if (at === block.length) break // the last sequence has no match
    const distance = byte() | (byte() << 8)
    const match = longer(token & 15) + 4
    if (distance === 0 || distance > end || end + match > output.length) throw new Error('an LZ4 block is damaged')
    // A match may overlap its own output, so it is copied byte by byte.
    for (const stop = end + match; end < stop; end++) output[end] = output[end - distance]
  }
  return end
}
