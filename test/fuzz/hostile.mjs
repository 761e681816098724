// Hostile files: false lengths, products that overflow, bombs, deep nesting, and good files that are cut anywhere.
import { deflateRawSync } from 'node:zlib'
import { zip } from './mutate.mjs'
import { pcdCompressed, safetensorsFile, seedFiles } from './seeds.mjs'

const text = (...parts) => Buffer.from(parts.join(''))

function npyFile(literal, body = Buffer.alloc(64), version = 1, said = undefined) {
  const head = Buffer.from('\x93NUMPY', 'latin1')
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(said ?? literal.length)
  else length.writeUInt32LE(said ?? literal.length)
  return Buffer.concat([head, Buffer.of(version, 0), length, Buffer.from(literal), body])
}
const npyHead = (descr, shape) => `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`
const npy = {
  'a header of 4 GB': npyFile('', Buffer.alloc(0), 2, 2 ** 32 - 1),
  'a header beyond the end': npyFile(npyHead('<f8', '(2,)'), Buffer.alloc(0), 1, 65535),
  'a product that wraps in 64 bits': npyFile(npyHead('<f8', '(4294967296, 536870912)')),
  'a product that wraps in 32 bits': npyFile(npyHead('<f8', '(65536, 65536)')),
  'a side of 15 digits': npyFile(npyHead('<f8', '(999999999999999, 999999999999999)')),
  'a side that is nothing': npyFile(npyHead('<f8', '(0, 99999999)')),
  'a negative side': npyFile(npyHead('<f8', '(-1, 2)')),
  'many sides': npyFile(npyHead('<f8', `(${'1, '.repeat(20000)})`)),
  'elements of no size': npyFile(npyHead('|V0', '(999999999,)')),
  'texts of no length': npyFile(npyHead('<U0', '(999999999,)')),
  'brackets without end': npyFile(`{'descr': ${'['.repeat(60000)}`),
  'a descr that refers to a prototype': npyFile(npyHead('<constructor', '(2,)')),
  'many columns': npyFile(npyHead('|u1', '(1, 30000)'), Buffer.alloc(30000)),
}

