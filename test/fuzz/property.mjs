// The property of a reader on any bytes: it gives a whole table or an error with a code, soon, in memory bounded by the
// input.

const CODES = new Set(['ERR_FILE', 'ERR_MEMORY', 'ERR_SHAPE'])
const LONGEST = 1000 // ms
const SLACK = 64 << 20
const RATIO = 200

/** @typedef {{ signature: string, message: string }} Finding */

/**
 * Reads the bytes. Returns the fault, or undefined. The same kind of fault has the same `signature`. `meter` measures
 * memory (see meter.mjs); without it, memory is not checked.
 */
export async function examine(read, bytes, meter) {
  meter?.begin()
  const start = performance.now()
  const wrong = await outcome(read, bytes)
  const time = performance.now() - start
  const used = meter?.end(time)
  if (wrong !== undefined) return wrong
  // Reads again, for the machine may have been busy: a slow input takes this much time of the processor.
  if (time > LONGEST) {
    const before = process.cpuUsage()
    await outcome(read, bytes)
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1000 > LONGEST) return finding('slow', `${(user + system) / 1000} ms`)
  }
  if (used === undefined) return undefined
  const { arrays, memory } = used
  const bound = RATIO * bytes.length + SLACK
  if (arrays > bound) return finding('arrays', `${arrays} bytes of arrays for ${bytes.length} bytes`)
  if (memory > bound) return finding('memory', `${memory} bytes of memory for ${bytes.length} bytes`)
  return undefined
}

async function outcome(read, bytes) {
  let table
  try {
    table = await read(bytes)
  } catch (error) {
    if (!(error instanceof Error)) return finding('not an Error', String(error))
    if (!CODES.has(error.code)) return finding(`${error.name} ${place(error)}`, `${error.stack}`)
    // Messages of libraries about a damaged file are passed on as they are.
    const isOwn = error.cause === undefined
    if (error.message === '' || (isOwn && error.message.includes('undefined'))) {
      return finding(`message ${place(error)}`, `an empty place in the message: ${error.message}`)
    }
    return undefined
  }
  const wrong = tableFault(table)
  return wrong === undefined ? undefined : finding(wrong.replaceAll(/'.*?'|\d+/g, ''), wrong)
}

/** The first contradiction in a table, or undefined. */
export function tableFault({ rows, columns }) {
  if (!Number.isSafeInteger(rows) || rows < 1) return `${rows} rows`
  if (columns.length === 0) return 'no columns'
  const names = new Set()
  for (const column of columns) {
    const { name, kind, values, missing, texts, notFinite, trouble, text } = column
    if (typeof name !== 'string' || names.has(name)) return `the name '${name}' twice`
    names.add(name)
    if ((kind === 'number') !== (values !== undefined)) return `kind ${kind} and values ${typeof values}`
    if (values === undefined) continue
    if (!(values instanceof Float64Array)) return `values that are not float64`
    if (values.length !== rows) return `column '${name}' has ${values.length} values in ${rows} rows`
    let others = 0
    for (const value of values) if (value - value !== 0) others++
    if (others !== missing + texts + notFinite) {
      return `column '${name}' has ${others} values that are not finite, but counts ${missing} + ${texts} + ${notFinite}`
    }
    if ((trouble === undefined) !== (others === 0)) return `column '${name}' with trouble ${trouble?.kind} of ${others}`
    if ((text === undefined) !== (texts === 0)) return `column '${name}' with text ${text?.kind} of ${texts}`
    for (const at of [trouble, text]) {
      if (at !== undefined && Number.isFinite(values[at.row])) return `column '${name}' has a number where trouble is`
    }
    const first = values.findIndex((value) => value - value !== 0)
    if (trouble !== undefined && trouble.row !== first) return `column '${name}' has its first trouble elsewhere`
  }
  return undefined
}

function finding(signature, message) {
  return { signature, message }
}

/** The function that threw, without its line, which changes. */
function place({ stack = '' }) {
  return /\n\s+at (?:async )?([\w.#$<>]+)/.exec(stack)?.[1] ?? 'somewhere'
}
