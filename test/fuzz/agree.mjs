// Valid files with known content. Files of the project's writers must read back bit for bit; files of other writers
// must give the numbers that were put in. Where there is an independent reader, its answer decides.
import {
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  tableFromArrays,
  tableToIPC,
  uint8,
  uint16,
  uint32,
} from '@uwdata/flechette'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import Papa from 'papaparse'
import { zip } from './mutate.mjs'
import { lzf, safetensorsFile } from './seeds.mjs'

const OUTPUTS = ['csv', 'tsv', 'json', 'json-lines', 'npy', 'npz', 'parquet', 'safetensors']
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 5e-324, 0.1),
)
/** Numbers for texts. A whole number beyond 2^53 in a text is mostly not a float64, and readers report that. */
const textNumber = finite.filter((number) => Math.abs(number) <= 2 ** 53 || Math.abs(number) >= 1e21)
const nameText = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.constantFrom('x', '1', '2019', '+0', '1.5', '-', 'NaN', '[mm]', '{', '#1', 'weight', '1e3', '1,5'),
)

/**
 * The properties of one reader, as `check({ seed, limit, runs })`, which stops after `limit` ms or `runs` files and
 * returns the disagreements. `load` imports a module of lib/io.
 */
export async function agreements(target, load) {
  const properties =
    target === 'any' ? await sniffed(load) : [...(await roundTrip(target, load)), ...(await OTHERS[target](load))]
  return properties.map(({ name, property }) => ({
    name,
    /** @param {{ seed?: number, limit?: number, runs: number }} how */
    async check({ seed, limit = Number.POSITIVE_INFINITY, runs }) {
      const time = Number.isFinite(limit) ? { interruptAfterTimeLimit: limit, markInterruptAsFailure: false } : {}
      const { failed, numRuns, ...rest } = await fc.check(property, {
        seed,
        numRuns: runs,
        endOnFailure: false,
        ...time,
      })
      const message = failed
        ? `${rest.errorInstance?.message}\n${fc.defaultReportMessage({ failed, numRuns, ...rest })}`
        : ''
      return { failed, numRuns, message }
    },
  }))
}

/** Throws unless the columns, by name or by position, have these numbers, bit for bit. All NaN are equal. */
function expectColumns(table, expected) {
  const found = new Map(table.columns.map(({ name, values }) => [name, values]))
  for (const [name, numbers] of Object.entries(expected)) {
    const values = found.get(name)
    if (values === undefined) {
      if (numbers.every((number) => Number.isNaN(number))) continue
      throw new Error(`no column '${name}' in ${JSON.stringify([...found.keys()])}`)
    }
    if (values.length !== numbers.length)
      throw new Error(`'${name}' has ${values.length} values, not ${numbers.length}`)
    const wrong = numbers.findIndex((number, i) => !Object.is(number, values[i]))
    if (wrong !== -1) throw new Error(`'${name}' has ${values[wrong]} in row ${wrong}, not ${numbers[wrong]}`)
  }
}

const property = (name, ...rest) => ({ name, property: fc.asyncProperty(...rest) })

// ---- files of the project's writers

const sets = fc.record({
  names: fc.array(nameText, { minLength: 1, maxLength: 4 }),
  cells: fc.array(fc.array(finite, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 12 }),
})

async function written(load, { names: given, cells }, format) {
  const { compressedPieces } = await load('write')
  const { uniqueNames } = await load('table')
  const names = uniqueNames(given.map((name) => name.toWellFormed?.() ?? name.replaceAll(/\p{Cs}/gu, '')))
  const set = {
    names,
    points: Float64Array.from(cells.flatMap((row) => row.slice(0, names.length))),
    weights: Float64Array.from(cells, (row) => row[4]),
    rows: Uint32Array.from(cells, (row) => Math.abs(row[5])),
  }
  const facts = { order: 2, sourceWeight: null, dropMissing: false }
  const pieces = [...(await compressedPieces(format, set, facts))].map((piece) => Buffer.from(piece))
  const [weight, row] = ['weight', 'row'].map((name) => uniqueNames([...names, name]).at(-1))
  const columns = names.map((name, i) => [name, cells.map((cell) => cell[i])])
  return { bytes: Buffer.concat(pieces), columns, weight, row, set }
}

function expectedBack({ columns, weight, row, set }, format) {
  if (format === 'npz' || format === 'safetensors') return Object.fromEntries(columns)
  const all = [...columns, [weight, [...set.weights]], [row, [...set.rows]]]
  return Object.fromEntries(format === 'npy' ? all.map(([, numbers], i) => [`c${i}`, numbers]) : all)
}

