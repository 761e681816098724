// Checks data in Thrift's compact protocol, in which Parquet writes its metadata and page headers. The decoder makes lists
// of any length that is announced and reads whole numbers of any length, so both need a bound first.
// Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

const DEEPEST = 32
// 64 bits, seven per byte.
const LONGEST_VARINT = 10

const [BYTE, I16, I64, DOUBLE, BINARY, LIST, STRUCT] = [3, 4, 6, 7, 8, 9, 12] as const

/** Checks the struct that begins at `offset`. Throws Error when it does not end inside the bytes. */
export function checkThrift(bytes: Uint8Array, offset: number): void {
  let at = offset

  const byte = (): number => {
    if (at >= bytes.length) throw new Error('its metadata is cut short')
    return bytes[at++]
  }

  const varint = (): number => {
    let value = 0
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const next = byte()
      value += (next & 127) * 128 ** i
      if (next < 128) return value
    }
    throw new Error('its metadata has a number of more than 64 bits')
  }

  const skip = (length: number): void => {
    if (length > bytes.length - at) throw new Error('its metadata is cut short')
    at += length
  }

  const struct = (depth: number): void => {
    if (depth > DEEPEST) throw new Error('its metadata is nested too deeply')
    for (;;) {
      const head = byte()
      const type = head & 15
      if (type === 0) return
      if (head >> 4 === 0) varint()
      // The type of a truth value is its value.
      if (type > 2) value(type, depth)
    }
  }

  const value = (type: number, depth: number): void => {
    if (type <= BYTE) skip(1)
    else if (type >= I16 && type <= I64) varint()
    else if (type === DOUBLE) skip(8)
    else if (type === BINARY) skip(varint())
    else if (type === STRUCT) struct(depth + 1)
    else if (type === LIST) list(depth + 1)
    else throw new Error(`its metadata has a value of type ${type}`)
  }

  const list = (depth: number): void => {
    if (depth > DEEPEST) throw new Error('its metadata is nested too deeply')
    const head = byte()
    const count = head >> 4 === 15 ? varint() : head >> 4
    // An element takes at least one byte.
    if (count > bytes.length - at) throw new Error('its metadata is cut short')
    for (let i = 0; i < count; i++) value(head & 15, depth)
  }

  struct(0)
}
