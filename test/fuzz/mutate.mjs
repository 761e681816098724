// Mutations of files: bits, numbers, pieces, words of the format. For archives also changes inside, with right
// checksums.
import { crc32, deflateRawSync } from 'node:zlib'

/** Mulberry32, a small generator: numbers in [0, 1). The same seed gives the same numbers. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

const NUMBERS = [
  0,
  1,
  -1,
  2,
  7,
  8,
  15,
  16,
  31,
  32,
  64,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  1e6,
  2 ** 24,
  1e9,
]
const EDGES = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53]
const TEXTS = [
  '0',
  '1',
  '-1',
  '1e9',
  '9007199254740993',
  '99999999999',
  '1e400',
  '0.1',
  'nan',
  '-inf',
  '',
  '"',
  "'",
  '\n',
  '\r\n',
]

const WORDS = {
  csv: [
    ',',
    ';',
    '\t',
    '|',
    ' ',
    '""',
    '"',
    '#',
    'x,y\n',
    'NA',
    '1,5',
    '1.234,5',
    '\ufeff',
    '\r',
    '\0',
    'row',
    'weight',
    '\n\n',
  ],
  json: [
    '[',
    ']',
    '{',
    '}',
    ':',
    ',',
    'null',
    'true',
    '"type":"Feature"',
    '"geometry":',
    '"FeatureCollection"',
    '"__proto__"',
  ],
  npy: [
    "'descr': ",
    "'<f8'",
    "'|u1'",
    "'>i8'",
    "'<U4'",
    "'shape': (",
    "'fortran_order': True",
    '3L',
    '[(',
    '\x93NUMPY',
  ],
  npz: ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07', '.npy', 'weights.npy', 'points.npy'],
  parquet: ['PAR1', 'fewpoints', '\x15\x04', '\x19\xfc', '\x19\x1c', '\x26\xff\xff\xff\xff\x0f'],
  arrow: ['ARROW1', '\xff\xff\xff\xff', '\x00\x00\x00\x00'],
  safetensors: ['"dtype":"', 'BF16"', '"shape":[', '"data_offsets":[0,', '"__metadata__":', '"weights":', '{', '}'],
  pcd: [
    'FIELDS ',
    'SIZE ',
    'TYPE ',
    'COUNT ',
    'POINTS ',
    'WIDTH ',
    'HEIGHT ',
    'DATA ascii\n',
    'DATA binary\n',
    ' _ ',
    '# .PCD',
  ],
}
const WORDS_OF = {
  tsv: WORDS.csv,
  'csv-options': WORDS.csv,
  'json-lines': WORDS.json,
  any: Object.values(WORDS).flat(),
}

/** Makes inputs of at most `longest` bytes out of others. */
export class Mutator {
  #random
  #target
  #words
  #longest

  constructor(target, seed, longest) {
    this.#random = random(seed)
    this.#target = target
    this.#words = [...TEXTS, ...(WORDS_OF[target] ?? WORDS[target])].map((word) => Buffer.from(word, 'latin1'))
    this.#longest = longest
  }