async function roundTrip(format, load) {
  if (!OUTPUTS.includes(format)) return []
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader(format, load, () => ({}))
  return [
    property(`what is written as ${format} reads back`, sets, async (given) => {
      const file = await written(load, given, format)
      expectColumns(await read(file.bytes), expectedBack(file, format))
    }),
  ]
}

/** Each format in a file without a known ending. JSON lines of one row are read as one JSON value. */
async function sniffed(load) {
  const { memorySource } = await load('bytes')
  const { readSource } = await load('read')
  return OUTPUTS.map((format) =>
    property(`${format} is recognised`, sets, async (given) => {
      if (format === 'json-lines' && given.cells.length === 1) return
      const file = await written(load, given, format)
      expectColumns(await readSource(memorySource('input', file.bytes)), expectedBack(file, format))
    }),
  )
}

// ---- files of other writers

const csvCell = fc.oneof(
  textNumber.map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((number) => number.toFixed(2)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number.toExponential()),
  fc.constantFrom('+1', '.5', '1.', '0001.50', '-0', '1E5'),
)
/** Names as people write them: texts, some of them with a delimiter or a quote. */
const csvName = fc
  .tuple(fc.constantFrom('x', 'width [mm]', 'a "b"', 'c,d', 'e;f', 'größe'), fc.nat(99))
  .map(([a, b]) => a + b)

async function csvAgrees(load, delimiters) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader(delimiters.length === 1 ? 'tsv' : 'csv', load, () => ({}))
  return [
    property(
      'a table of numbers reads as Papa Parse and Number read it',
      fc.constantFrom(...delimiters),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.uniqueArray(csvName, { minLength: 2, maxLength: 5 }),
      fc.array(fc.array(csvCell, { minLength: 5, maxLength: 5 }), { minLength: 2, maxLength: 12 }),
      async (delimiter, newline, quotes, names, cells) => {
        const rows = cells.map((row) => row.slice(0, names.length))
        const text = Papa.unparse([names, ...rows], { delimiter, newline, quotes })
        const [head, ...parsed] = Papa.parse(text, { delimiter, newline }).data
        const expected = head.map((name, i) => [name, parsed.map((row) => Number(row[i]))])
        expectColumns(await read(Buffer.from(text)), Object.fromEntries(expected))
      },
    ),
  ]
}

async function jsonAgrees(load, target) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader(target, load, () => ({}))
  const join = target === 'json' ? (rows) => `[${rows.join(',')}]` : (rows) => rows.join('\n')
  const cell = fc.oneof({ arbitrary: textNumber, weight: 5 }, fc.constant(null))
  return [
    property(
      'rows that are objects read as JSON.parse reads them',
      fc.array(fc.dictionary(fc.constantFrom('x', 'y', 'z', 'weight'), cell), { minLength: 1, maxLength: 12 }),
      async (rows) => {
        const text = join(rows.map((row) => JSON.stringify(row)))
        const parsed = JSON.parse(`[${rows.map((row) => JSON.stringify(row)).join(',')}]`)
        const names = [...new Set(parsed.flatMap(Object.keys))]
        if (names.length === 0) return
        const expected = names.map((name) => [name, parsed.map((row) => row[name] ?? Number.NaN)])
        expectColumns(await read(Buffer.from(text)), Object.fromEntries(expected))
      },
    ),
    property(
      'rows that are arrays read as JSON.parse reads them',
      fc
        .nat(4)
        .chain((width) => fc.array(fc.array(cell, { minLength: width + 1, maxLength: width + 1 }), { minLength: 1 })),
      async (rows) => {
        const text = join(rows.map((row) => JSON.stringify(row)))
        const expected = rows[0].map((_, i) => [
          `c${i}`,
          rows.map((row) => JSON.parse(JSON.stringify(row[i])) ?? Number.NaN),
        ])
        expectColumns(await read(Buffer.from(text)), Object.fromEntries(expected))
      },
    ),
  ]
}