const one = npyFile(npyHead('<f8', '(8,)'))
/** An archive of these entries. `change` falsifies its list of entries. */
function archive(entries, { count = entries.length, change = () => {} } = {}) {
  const bytes = zip(entries)
  const end = bytes.length - 22
  bytes.writeUInt16LE(count, end + 8)
  bytes.writeUInt16LE(count, end + 10)
  change(bytes, bytes.readUInt32LE(end + 16), end)
  return bytes
}
const bomb = deflateRawSync(Buffer.alloc(8 << 20))
/** An archive whose list has the first entry many times: all of them are the same bytes. */
function overlapping(times) {
  const content = Buffer.concat([npyFile(npyHead('<f8', '(125000,)'), Buffer.alloc(0)), Buffer.alloc(1_000_000)])
  const bytes = zip([{ name: 'a.npy', content }], true)
  const start = bytes.readUInt32LE(bytes.length - 6)
  const record = bytes.subarray(start, bytes.length - 22)
  const end = Buffer.from(bytes.subarray(bytes.length - 22))
  end.writeUInt16LE(times, 8)
  end.writeUInt16LE(times, 10)
  end.writeUInt32LE(times * record.length, 12)
  return Buffer.concat([bytes.subarray(0, start), ...Array(times).fill(record), end])
}
/** The extra field with sizes of 64 bits. */
function zip64(sizes) {
  const bytes = zip([{ name: 'a.npy', content: one }])
  const start = bytes.readUInt32LE(bytes.length - 6)
  const record = Buffer.from(bytes.subarray(start, bytes.length - 22))
  for (const at of [20, 24, 42]) record.writeUInt32LE(0xffffffff, at)
  record.writeUInt16LE(4 + 8 * sizes.length, 30)
  const extra = Buffer.alloc(4 + 8 * sizes.length)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8 * sizes.length, 2)
  for (const [i, size] of sizes.entries()) extra.writeBigUInt64LE(size, 4 + 8 * i)
  const end = Buffer.from(bytes.subarray(bytes.length - 22))
  end.writeUInt32LE(record.length + extra.length, 12)
  return Buffer.concat([bytes.subarray(0, start), record, extra, end])
}
const entry = { name: 'a.npy', content: one }
const npz = {
  'more entries than are there': archive([entry], { count: 9999 }),
  'an entry behind the end': archive([entry], { change: (bytes, start) => bytes.writeUInt32LE(2 ** 31, start + 42) }),
  'a size of 4 GB': archive([entry], { change: (bytes, start) => bytes.writeUInt32LE(2 ** 32 - 2, start + 24) }),
  'a deflated bomb': zip(
    [{ name: 'a.npy', content: npyFile(npyHead('<f8', '(1048576,)'), Buffer.alloc(8 << 20)) }],
    true,
  ),
  'bytes that inflate to more than is said': archive([{ name: 'a.npy', content: bomb }], {
    change: (bytes, start) => {
      bytes.writeUInt16LE(8, start + 10)
      bytes.writeUInt16LE(8, 8)
    },
  }),
  'entries that overlap': overlapping(500),
  'names of nothing': archive([
    { name: '.npy', content: one },
    { name: '.npy', content: one },
  ]),
  'entries of one name': archive(Array(50).fill(entry)),
  '64-bit sizes': zip64([BigInt(one.length), BigInt(one.length), 0n]),
  '64-bit sizes beyond 2^53': zip64([2n ** 63n, 2n ** 64n - 1n, 2n ** 53n]),
  'a 64-bit field that is cut short': zip64([1n]),
  'an end without a list': Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`, 'latin1'),
}

const head = (changes) => {
  const lines = {
    FIELDS: 'x',
    SIZE: '4',
    TYPE: 'F',
    COUNT: '1',
    WIDTH: '2',
    HEIGHT: '1',
    POINTS: '2',
    DATA: 'binary',
    ...changes,
  }
  return `# .PCD v.7\n${Object.entries(lines)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')}`
}
const times = (word, count) => Array(count).fill(word).join(' ')
const pcd = {
  'COUNT of a billion': text(head({ COUNT: '1000000000' }), '\0'.repeat(64)),
  'COUNT of 65536 in many fields': text(
    head({ FIELDS: times('x', 2000), SIZE: times('1', 2000), TYPE: times('U', 2000), COUNT: times('65536', 2000) }),
  ),
  'POINTS of a billion': text(head({ POINTS: '1000000000' }), '\0'.repeat(64)),
  'POINTS of a billion, ascii': text(head({ POINTS: '1000000000', DATA: 'ascii' }), '1\n2\n'),
  'POINTS of a billion, no such field': text(head({ POINTS: '1e9', FIELDS: '_', DATA: 'ascii' }), '1\n2\n'),
  'fields without a size': text(head({ SIZE: '0' })),
  'a name thousands of times': text(
    head({ FIELDS: times('x', 8000), SIZE: times('1', 8000), TYPE: times('U', 8000), COUNT: times('1', 8000) }),
    '\0'.repeat(16000),
  ),
  'sizes of 4 GB': Buffer.concat([
    text(head({ POINTS: '1073741823', DATA: 'binary_compressed' })),
    Buffer.alloc(8, 255),
  ]),
  'an LZF bomb': pcdCompressed(head({ POINTS: '2000000', DATA: 'binary_compressed' }), Buffer.alloc(8_000_000)),
  'points of no bytes': pcdCompressed(head({ POINTS: '0', DATA: 'binary_compressed' }), Buffer.alloc(0)),
  'a TYPE that refers to a prototype': text(head({ TYPE: 'constructor', SIZE: '' })),
  'a header without end': text('# .PCD v.7\n', 'FIELDS x\n'.repeat(9000)),
}

