// Good files as seeds of the fuzzer, made by the project's own writers, by the writers of the libraries, and (in
// test/fuzz/seeds) by other programs.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as flechette from '@uwdata/flechette'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { zip } from './mutate.mjs'

const text = (...parts) => Buffer.from(parts.join(''))

const csv = [
  'x,y\n1,2\n3,4\n',
  '1,2\n3,4\n',
  'x;y\n1,5;2\n-3,25;4e3\n',
  'x\ty\n1\t2\n',
  'x|y|z\r\n1|NA|a\r\n2||"b|c"\r\n',
  '"a ""b""","c,d"\n1,"2"\n"3\n",nan\n',
  '\ufeffname,value\nann,1\nbob,-inf\n\n',
  '# made by a logger\n# 2 columns\nt,v\n0,1.5\n1,-999\n',
  'a   b   c\n1   2   3\n4   5   6\n',
  '2019,2020\n1,2\n3,4\n',
  'id,big\n1,9007199254740993\n2,1.7976931348623157e308\n',
  'x,y,weight,row\n0.1,-0,0.3333333333333333,7\n2,5e-324,1000000,4294967295\n',
  "d,e\n1D+03,0x10\n1'000,+5\n$1,100%\n",
]

const geo = (coordinates, properties) =>
  JSON.stringify({ type: 'Feature', geometry: { type: 'Point', coordinates }, properties })
const json = [
  '[{"x":1,"y":2},{"x":3}]',
  '[["a","b"],[1,null],[2.5,-0]]',
  '[[1,2],[3,4]]',
  '[\n{"x":0.1,"weight":1e-300,"row":7},\n{"x":1e400,"weight":true,"row":"a"}\n]\n',
  `{"type":"FeatureCollection","features":[${geo([1, 2, 3], { mag: 4.5 })},${geo([1, 2], { longitude: 0 })}]}`,
  '{"x":[1,2],"y":[3,4]}',
  '{"x":12345678901234567890,"y":1.0000000000000000001}\n{"x":2,"y":3}\n',
]
const lines = [
  '{"x":1,"y":2}\n{"x":3,"z":[1]}\n',
  '["a","b"]\n[1,2]\n\n[3,null]\n',
  '[1]\r\n[2]',
  `${geo([1, 2], {})}\n`,
]

const pcdHead = (fields, size, type, count, points, data) =>
  `# .PCD v.7\nVERSION .7\nFIELDS ${fields}\nSIZE ${size}\nTYPE ${type}\nCOUNT ${count}\nWIDTH ${points}\nHEIGHT 1\n` +
  `VIEWPOINT 0 0 0 1 0 0 0\nPOINTS ${points}\nDATA ${data}\n`

/** LZF without copies; for content of zeros only, one literal and copies of 264 bytes. */
export function lzf(content) {
  const pieces = []
  if (content.every((byte) => byte === 0) && content.length > 1) {
    pieces.push(Buffer.of(0, 0))
    let rest = content.length - 1
    for (; rest >= 264; rest -= 264) pieces.push(Buffer.of(0xe0, 255, 0))
    for (; rest > 0; rest--) pieces.push(Buffer.of(0, 0))
    return Buffer.concat(pieces)
  }
  for (let at = 0; at < content.length; at += 32) {
    const piece = content.subarray(at, at + 32)
    pieces.push(Buffer.of(piece.length - 1), piece)
  }
  return Buffer.concat(pieces)
}

export function pcdCompressed(head, content) {
  const packed = lzf(content)
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(packed.length, 0)
  sizes.writeUInt32LE(content.length, 4)
  return Buffer.concat([text(head), sizes, packed])
}

const points = Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i / 8).buffer)
const pcd = [
  text(pcdHead('x y z', '4 4 4', 'F F F', '1 1 1', 2, 'ascii'), '1 2 3\n4 nan 6\n'),
  text(pcdHead('x _ n', '4 1 8', 'F U F', '1 3 2', 1, 'ascii'), '1 0 0 0 1e300 -0\n'),
  Buffer.concat([text(pcdHead('x y z', '4 4 4', 'F F F', '1 1 1', 4, 'binary')), points]),
  Buffer.concat([text(pcdHead('a b c d', '1 2 8 1', 'I U U U', '1 1 1 1', 4, 'binary')), points]),
  pcdCompressed(pcdHead('x y z', '4 4 4', 'F F F', '1 1 1', 4, 'binary_compressed'), points),
  pcdCompressed(pcdHead('x h i', '4 2 2', 'F U I', '1 2 2', 4, 'binary_compressed'), points),
  pcdCompressed(pcdHead('x', '8', 'F', '1', 200, 'binary_compressed'), Buffer.alloc(1600)),
]