// Element types by NumPy's code: the bytes of one element, its setter, and the float64 that it becomes.
const ELEMENTS = {
  f8: { size: 8, set: 'setFloat64', get: 'getFloat64' },
  f4: { size: 4, set: 'setFloat32', get: 'getFloat32' },
  i8: { size: 8, set: 'setBigInt64', get: 'getBigInt64' },
  u8: { size: 8, set: 'setBigUint64', get: 'getBigUint64' },
  i4: { size: 4, set: 'setInt32', get: 'getInt32' },
  u4: { size: 4, set: 'setUint32', get: 'getUint32' },
  i2: { size: 2, set: 'setInt16', get: 'getInt16' },
  u2: { size: 2, set: 'setUint16', get: 'getUint16' },
  i1: { size: 1, set: 'setInt8', get: 'getInt8' },
  u1: { size: 1, set: 'setUint8', get: 'getUint8' },
}
const CODES = Object.keys(ELEMENTS)

/** Puts a number into a view and returns the number that it then holds. 64-bit numbers stay within those of float64. */
function put(view, code, at, value, isLittle) {
  const { set, get, size } = ELEMENTS[code]
  const isBig = size === 8 && code !== 'f8'
  const bounded = Math.trunc(Math.max(code === 'u8' ? 0 : -1e15, Math.min(1e15, value)))
  view[set](at, isBig ? BigInt(bounded) : value, isLittle)
  return Number(view[get](at, isLittle))
}

const arrays = fc.record({
  code: fc.constantFrom(...CODES),
  isLittle: fc.boolean(),
  fortran: fc.boolean(),
  version: fc.constantFrom(1, 2, 3),
  width: fc.integer({ min: 0, max: 3 }),
  values: fc.array(finite, { minLength: 3, maxLength: 24 }),
})

/** An NPY file, by NumPy's description of the format. Width 0: an array of one dimension. */
function npyFile({ code, isLittle, fortran, version, width, values }) {
  const columns = Math.max(width, 1)
  const rows = Math.floor(values.length / columns)
  const shape = width === 0 ? `${rows},` : `${rows}, ${width}`
  const mark = ELEMENTS[code].size === 1 ? '|' : isLittle ? '<' : '>'
  const order = fortran ? 'True' : 'False'
  const literal = `{'descr': '${mark}${code}', 'fortran_order': ${order}, 'shape': (${shape}), }`
  const start = version === 1 ? 10 : 12
  const header = `${literal.padEnd(Math.ceil((start + literal.length + 1) / 64) * 64 - start - 1)}\n`
  const length = Buffer.alloc(start - 8)
  if (version === 1) length.writeUInt16LE(header.length)
  else length.writeUInt32LE(header.length)
  const body = Buffer.alloc(rows * columns * ELEMENTS[code].size)
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const expected = {}
  for (let column = 0; column < columns; column++) {
    expected[`c${column}`] = Array.from({ length: rows }, (_, row) => {
      const element = fortran ? column * rows + row : row * columns + column
      return put(view, code, element * ELEMENTS[code].size, values[row * columns + column], isLittle)
    })
  }
  return {
    bytes: Buffer.concat([
      Buffer.from('\x93NUMPY', 'latin1'),
      Buffer.of(version, 0),
      length,
      Buffer.from(header),
      body,
    ]),
    expected,
  }
}

async function npyAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('npy', load, () => ({}))
  return [
    property('an array of any type and order', arrays, async (given) => {
      const { bytes, expected } = npyFile(given)
      expectColumns(await read(bytes), expected)
    }),
  ]
}

async function npzAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('npz', load, () => ({}))
  const lists = fc.array(arrays, { minLength: 1, maxLength: 4 })
  return [
    property('columns of one length', lists, fc.boolean(), async (given, packed) => {
      const files = given.map((one) => npyFile({ ...one, width: 0, values: one.values.slice(0, 3) }))
      const entries = files.map(({ bytes }, i) => ({ name: `x${i}.npy`, content: bytes }))
      const expected = files.map((file, i) => [`x${i}`, file.expected.c0])
      expectColumns(await read(zip(entries, packed)), Object.fromEntries(expected))
    }),
    property('one array of two sides', arrays, fc.boolean(), async (given, packed) => {
      const { bytes, expected } = npyFile({ ...given, width: Math.max(given.width, 1) })
      expectColumns(await read(zip([{ name: 'arr_0.npy', content: bytes }], packed)), expected)
    }),
  ]
}

const TENSORS = { F64: Float64Array, F32: Float32Array, I32: Int32Array, I16: Int16Array, U8: Uint8Array }

