// From the inputs as a user names them to the shards of a plan.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { fileError, isSystemError, systemError } from '../io/bytes.js'
import { openRows } from '../io/rows.js'
import { isRemote, type PlanOptions, type Shard } from './plan.js'

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
 * and the weights where they are not given, so that all tasks take the same. Throws Error ERR_FILE.
 */
export async function shardsOf(
  inputs: readonly string[],
  queries: readonly string[],
  options: ShardOptions,
): Promise<{ shards: Shard[]; read: PlanOptions['read'] }> {
  const first = inputs.find((input) => !isRemote(input))
  const read =
    first === undefined || options.read.columns !== undefined
      ? options.read
      : await withColumns(first, options.read, options.signal)
  const shards: Shard[] = []
  for (const input of inputs) {
    if (isRemote(input)) shards.push({ uri: input })
    else shards.push(...(await shardsOfFile(input, { ...options, read })))
  }
  return { shards: [...shards, ...queries.map((sql) => ({ sql }))], read }
}

async function withColumns(path: string, read: PlanOptions['read'], signal: AbortSignal): Promise<PlanOptions['read']> {
  const rows = await openRows(path, { ...read, signal })
  await rows.close()
  return { ...read, columns: rows.names, weights: rows.weightColumn ?? undefined }
}

async function shardsOfFile(path: string, options: ShardOptions): Promise<Shard[]> {
  const { read, shardRows, folder, signal } = options
  const file = {
    uri: isAbsolute(path) ? path : relative(folder, resolve(path)),
    ...(await factsOf(path, options.hash)),
  }
  if (shardRows === undefined) return [file]
  const opened = await openRows(path, { ...read, signal })
  await opened.close()
  const { rows } = opened
  if (rows === undefined || rows <= shardRows) return [file]
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
  if (facts.bytes !== bytes || facts.modified !== modified || facts.sha256 !== sha256)
    throw fileError(uri, 'has changed since the plan was made; make it again with fewpoints plan')
}

async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256')
  for await (const piece of createReadStream(path)) sum.update(piece)
  return sum.digest('hex')
}