/** A safetensors file with this header, and so many bytes behind it. */
export function safetensorsFile(header, bytes) {
  const json = text(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(bytes, 63)])
}
const tensor = (dtype, shape, begin, end) => ({ dtype, shape, data_offsets: [begin, end] })
const safetensors = [
  safetensorsFile({ x: tensor('F64', [3], 0, 24), 'q.k': tensor('F32', [3, 2], 24, 48) }, 48),
  safetensorsFile(
    { __metadata__: { format: 'pt' }, h: tensor('BF16', [2, 2, 1], 0, 8), b: tensor('I8', [2], 8, 10) },
    10,
  ),
  safetensorsFile(
    { weights: tensor('F16', [4], 0, 8), c: tensor('U64', [4], 8, 40), m: tensor('BOOL', [4], 40, 44) },
    44,
  ),
  safetensorsFile(`${JSON.stringify({ s: tensor('F32', [], 0, 4), x: tensor('I32', [1], 4, 8) })}   `, 8),
]

const parquetColumns = (encoding, nullable) => [
  { name: 'x', data: [0.5, nullable ? null : 1, -0, 3, 3, 3, 3, 3, 3], type: 'DOUBLE', encoding, nullable },
  { name: 'i', data: [1, 2, 3, 4, 5, 6, 7, 8, 9], type: 'INT32', encoding, nullable },
  { name: 'l', data: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 2n ** 60n], type: 'INT64', encoding, nullable },
]
const others = [
  { name: 's', data: ['a', 'b', 'a'], type: 'STRING' },
  { name: 'b', data: [true, false, true], type: 'BOOLEAN' },
  { name: 't', data: [new Date(0), new Date(1), new Date(2)], type: 'TIMESTAMP' },
  { name: 'f', data: [1, 2, 3], type: 'FLOAT' },
  { name: 'h', data: [1, 2, 0.5], type: 'FLOAT16' },
  { name: 'j', data: [{}, [1], 1], type: 'JSON' },
]
function parquetFile(columnData, options) {
  return Buffer.from(parquetWriteBuffer({ columnData, statistics: false, ...options }))
}
function parquetSeeds() {
  const files = []
  for (const nullable of [false, true]) {
    files.push(parquetFile(parquetColumns(undefined, nullable), { codec: 'UNCOMPRESSED' }))
    files.push(parquetFile(parquetColumns('RLE_DICTIONARY', nullable), { codec: 'UNCOMPRESSED' }))
    files.push(parquetFile(parquetColumns('DELTA_BINARY_PACKED', nullable).slice(1), { codec: 'UNCOMPRESSED' }))
    files.push(parquetFile(parquetColumns('BYTE_STREAM_SPLIT', nullable), { rowGroupSize: 4 }))
  }
  files.push(parquetFile(others, { codec: 'UNCOMPRESSED', statistics: true }))
  files.push(parquetFile([{ name: 'x', data: new Float64Array(200), type: 'DOUBLE' }], { pageSize: 400 }))
  const decimal = [{ name: 'root', num_children: 1 }, decimalElement('d', 9, 2)]
  files.push(parquetFile([{ name: 'd', data: [1.25, -3, 0.07] }], { schema: decimal, codec: 'UNCOMPRESSED' }))
  return files
}
function decimalElement(name, precision, scale) {
  return { name, type: 'INT32', converted_type: 'DECIMAL', precision, scale, repetition_type: 'REQUIRED' }
}

function arrowSeeds() {
  const { float64, float32, float16, int8, int64, uint16, bool, utf8, decimal, dateDay, dictionary, list } = flechette
  const columns = { x: [1.5, null, -0], f: [0.1, 2, 3], b: [1, 2, 3], l: [1n, null, 3n], u: [1, 2, 65535] }
  const types = { x: float64(), f: float32(), b: int8(), l: int64(), u: uint16() }
  const more = {
    h: [0.5, 1, 2],
    t: [true, null, false],
    s: ['a', 'bc', null],
    d: [1.25, -3, 0],
    y: [1, 2, 3],
    c: ['a', 'b', 'a'],
  }
  const moreTypes = { h: float16(), t: bool(), s: utf8(), d: decimal(18, 2), y: dateDay(), c: dictionary(utf8()) }
  const nested = { k: [[1, 2], [], [3]] }
  const files = []
  for (const [data, type] of [
    [columns, types],
    [more, moreTypes],
    [nested, { k: list(float64()) }],
  ]) {
    const table = flechette.tableFromArrays(data, { types: type })
    for (const format of ['file', 'stream']) files.push(Buffer.from(flechette.tableToIPC(table, { format })))
  }
  const long = flechette.tableFromArrays({ x: new Float64Array(30) }, { types: { x: float64() }, maxBatchRows: 10 })
  files.push(Buffer.from(flechette.tableToIPC(long, { format: 'stream' })))
  return files
}