const deep = (open, close, count) => open.repeat(count) + close.repeat(count)
const json = {
  'arrays in arrays': text('[', deep('[', ']', 200_000), ']'),
  'arrays without end': text('['.repeat(200_000)),
  'objects in objects': text('[', '{"a":'.repeat(100_000), '1', '}'.repeat(100_000), ']'),
  'a new name in each row': text('[', Array.from({ length: 3000 }, (_, i) => `{"c${i}":1}`).join(','), ']'),
  'a name of the prototype': text('[{"__proto__":1,"constructor":2,"hasOwnProperty":3,"toString":4}]'),
  'names that are objects': text('[[{"toString":1},{"valueOf":2},null],[1,2,3]]'),
  'coordinates among the properties': text(
    `[{"type":"Feature","geometry":null,"properties":{"latitude":1}},{"type":"Feature","geometry":null,"properties":{"latitude_2":1}}]`,
  ),
  'names that no other row has': text(
    '[{',
    Array.from({ length: 3000 }, (_, i) => `"c${i}":1`).join(','),
    '}',
    ',{}'.repeat(10_000),
    ']',
  ),
  'names given twice': text('[{"x":1,"x":2},{"x":3}]'),
  'a geometry of nothing': text(
    '[{"type":"Feature","geometry":null,"properties":null},{"type":"Feature","geometry":5}]',
  ),
  'a geometry that is a number': text('[{"type":"Feature","geometry":5,"properties":7}]'),
  'coordinates of texts': text(
    '[{"type":"Feature","geometry":{"type":"Point","coordinates":["a",[],{}]},"properties":"abc"}]',
  ),
  'many properties of one name': text(
    `[{"type":"Feature","geometry":null,"properties":{"longitude":1,"longitude_2":2,"latitude":3}}]`,
  ),
  'a number of many digits': text('[[1', '0'.repeat(100_000), '],[0.', '0'.repeat(100_000), '1]]'),
  'half a pair': text('[{"\\ud800":1,"\\udfff":2}]'),
  'names of blanks': text('[["","  ","c1"],[1,2,3]]'),
  'nothing at all': text('[]'),
  'objects of nothing': text('[{},{}]'),
  'arrays of nothing': text('[[],[]]'),
}

const csv = {
  'a quote that never ends': text('x,y\n"', '1,2\n'.repeat(50_000)),
  'a wide row': text(times('x', 20_000).replaceAll(' ', ','), '\n', times('1', 20_000).replaceAll(' ', ','), '\n'),
  'delimiters only': text(','.repeat(20_000), '\n', ','.repeat(20_000)),
  'one line of quotes': text('"'.repeat(100_001)),
  'one name twelve thousand times': text(
    times('x', 12_000).replaceAll(' ', ','),
    '\n',
    times('1', 12_000).replaceAll(' ', ','),
    '\n',
  ),
  'line ends only': text('\r\n'.repeat(50_000)),
  'returns only': text('\r'.repeat(50_000)),
  'a cell of many digits': text('x\n', '9'.repeat(200_000), '\n0.', '0'.repeat(200_000), '1\n'),
  'a cell that a pattern could search for ever': text(
    'x\n',
    '1'.repeat(100_000),
    'e',
    '\n',
    ' '.repeat(100_000),
    'x\n',
  ),
  'many points and signs': text(
    'x,y\n',
    '1.'.repeat(50_000),
    ',',
    '-'.repeat(100_000),
    '\n',
    "1'".repeat(50_000),
    ',#\n',
  ),
  'zero bytes': Buffer.alloc(100_000),
  'UTF-16': Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('x,y\n1,2\n', 'utf16le')]),
  'bytes that are no UTF-8': Buffer.from('x,\xff\xfe\n1,\xc3\n', 'latin1'),
  'comments only': text('# a\n'.repeat(20_000)),
  'blanks only': text(`${' '.repeat(50_000)}\n`.repeat(3)),
}

/** Thrift's compact protocol: a list or a struct inside of itself, and a list that claims 2^31 elements. */
function parquetFooter(footer) {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([text('PAR1'), footer, length, text('PAR1')])
}
const varint = [0xff, 0xff, 0xff, 0xff, 0x0f]
const parquet = {
  'a list of 2^32 structs': parquetFooter(Buffer.of(0x15, 0x02, 0x19, 0xfc, ...varint)),
  'a list of 2^32 bytes': parquetFooter(Buffer.of(0x15, 0x02, 0x19, 0xf3, ...varint)),
  'a list of 2^32 booleans': parquetFooter(Buffer.of(0x15, 0x02, 0x19, 0xf1, ...varint)),
  'a list of 2^32 of no type': parquetFooter(Buffer.of(0x15, 0x02, 0x19, 0xff, ...varint)),
  'structs in structs': parquetFooter(Buffer.alloc(200_000, 0x1c)),
  'lists in lists': parquetFooter(Buffer.alloc(200_000, 0x19)),
  'a text of 4 GB': parquetFooter(Buffer.of(0x15, 0x02, 0x19, 0x1c, 0x48, ...varint)),
  'a number of many bytes': parquetFooter(Buffer.concat([Buffer.of(0x15), Buffer.alloc(50_000, 0xff)])),
  'a footer larger than the file': Buffer.concat([text('PAR1'), Buffer.alloc(20), Buffer.alloc(4, 255), text('PAR1')]),
  'a footer of nothing': parquetFooter(Buffer.alloc(0)),
  'a footer that ends at once': parquetFooter(Buffer.of(0)),
}