  below(count) {
    return Math.floor(this.#random() * count)
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** A file made from one file of the corpus, and sometimes from a second one. */
  next(corpus) {
    let bytes = this.pick(corpus)
    if (this.#target === 'npz' && this.#random() < 0.6) bytes = this.#inside(bytes)
    else for (let count = 1 << this.below(4); count > 0; count--) bytes = this.#change(bytes, corpus)
    return bytes.length > this.#longest ? bytes.subarray(0, this.#longest) : bytes
  }

  #change(bytes, corpus) {
    const at = this.below(bytes.length + 1)
    const end = Math.min(bytes.length, at + 1 + this.below(this.#random() < 0.7 ? 8 : 256))
    switch (this.below(11)) {
      case 0:
      case 1:
        return edit(bytes, at, (copy) => (copy[at] ^= 1 << this.below(8)))
      case 2:
        return edit(bytes, at, (copy) => (copy[at] = this.pick([0, 1, 255, 127, 128, 32, 48, 57, this.below(256)])))
      case 3:
      case 4:
        return this.#number(bytes, at)
      case 5:
        return join(bytes.subarray(0, at), bytes.subarray(end))
      case 6:
        return join(bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end))
      case 7:
        return join(bytes.subarray(0, at), this.pick(this.#words), bytes.subarray(this.below(2) === 0 ? at : end))
      case 8: {
        const other = this.pick(corpus)
        const from = this.below(other.length + 1)
        return join(bytes.subarray(0, at), other.subarray(from, from + (end - at)), bytes.subarray(end))
      }
      case 9:
        return this.#digits(bytes)
      default:
        return this.#random() < 0.3
          ? bytes.subarray(0, at)
          : join(bytes.subarray(0, at), this.pick(corpus).subarray(at))
    }
  }

  /** A whole number of 1 to 8 bytes, in either byte order; mostly a small change of the one that is there. */
  #number(bytes, at) {
    const size = this.pick([1, 2, 4, 4, 8])
    const start = Math.min(at, bytes.length - size)
    if (start < 0) return bytes
    return edit(bytes, start, (copy) => {
      const view = new DataView(copy.buffer, copy.byteOffset)
      const isLittle = this.#random() < 0.8
      let value = BigInt(this.pick(this.#random() < 0.6 ? NUMBERS : EDGES))
      if (this.#random() < 0.4) {
        const old = size === 8 ? view.getBigInt64(start, isLittle) : BigInt(copy[start])
        value = old + BigInt(this.below(33) - 16)
      }
      if (size === 1) copy[start] = Number(value & 255n)
      else if (size === 2) view.setUint16(start, Number(value & 0xffffn), isLittle)
      else if (size === 4) view.setUint32(start, Number(value & 0xffffffffn), isLittle)
      else view.setBigInt64(start, value, isLittle)
    })
  }

  /** Replaces a number that is written as text. */
  #digits(bytes) {
    const start = this.below(bytes.length + 1)
    for (let at = start; at < bytes.length; at++) {
      if (bytes[at] < 48 || bytes[at] > 57) continue
      let end = at
      while (end < bytes.length && bytes[end] >= 48 && bytes[end] <= 57) end++
      const text = this.#random() < 0.5 ? String(this.pick([...NUMBERS, ...EDGES])) : this.pick(TEXTS)
      return join(bytes.subarray(0, at), Buffer.from(text), bytes.subarray(end))
    }
    return bytes
  }

  /** Changes one entry of a zip archive and packs all entries again. */
  #inside(bytes) {
    const entries = unzip(bytes)
    if (entries.length === 0) return this.#change(bytes, [bytes])
    const at = this.below(entries.length)
    const contents = entries.map(({ content }) => content)
    for (let count = 1 << this.below(3); count > 0; count--)
      entries[at].content = this.#change(entries[at].content, contents)
    if (this.#random() < 0.1)
      entries[at].name = `${this.pick(['points', 'weights', 'columns', 'fewpoints', 'a', ''])}.npy`
    if (this.#random() < 0.05) entries.splice(at, 1)
    return zip(entries, this.#random() < 0.3)
  }
}

/** An archive that readers accept. With `packed` its entries are deflated. */
export function zip(entries, packed = false) {
  const pieces = []
  const list = []
  let offset = 0
  for (const { name, content } of entries) {
    const text = Buffer.from(name)
    const stored = packed ? deflateRawSync(content) : content
    const fields = Buffer.alloc(22)
    fields.writeUInt16LE(packed ? 8 : 0, 4)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(stored.length, 14)
    fields.writeUInt32LE(content.length, 18)
    const length = Buffer.of(text.length & 255, text.length >> 8, 0, 0)
    const local = join(Buffer.from('PK\x03\x04', 'latin1'), fields, length, text)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    list.push(
      join(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, length.subarray(0, 2), Buffer.alloc(2), place, text),
    )
    pieces.push(local, stored)
    offset += local.length + stored.length
  }
  const central = join(...list)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return join(...pieces, central, end)
}

/** The stored entries of an archive, by their local headers. Reads only archives like those of `zip` and numpy's savez. */
function unzip(bytes) {
  const entries = []
  for (let at = 0; at + 30 <= bytes.length && bytes.readUInt32LE(at) === 0x04034b50; ) {
    const nameEnd = at + 30 + bytes.readUInt16LE(at + 26)
    const start = nameEnd + bytes.readUInt16LE(at + 28)
    const size = bytes.readUInt32LE(at + 18)
    if (bytes.readUInt16LE(at + 8) !== 0 || start + size > bytes.length) break
    entries.push({ name: bytes.toString('utf8', at + 30, nameEnd), content: bytes.subarray(start, start + size) })
    at = start + size
  }
  return entries
}

function edit(bytes, at, change) {
  if (at >= bytes.length) return bytes
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

function join(...pieces) {
  return Buffer.concat(pieces)
}