async function safetensorsAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('safetensors', load, () => ({}))
  const shape = fc.record({ rows: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 3 }) })
  const values = fc.array(finite, { minLength: 12, maxLength: 12 })
  const tensors = fc.array(fc.record({ dtype: fc.constantFrom(...Object.keys(TENSORS)), values }), {
    minLength: 1,
    maxLength: 4,
  })
  return [
    property('tensors of any type, side by side', shape, tensors, async ({ rows, width }, given) => {
      const [header, pieces, expected] = [{}, [], {}]
      let at = 0
      for (const [i, { dtype, values }] of given.entries()) {
        const numbers = TENSORS[dtype].from(values.slice(0, rows * width))
        pieces.push(Buffer.from(numbers.buffer))
        header[`t${i}`] = { dtype, shape: [rows, width], data_offsets: [at, at + numbers.byteLength] }
        at += numbers.byteLength
        for (let a = 0; a < width; a++) expected[`t${i}.${a}`] = [...numbers].filter((_, j) => j % width === a)
      }
      const head = safetensorsFile(header, 0)
      expectColumns(await read(Buffer.concat([head, ...pieces])), expected)
    }),
  ]
}

const safeInteger = fc.maxSafeInteger()
const PARQUET = {
  DOUBLE: { values: finite, encodings: ['PLAIN', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT'], as: (value) => value },
  FLOAT: { values: finite, encodings: ['PLAIN', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT'], as: Math.fround },
  INT32: {
    values: fc.integer(),
    encodings: ['PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'],
    as: (value) => value,
  },
  INT64: { values: safeInteger, encodings: ['PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED'], as: BigInt },
}
const parquetColumn = fc.constantFrom(...Object.keys(PARQUET)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    nullable: fc.boolean(),
    encoding: fc.constantFrom(undefined, ...PARQUET[type].encodings),
    codec: fc.constantFrom('SNAPPY', 'UNCOMPRESSED'),
    data: fc.array(fc.oneof({ arbitrary: PARQUET[type].values, weight: 4 }, fc.constant(null)), {
      minLength: 40,
      maxLength: 40,
    }),
    repeats: fc.integer({ min: 1, max: 40 }),
  }),
)

async function parquetAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('parquet', load, () => ({}))
  return [
    property(
      'any schema of numbers that hyparquet-writer writes',
      fc.array(parquetColumn, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 7, 16),
      fc.constantFrom(undefined, 64),
      async (columns, rows, rowGroupSize, pageSize) => {
        const expected = {}
        const columnData = columns.map(({ type, nullable, encoding, codec, data, repeats }, i) => {
          const { as } = PARQUET[type]
          const repeated = Array.from({ length: rows }, (_, row) => data[row % repeats])
          const values = nullable ? repeated : repeated.map((value) => value ?? 0)
          // The dictionaries of hyparquet-writer treat -0 as 0.
          const isPlain = encoding === 'PLAIN' || encoding === 'BYTE_STREAM_SPLIT'
          const zero = (value) => (isPlain || value !== 0 ? value : 0)
          const written = values.map((value) => (value === null ? null : zero(as(value))))
          expected[`x${i}`] = written.map((value) => (value === null ? Number.NaN : Number(value)))
          return { name: `x${i}`, type, nullable, encoding, codec, data: written }
        })
        const bytes = parquetWriteBuffer({ columnData, rowGroupSize, pageSize })
        expectColumns(await read(Buffer.from(bytes)), expected)
      },
    ),
  ]
}

const ARROW = {
  float64: { type: float64, values: finite, as: (value) => value },
  float32: { type: float32, values: finite, as: Math.fround },
  int8: { type: int8, values: fc.integer({ min: -128, max: 127 }), as: (value) => value },
  int16: { type: int16, values: fc.integer({ min: -32768, max: 32767 }), as: (value) => value },
  int32: { type: int32, values: fc.integer(), as: (value) => value },
  int64: { type: int64, values: safeInteger, as: BigInt },
  uint8: { type: uint8, values: fc.integer({ min: 0, max: 255 }), as: (value) => value },
  uint16: { type: uint16, values: fc.integer({ min: 0, max: 65535 }), as: (value) => value },
  uint32: { type: uint32, values: fc.integer({ min: 0, max: 2 ** 32 - 1 }), as: (value) => value },
}
const arrowColumn = fc.constantFrom(...Object.keys(ARROW)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    data: fc.array(fc.oneof({ arbitrary: ARROW[type].values, weight: 4 }, fc.constant(null)), {
      minLength: 30,
      maxLength: 30,
    }),
  }),
)