async function npySeeds(load) {
  const { npyNumbers, npyTexts } = await load('npy')
  const { npyHeader } = await load('npy-header')
  const array = (descr, shape, size) => Buffer.concat([npyHeader(descr, shape), Buffer.alloc(size, 1)])
  const [v2, python2] = [npyNumbers(Float64Array.of(1, 2), [2]), npyNumbers(Float64Array.of(1, 2), [2, 1])].map(
    Buffer.from,
  )
  return [
    npyNumbers(Float64Array.of(1, -0, Number.NaN, 4, 5, 6), [3, 2]),
    npyNumbers(Float64Array.of(1, 2, 3, 4, 5, 6), [3, 2], true),
    npyNumbers(BigInt64Array.of(1n, 2n ** 60n), [2]),
    npyTexts(['a', 'größe', '😀']),
    ...['|i1', '|u1', '<f2', '>f4', '<u2', '>i8', '|b1', '<c16', '<M8[s]', '|S4', '|O'].map((descr) =>
      array(descr, [4], 64),
    ),
    array('<f4', [2, 1, 2], 16),
    array('<f8', [], 8),
    Buffer.concat([v2.subarray(0, 6), Buffer.of(2, 0, v2[8], v2[9], 0, 0), v2.subarray(10)]),
    Buffer.from(python2.toString('latin1').replace('(2, 1), }', '(2L, 1L),}'), 'latin1'),
  ].map((bytes) => Buffer.from(bytes))
}

async function npzSeeds(load) {
  const { npyNumbers, npyTexts } = await load('npy')
  const entry = (name, content) => ({ name: `${name}.npy`, content: Buffer.from(content) })
  const matrix = npyNumbers(Float64Array.of(1, 2, 3, 4, 5, 6), [3, 2])
  const list = npyNumbers(Float64Array.of(0.5, 1, 2), [3])
  const rows = npyNumbers(BigInt64Array.of(4n, 5n, 6n), [3])
  const meta = { version: 1, columns: ['u', 'v'], weight: 'weights', row: 'indices', order: 3, sourceWeight: null }
  const whole = [
    entry('points', matrix),
    entry('weights', list),
    entry('indices', rows),
    entry('columns', npyTexts(['u', 'größe'])),
    entry('fewpoints', npyTexts(JSON.stringify({ ...meta, dropMissing: false }))),
  ]
  return [zip(whole), zip(whole, true), zip([entry('x', list), entry('y', rows)]), zip([entry('a/b', matrix)])]
}

/** Good files for one reader. `load` imports a module of lib/io. */
export async function seedFiles(target, load) {
  const made = {
    csv: async () => csv.map((one) => text(one)),
    'csv-options': async () =>
      csv.flatMap((one, i) => [0, 37 * i].map((at) => Buffer.concat([Buffer.of(at & 255, i), text(one)]))),
    tsv: async () => csv.map((one) => text(one.replaceAll(',', '\t'))),
    json: async () => [...json, ...lines].map((one) => text(one)),
    'json-lines': async () => [...lines, ...json].map((one) => text(one)),
    npy: () => npySeeds(load),
    npz: () => npzSeeds(load),
    parquet: async () => parquetSeeds(),
    arrow: async () => arrowSeeds(),
    pcd: async () => pcd,
    safetensors: async () => safetensors,
  }
  if (target !== 'any') return [...(await made[target]()), ...storedFiles(target).map(({ bytes }) => bytes)]
  // Every file with a name without an ending, and with two other names.
  const all = []
  for (const name of Object.keys(made)) all.push(...(await seedFiles(name, load)).slice(0, 6))
  return all.flatMap((bytes, i) =>
    [0, i % 13, (5 * i + 1) % 13].map((ending) => Buffer.concat([Buffer.of(ending), bytes])),
  )
}

/** Files of other programs. */
export function storedFiles(target, kind = 'seeds') {
  const folder = new URL(`./${kind}/${target}/`, import.meta.url)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.endsWith('.txt'))
    .map((name) => ({ name, bytes: readFileSync(new URL(name, folder)) }))
}
