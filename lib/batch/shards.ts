// From the inputs as a user names them to the shards of a plan.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { fileError, systemError } from '../io/bytes.js'
import { openRows } from '../io/rows.js'
import { isRemote, localPath, type PlanOptions, type Shard } from './plan.js'

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
 * The shards of these inputs, in their sequence; the files of a pattern by name. The first file also tells the columns and
 * the weights where they are not given, so that all tasks take the same. Throws Error ERR_FILE.
 */
export async function shardsOf(
  inputs: readonly string[],
  queries: readonly string[],
  options: ShardOptions,
): Promise<{ shards: Shard[]; read: PlanOptions['read'] }> {
  const shards: Shard[] = []
  let { read } = options
  for (const input of inputs) {
    if (isRemote(input)) shards.push({ uri: input })
    else {
      for (const path of await matches(localPath(input))) {
        const isFirst = shards.length === 0 && read.columns === undefined
        if (isFirst) read = await withColumns(path, read, options.signal)
        shards.push(...(await shardsOfFile(path, { ...options, read })))
      }
    }
  }
  for (const sql of queries) shards.push({ sql })
  return { shards, read }
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
    const { size, mtime } = await stat(path)
    return hash ? { bytes: size, sha256: await hashOf(path) } : { bytes: size, modified: mtime.toISOString() }
  } catch (error) {
    throw systemError(path, error)
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

/** The files of a pattern with * and ?, sorted by name; a path without them is itself. */
async function matches(pattern: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return [pattern]
  const found = await filesOf(pattern)
  if (found.length === 0) throw fileError(pattern, 'no file has a name like this')
  return found.sort()
}

async function filesOf(pattern: string): Promise<string[]> {
  const folders = /[*?]/.test(dirname(pattern)) ? await filesOf(dirname(pattern)) : [dirname(pattern)]
  const last = pattern.slice(pattern.lastIndexOf('/') + 1)
  const wanted = new RegExp(
    `^${last
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  )
  const names = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder).catch((): string[] => [])
      const found = entries.filter((name) => wanted.test(name) && (!name.startsWith('.') || last.startsWith('.')))
      return found.map((name) => (folder === '.' && !pattern.startsWith('./') ? name : join(folder, name)))
    }),
  )
  return names.flat()
}
