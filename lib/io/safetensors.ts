// safetensors, the files of weights of PyTorch, JAX and others: named tensors, which are columns side by side here.
import { type ByteSource, fileError } from './bytes.js'
import { META_KEY, metaFromText } from './meta.js'
import { MAX_COLUMNS, NUMBER_TYPES, type NumberType, readMatrix } from './npy.js'
import { readSafetensorsHeader, type Tensor, type TensorToWrite } from './safetensors-header.js'
import { type Column, type ReadOptions, type Table, uniqueNames, unread } from './table.js'

const BFLOAT16: NumberType = { name: 'bfloat16', size: 2, decode: ({ buffer }) => fromUpperHalves(buffer) }

const TYPES: Record<string, NumberType> = {
  F64: NUMBER_TYPES.f8,
  F32: NUMBER_TYPES.f4,
  F16: NUMBER_TYPES.f2,
  BF16: BFLOAT16,
  I64: NUMBER_TYPES.i8,
  I32: NUMBER_TYPES.i4,
  I16: NUMBER_TYPES.i2,
  I8: NUMBER_TYPES.i1,
  U64: NUMBER_TYPES.u8,
  U32: NUMBER_TYPES.u4,
  U16: NUMBER_TYPES.u2,
  U8: NUMBER_TYPES.u1,
}

/** A bfloat16 has the upper 16 bits of a float32. */
function fromUpperHalves(buffer: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits * 2 ** 16).buffer)
}

/** A tensor of numbers as a matrix. */
interface Numbers extends Tensor {
  type: NumberType
  rows: number
  width: number
  /** One per column. */
  names: string[]
}

/**
 * Reads a safetensors file. A tensor of one dimension is a column with its name. One of more dimensions has a column for each
 * number of a row: name.0, name.1, ... Tensors of other kinds are listed and not read. All others must have the same first
 * dimension; with `options.columns`, those that have one of these columns. A tensor called `weights` must be weights: without
 * it all weights would be 1.
 *
 * Throws Error ERR_FILE or ERR_MEMORY.
 */
export async function readSafetensors(source: ByteSource, options: ReadOptions): Promise<Table> {
  const { path } = source
  const { tensors, metadata } = await readSafetensorsHeader(source)
  const text = metadata[META_KEY]
  const meta = typeof text === 'string' ? metaFromText(text) : undefined
  const all = matricesOf(path, tensors)
  const rows = commonRows(path, [...all.values()], options.columns)
  const weights = tensors.find(({ name }) => name === (meta?.weight ?? 'weights'))
  if (weights !== undefined) checkWeights(path, weights, all.get(weights), rows)

  const columns: Column[] = []
  const { signal } = options
  for (const [i, tensor] of tensors.entries()) {
    signal?.throwIfAborted()
    const matrix = all.get(tensor)
    if (matrix?.rows !== rows) columns.push(otherColumn(tensor))
    else {
      const place = { ...matrix, swapped: false, fortranOrder: false }
      columns.push(...(await readMatrix(source, place, matrix.names, { columns: options.columns, signal })))
    }
    options.onProgress?.(i + 1, tensors.length)
  }
  const weight = columns.find(({ name }) => name === weights?.name)
  const names = uniqueNames(columns.map(({ name }) => name))
  for (const [i, column] of columns.entries()) column.name = names[i]
  return {
    format: 'safetensors',
    rows,
    columns,
    named: true,
    meta,
    roles: meta ?? { weight: weight?.name, row: undefined },
  }
}

/** The tensors that have numbers, as matrices. */
function matricesOf(path: string, tensors: readonly Tensor[]): Map<Tensor, Numbers> {
  const all = new Map<Tensor, Numbers>()
  let width = 0
  for (const tensor of tensors) {
    const { name, dtype, shape, size } = tensor
    const [rows, ...inner] = shape
    if (!Object.hasOwn(TYPES, dtype) || rows === undefined) continue
    const type = TYPES[dtype]
    const own = inner.reduce((product, side) => product * side, 1)
    if (rows * own * type.size !== size)
      throw fileError(path, `has tensor '${name}' of shape (${shape.join(', ')}) and type ${dtype} in ${size} bytes`)
    if (size === 0) continue
    width += own
    if (width > MAX_COLUMNS) throw fileError(path, `has ${width} columns or more; ${MAX_COLUMNS} is the limit`)
    const names = inner.length === 0 ? [name] : Array.from({ length: own }, (_, i) => `${name}.${i}`)
    all.set(tensor, { ...tensor, type, rows, width: own, names })
  }
  return all
}

function commonRows(path: string, all: readonly Numbers[], wanted: readonly string[] | undefined): number {
  const asked = wanted && all.filter(({ names }) => names.some((name) => wanted.includes(name)))
  const some = asked && asked.length > 0 ? asked : all
  const [first] = some
  if (first === undefined) throw fileError(path, 'has no tensor of numbers')
  const other = some.find(({ rows }) => rows !== first.rows)
  if (other === undefined) return first.rows
  throw fileError(
    path,
    `has tensors of different length: '${first.name}' (${first.shape.join(', ')}) and '${other.name}' ` +
      `(${other.shape.join(', ')}); --columns chooses columns of some`,
  )
}

function checkWeights(path: string, tensor: Tensor, matrix: Numbers | undefined, rows: number): void {
  if (matrix !== undefined && matrix.rows === rows && tensor.shape.length === 1) return
  const what = `of type ${tensor.dtype} and shape (${tensor.shape.join(', ')})`
  throw fileError(path, `has '${tensor.name}' ${what}; ${rows} numbers in one dimension are expected`)
}

function otherColumn({ name, dtype, shape }: Tensor): Column {
  return { ...unread(name, `${dtype} (${shape.join(', ')})`), kind: 'other' }
}

// ---- writing

/**
 * Columns as tensors: those with the names name.0, name.1, ... side by side are one of two dimensions again, and any other
 * column is one of one dimension. Float32 where all its numbers are, as those of a float32 file are; else float64.
 */
export function tensorsOf(names: readonly string[], points: Float64Array, count: number): TensorToWrite[] {
  const width = names.length
  const taken = new Set(names)
  const tensors: TensorToWrite[] = []
  for (let begin = 0; begin < width; ) {
    const prefix = prefixOf(names[begin], taken)
    let end = begin + 1
    while (prefix !== undefined && end < width && names[end] === `${prefix}.${end - begin}`) end++
    taken.add(prefix ?? names[begin])
    const own = end - begin
    const first = begin
    const values = Float64Array.from(
      { length: count * own },
      (_, i) => points[Math.floor(i / own) * width + first + (i % own)],
    )
    const isSingle = values.every((value) => Math.fround(value) === value)
    tensors.push({
      name: prefix ?? names[begin],
      shape: prefix === undefined ? [count] : [count, own],
      values: isSingle ? Float32Array.from(values) : values,
    })
    begin = end
  }
  return tensors
}

/** The name of the tensor that begins with a column; undefined where the column is one of its own. */
function prefixOf(name: string, taken: ReadonlySet<string>): string | undefined {
  const [, prefix] = /^(.+)\.0$/s.exec(name) ?? []
  return prefix === undefined || taken.has(prefix) ? undefined : prefix
}