function arrowStream(message) {
  const length = Buffer.alloc(8, 255)
  length.writeInt32LE(message.length, 4)
  return Buffer.concat([length, message, Buffer.alloc(8)])
}
const arrow = {
  'offsets to nowhere': arrowStream(Buffer.alloc(64, 255)),
  'offsets to themselves': arrowStream(Buffer.alloc(64)),
  'a message of 2 GB': Buffer.of(255, 255, 255, 255, 255, 255, 255, 127),
  'a negative message': Buffer.of(255, 255, 255, 255, 254, 255, 255, 255, 0, 0, 0, 0),
  'marks only': Buffer.alloc(4096, 255),
  'a file of marks': Buffer.concat([text('ARROW1\0\0'), Buffer.alloc(64, 255), text('ARROW1')]),
  'an end and nothing': Buffer.of(255, 255, 255, 255, 0, 0, 0, 0),
}

/** The same files after zero bytes, which choose the default options. */
function behind(files, count) {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, Buffer.concat([Buffer.alloc(count), bytes])]),
  )
}

const tensor = (shape, offsets, dtype = 'F32') => ({ dtype, shape, data_offsets: offsets })
const many = (count, make) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, make(i)]))
const safetensors = {
  'a header of 2^63 bytes': Buffer.concat([Buffer.from('ffffffffffffff7f', 'hex'), Buffer.from('{')]),
  'a header in a header': safetensorsFile(`{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`, 0),
  'a shape of 2^106': safetensorsFile({ x: tensor([2 ** 53 - 1, 2 ** 53 - 1], [0, 8]) }, 8),
  'bytes that a thousand tensors share': safetensorsFile(
    many(1000, () => tensor([1024], [0, 4096])),
    4096,
  ),
  'two thousand tensors': safetensorsFile(
    many(2000, (i) => tensor([1], [4 * i, 4 * i + 4])),
    8000,
  ),
  'tensors of nothing': safetensorsFile(
    many(1000, () => tensor([0, 2 ** 40], [0, 0])),
    0,
  ),
  'many columns of one row': safetensorsFile({ x: tensor([1, 10_000], [0, 10_000], 'I8') }, 10_000),
  'names of the prototype': safetensorsFile('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
  'a type of the prototype': safetensorsFile({ x: tensor([1], [0, 4], 'constructor') }, 4),
}

const HOSTILE = {
  csv,
  'csv-options': behind(csv, 2),
  tsv: csv,
  json,
  'json-lines': json,
  npy,
  npz,
  pcd,
  parquet,
  arrow,
  safetensors,
}

/** The hostile files for a reader, by name. */
export function hostileFiles(target) {
  if (target === 'any') {
    return Object.values(HOSTILE).flatMap((files) => listOf(behind(files, 1)))
  }
  return listOf(HOSTILE[target])
}

function listOf(files) {
  return Object.entries(files).map(([name, bytes]) => ({ name, bytes }))
}

/** Good files, cut at every byte, and with every byte changed in two ways. */
export async function* damagedFiles(target, load, most = Number.POSITIVE_INFINITY) {
  for (const file of await seedFiles(target, load)) {
    const step = Math.max(1, Math.ceil(file.length / most))
    for (let at = 0; at < file.length; at += step) {
      yield file.subarray(0, at)
      for (const byte of [255, file[at] ^ 1]) {
        const copy = Buffer.from(file)
        copy[at] = byte
        yield copy
      }
    }
  }
}
