// From the inputs as a user names them to the shards of a plan.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { plainError } from '../errors.js'
import { fileError, isSystemError, systemError } from '../io/bytes.js'
import { openRows, type Rows } from '../io/rows.js'
import { andMore, isEmptyInput } from './failure.js'
import { isRemote, type OpenPlan, type PlanOptions, type Shard } from './plan.js'
import { checkQueries } from './queries.js'

export interface ShardOptions {
  read: PlanOptions['read']
  /** Files whose format tells their rows are cut into pieces of so many. Default: a file is one shard. */
  shardRows?: number | undefined
  /** Whether to record a hash of each file's content in place of its time of change. */
  hash: boolean
  /** The folder of the plan. Paths that are not absolute become relative to it. */
  folder: string
  signal: AbortSignal
}

/**
 * The shards of these files and addresses, in their sequence, then those of the queries. The first file also tells the columns
 * and the weights where they are not given, so that all tasks take the same. All files and queries are looked at. Throws
 * Error ERR_FILE, or ERR_OPTION for columns that a file lacks.
 */
export async function shardsOf(
  inputs: readonly string[],
  queries: readonly string[],
  options: ShardOptions,
): Promise<{ shards: Shard[]; read: PlanOptions['read']; notes: string[] }> {
  let { read } = options
  const shards: Shard[] = []
  const uncut: string[] = []
  for (const input of inputs) {
    if (isRemote(input)) {
      shards.push({ uri: input })
      continue
    }
    const facts = await factsOf(input, options.hash)
    const opened = await look(input, read, options.signal)
    // A file without rows tells nothing.
    if (opened !== undefined && read.columns === undefined)
      read = { ...read, columns: opened.names, weights: opened.weightColumn ?? undefined }
    if (opened !== undefined && opened.rows === undefined) uncut.push(input)
    shards.push(...shardsOfFile(input, facts, opened?.rows, options))
  }
  await checkQueries(queries, read, options.signal)
  const notes =
    options.shardRows === undefined || uncut.length === 0
      ? []
      : [
          `--shard-rows does not cut ${andMore(uncut[0], uncut.length)}: only NPY and Parquet tell how many rows there are`,
        ]
  return { shards: [...shards, ...queries.map((sql) => ({ sql }))], read, notes }
}

/** Opens and closes it. Undefined when it has no rows. */
async function look(path: string, read: PlanOptions['read'], signal: AbortSignal): Promise<Rows | undefined> {
  try {
    const rows = await openRows(path, { ...read, signal })
    await rows.close()
    return rows
  } catch (error) {
    if (isEmptyInput(error, read.dropMissing)) return undefined
    throw error
  }
}

function shardsOfFile(path: string, facts: Shard, rows: number | undefined, options: ShardOptions): Shard[] {
  const { shardRows, folder } = options
  const file = { uri: isAbsolute(path) ? path : relative(folder, resolve(path)), ...facts }
  if (shardRows === undefined || rows === undefined || rows <= shardRows) return [file]
  const count = Math.ceil(rows / shardRows)
  return Array.from({ length: count }, (_, i): Shard => {
    const [first, end] = [i, i + 1].map((piece) => Math.floor((piece * rows) / count))
    return { ...file, rows: [first, end] }
  })
}

/** What tells whether a file is still the same. */
async function factsOf(path: string, hash: boolean): Promise<Pick<Shard, 'bytes' | 'modified' | 'sha256'>> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw fileError(path, 'is not a regular file; a shard may be read several times')
    const { size, mtime } = found
    return hash ? { bytes: size, sha256: await hashOf(path) } : { bytes: size, modified: mtime.toISOString() }
  } catch (error) {
    throw isSystemError(error) ? systemError(path, error) : error
  }
}

/** Throws Error ERR_FILE when the file of a shard is not the one of the plan. */
export async function checkUnchanged({ uri, bytes, modified, sha256 }: Shard): Promise<void> {
  if (uri === undefined || bytes === undefined) return
  const facts = await factsOf(uri, sha256 !== undefined)
  const isSame = (a: string | undefined, b: string | undefined) => b === undefined || a === b
  if (facts.bytes !== bytes || !isSame(facts.modified, modified) || !isSame(facts.sha256, sha256))
    throw fileError(uri, 'has changed since the plan was made; make it again with fewpoints plan')
}

/**
 * Looks at the files of the shards that these tasks read, without their content. Throws Error ERR_FILE with the first that is
 * missing or has changed, and how many there are besides.
 */
export async function checkShards(plan: OpenPlan, tasks: Iterable<number>): Promise<void> {
  const files = new Map<string, Shard>()
  for (const number of tasks) {
    const { level, index } = plan.tasks[number]
    const { uri } = plan.shards[index]
    if (level === 0 && uri !== undefined && !isRemote(uri)) files.set(uri, plan.shards[index])
  }
  const failures: Error[] = []
  for (const { uri, bytes, modified } of files.values())
    await checkUnchanged({ uri, bytes, modified }).catch((error) => failures.push(error))
  if (failures.length === 0) return
  const [{ message, cause }] = failures
  throw plainError('ERR_FILE', andMore(message, failures.length), cause)
}

async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256')
  for await (const piece of createReadStream(path)) sum.update(piece)
  return sum.digest('hex')
}
