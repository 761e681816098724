// Small files for the tests of the readers: a folder to write files to, and some files of other programs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { readTable } from '../lib/io/read.js'
import type { Column, ReadOptions, Table } from '../lib/io/table.js'

export interface Folder {
  path(name: string): string
  /** Writes a file there. Returns its path. */
  write(name: string, content: string | Uint8Array): string
}

/** A folder for the calling test file, which is removed after its tests. */
export function temporaryFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const path = (name: string) => join(folder, name)
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), content)
      return path(name)
    },
  }
}

export async function readValues(path: string, options?: ReadOptions): Promise<Record<string, number[]>> {
  return values(await readTable(path, options))
}

/** The numbers of all columns of numbers. */
export function values(table: Table): Record<string, number[]> {
  const numeric = table.columns.filter((column) => column.values !== undefined)
  return Object.fromEntries(numeric.map((column) => [column.name, [...(column.values as Float64Array)]]))
}

export function column(table: Table, name: string): Column {
  const found = table.columns.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no column ${name}`)
  return found
}

/**
 * Written by pyarrow 25 and NumPy 2.4. 40 rows: x = (k mod 4) / 8; i = k (int64); n = k / 2 but null in row 5; s = a, b, a,
 * ...; in batches or row groups of 25. The NPZ has points = [[0, 1], [2, 3], [4, 5]] / 8, weights = [1, 2, 0.5] and the
 * names u and größe.
 */
export const foreign = {
  arrowLz4: seed('arrow/pyarrow-lz4.arrows'),
  arrowZstd: seed('arrow/pyarrow-zstd.arrows'),
  parquetZstd: seed('parquet/pyarrow-zstd.parquet'),
  npzDeflated: seed('npz/numpy-deflated.npz'),
}

function seed(path: string): Buffer {
  return readFileSync(new URL(`./fuzz/seeds/${path}`, import.meta.url))
}
