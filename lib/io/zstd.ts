// Checks the sizes that a ZSTD frame announces before it is decoded: fzstd 0.1 allocates as much as the frame says.
import { viewOf } from './bytes.js'

const MAGIC = 0xfd2fb528
// RFC 8878, section 3.1.1.1.2, recommends that decoders support windows of 8 MiB. This is four times as much.
const LARGEST_WINDOW = 1 << 25

/** Throws Error when the first frame announces more than `length` bytes, or an unusually large window. */
export function checkZstdFrame(packed: Uint8Array, length: number): void {
  if (packed.length < 6 || viewOf(packed).getUint32(0, true) !== MAGIC)
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
    throw new Error(`a packed buffer announces ${bytes > 0 ? size : window} bytes instead of ${length}`)
  }
}