async function arrowAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('arrow', load, () => ({}))
  return [
    property(
      'any schema of numbers that flechette writes',
      fc.array(arrowColumn, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom('file', 'stream'),
      async (columns, rows, maxBatchRows, format) => {
        const [data, types, expected] = [{}, {}, {}]
        for (const [i, { type, data: all }] of columns.entries()) {
          const written = all.slice(0, rows).map((value) => (value === null ? null : ARROW[type].as(value)))
          data[`x${i}`] = written
          types[`x${i}`] = ARROW[type].type()
          expected[`x${i}`] = written.map((value) => (value === null ? Number.NaN : Number(value)))
        }
        const table = tableFromArrays(data, { types, maxBatchRows })
        expectColumns(await read(Buffer.from(tableToIPC(table, { format }))), expected)
      },
    ),
  ]
}

const pcdField = fc.record({
  code: fc.constantFrom(...CODES),
  count: fc.integer({ min: 1, max: 3 }),
  padding: fc.boolean(),
  values: fc.array(textNumber, { minLength: 1, maxLength: 5 }),
})

/** A PCD file, by the description of its format. When packed, all numbers of a field stand together, point by point. */
function pcdFile(fields, points, data) {
  const expected = {}
  const blocks = fields.map(({ code, count, padding, values }, i) => {
    const { size } = ELEMENTS[code]
    const block = Buffer.alloc(points * count * size)
    const view = new DataView(block.buffer, block.byteOffset, block.length)
    const numbers = Array.from({ length: points * count }, (_, j) =>
      put(view, code, j * size, values[j % values.length], true),
    )
    for (let j = 0; j < count && !padding; j++) {
      const name = count === 1 ? `x${i}` : `x${i}_${j}`
      expected[name] = Array.from({ length: points }, (_, point) => numbers[point * count + j])
    }
    return { block, numbers, stride: count * size, count, code, name: padding ? '_' : `x${i}` }
  })
  const list = (of) => blocks.map(of).join(' ')
  const head =
    `# .PCD v0.7\nVERSION 0.7\nFIELDS ${list(({ name }) => name)}\nSIZE ${list(({ code }) => code[1])}\n` +
    `TYPE ${list(({ code }) => code[0].toUpperCase())}\nCOUNT ${list(({ count }) => count)}\nWIDTH ${points}\nHEIGHT 1\n` +
    `VIEWPOINT 0 0 0 1 0 0 0\nPOINTS ${points}\nDATA ${data}\n`
  let body = Buffer.concat(blocks.map(({ block }) => block))
  if (data === 'binary_compressed') {
    const packed = lzf(body)
    const sizes = Buffer.alloc(8)
    sizes.writeUInt32LE(packed.length, 0)
    sizes.writeUInt32LE(body.length, 4)
    body = Buffer.concat([sizes, packed])
  } else {
    const rows = Array.from({ length: points }, (_, point) =>
      data === 'binary'
        ? Buffer.concat(blocks.map(({ block, stride }) => block.subarray(point * stride, (point + 1) * stride)))
        : blocks
            .flatMap(({ numbers, count }) => numbers.slice(point * count, (point + 1) * count).map(textOf))
            .join(' '),
    )
    body = data === 'binary' ? Buffer.concat(rows) : Buffer.from(`${rows.join('\n')}\n`)
  }
  return { bytes: Buffer.concat([Buffer.from(head), body]), expected }
}
const textOf = (number) => (Object.is(number, -0) ? '-0' : String(number).toLowerCase())

async function pcdAgrees(load) {
  const { makeReader } = await import('./readers.mjs')
  const read = await makeReader('pcd', load, () => ({}))
  return ['ascii', 'binary', 'binary_compressed'].map((data) =>
    property(
      `any fields, ${data}`,
      fc.array(pcdField, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 6 }),
      async (fields, points) => {
        if (fields.every(({ padding }) => padding)) return
        const { bytes, expected } = pcdFile(fields, points, data)
        expectColumns(await read(bytes), expected)
      },
    ),
  )
}

const OTHERS = {
  csv: (load) => csvAgrees(load, [',', ';', '\t', '|']),
  'csv-options': async () => [],
  tsv: (load) => csvAgrees(load, ['\t']),
  json: (load) => jsonAgrees(load, 'json'),
  'json-lines': (load) => jsonAgrees(load, 'json-lines'),
  npy: npyAgrees,
  npz: npzAgrees,
  parquet: parquetAgrees,
  arrow: arrowAgrees,
  pcd: pcdAgrees,
  safetensors: safetensorsAgrees,
}
