// What a packed ZSTD frame asks for, before the decoder takes it: fzstd 0.1 makes an array of the size that the frame says.

const MAGIC = 0xfd2fb528
// What decoders must be able to hold, RFC 8878 section 3.1.1.1.2 says 8 MiB at least; four times that.
const LARGEST_WINDOW = 1 << 25

/** Throws Error when the first frame says to have more than `length` bytes, or needs a larger window than is usual. */
export function checkZstdFrame(packed: Uint8Array, length: number): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  if (packed.length < 6 || view.getUint32(0, true) !== MAGIC)
    throw new Error('it is packed with something else than ZSTD')
  const head = packed[4]
  const isSingle = (head & 32) !== 0
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][head & 3]
  const bytes = [isSingle ? 1 : 0, 2, 4, 8][head >> 6]
  if (at + bytes > packed.length) throw new Error('a packed buffer is cut short')
  let size = bytes === 2 ? 256 : 0
  for (let i = 0; i < bytes; i++) size += packed[at + i] * 256 ** i
  const window = isSingle ? size : 2 ** (10 + (packed[5] >> 3)) * (1 + (packed[5] & 7) / 8)
  if (bytes > 0 ? size > length : window > LARGEST_WINDOW) {
    throw new Error(`a packed buffer says to have ${bytes > 0 ? size : window} bytes instead of ${length}`)
  }
}
