// Writes the results, always as whole files, and keeps the measurements of a run that was killed.
//   NAME.json              the record: machine, versions, commit, options, seed, results
//   NAME.csv               one line per measurement, if the benchmark defines it
//   NAME-*.svg, NAME-*.png its figures
//   NAME.unfinished.jsonl  of a run that is under way or was killed: a line with the settings, then one line per case
//                          that is done
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Papa from 'papaparse'
import { render } from '../demo/render.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export const RESULTS = join(ROOT, 'bench', 'results')

/** Writes the record, its table and its figures. Makes `folder` if needed. Returns the names of the files. */
export async function writeResults(folder, record, table) {
  const stem = stemOf(folder, record.name, record.options.small)
  const files = [writeWhole(`${stem}.json`, `${JSON.stringify(record, null, 1)}\n`)]
  if (table !== undefined) files.push(writeWhole(`${stem}.csv`, `${Papa.unparse(table, { newline: '\n' })}\n`))
  for (const { files: drawn } of await drawFigures(folder, record)) files.push(...drawn)
  rmSync(`${stem}.unfinished.jsonl`, { force: true })
  return files.map((file) => basename(file))
}

/** Draws the figures of a record beside it; most benchmarks have none. Returns titles, captions, SVG and the files. */
export async function drawFigures(folder, record) {
  const stem = stemOf(folder, record.name, record.options.small)
  const drawn = []
  for (const { id, title, caption, specification } of await figuresOf(record)) {
    const { svg, png } = await render(specification)
    const files = [writeWhole(`${stem}-${id}.svg`, svg), writeWhole(`${stem}-${id}.png`, png)]
    drawn.push({ title, caption, svg, files })
  }
  return drawn
}

async function figuresOf(record) {
  if (!existsSync(new URL(`figures/${record.name}.mjs`, import.meta.url))) return []
  const { figures } = await import(`./figures/${record.name}.mjs`)
  return figures(record)
}

/** Writes a file under a temporary name, then renames it. */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, content)
  renameSync(temporary, file)
  return file
}

/** The measurements of a run so far. When `folder` is undefined, nothing is stored or read. */
export class Unfinished {
  #file
  #done = new Map()

  /** Continues with the file that a run of the same `settings` has left; otherwise begins a new one. */
  constructor(folder, name, settings) {
    if (folder === undefined) return
    this.#file = `${stemOf(folder, name, settings.small)}.unfinished.jsonl`
    const head = JSON.stringify({ ...settings, program: programHash() })
    const [first, ...lines] = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n') : []
    if (first !== head) {
      writeWhole(this.#file, `${head}\n`)
      return
    }
    // The text after the last line end was being written when the run was killed.
    const whole = lines.slice(0, -1)
    writeWhole(this.#file, [first, ...whole, ''].join('\n'))
    for (const line of whole) {
      const { parameters, result } = JSON.parse(line)
      this.#done.set(JSON.stringify(parameters), result)
    }
  }

  get(parameters) {
    return this.#done.get(JSON.stringify(parameters))
  }

  set(parameters, result) {
    this.#done.set(JSON.stringify(parameters), result)
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify({ parameters, result })}\n`)
  }
}

function stemOf(folder, name, small) {
  return join(folder, small ? `${name}.small` : name)
}

/** A hash of the code that measurements depend on: the addon, the compiled library, the benchmarks without figures. */
function programHash() {
  const folders = ['build/Release', 'prebuilds', 'dist', 'bench', 'bench/cases']
  const files = folders.flatMap((folder) => {
    const path = join(ROOT, folder)
    if (!existsSync(path)) return []
    return readdirSync(path, { recursive: !folder.startsWith('bench') }).map((name) => join(path, name))
  })
  const hash = createHash('sha256')
  for (const file of files.filter((name) => /\.(node|m?js)$/.test(name)).sort()) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
