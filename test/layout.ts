// Finds which files use which, and checks that this goes downwards only.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

/** Folders, or single files, that are independent of one another; each with its purpose in one line. */
export type Floor = Readonly<Record<string, string>>

/** Per file, the files that it includes or imports. Paths begin at the root of the repository. */
export type Uses = ReadonlyMap<string, readonly string[]>

export interface Plan {
  /** From the highest to the lowest. A file belongs to the longest of these paths that it lies in. */
  floors: readonly Floor[]
  /** Folders whose inner folders and files, as far as the floors name them, are used from inside the folder only. */
  closed?: readonly string[]
  /** Arrows that are allowed as exceptions, as 'from -> to'. */
  allowed?: readonly string[]
}

/** All faults of the arrows, one sentence per fault. */
export function faultsOf(uses: Uses, { floors, closed = [], allowed = [] }: Plan): string[] {
  const level = new Map(floors.flatMap((floor, i) => Object.keys(floor).map((place) => [place, i] as const)))
  const placeOf = (file: string) => {
    for (let path = file; path !== '.'; path = dirname(path)) if (level.has(path)) return path
    return undefined
  }
  const faults: string[] = []
  const counted = new Map<string, string[]>()
  for (const [from, targets] of uses) {
    const own = placeOf(from)
    if (own === undefined) faults.push(`${from} lies in no folder of the floors`)
    counted.set(
      from,
      targets.filter((to) => !allowed.includes(`${from} -> ${to}`)),
    )
    for (const to of counted.get(from) ?? []) {
      const other = placeOf(to)
      if (own === undefined || other === undefined || own === other) continue
      const [a, b] = [level.get(own) as number, level.get(other) as number]
      if (b < a) faults.push(`${from} -> ${to} runs up: ${other} stands above ${own}`)
      if (b === a) faults.push(`${from} -> ${to} joins two folders of one floor, ${own} and ${other}`)
      const door = closed.find((folder) => other.startsWith(`${folder}/`) && !from.startsWith(`${folder}/`))
      if (door !== undefined) faults.push(`${from} -> ${to} reaches into ${door}`)
    }
  }
  for (const arrow of allowed) {
    const [from, to] = arrow.split(' -> ')
    if (!uses.get(from)?.includes(to)) faults.push(`${arrow} is allowed and is not there`)
  }
  return [...faults, ...circlesOf(counted)]
}

/** One sentence per circle of files that a depth-first walk meets. */
export function circlesOf(uses: Uses): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string) => {
    const at = path.indexOf(file)
    if (at >= 0) circles.push(`${[...path.slice(at), file].join(' -> ')} is a circle`)
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const next of uses.get(file) ?? []) walk(next)
    path.pop()
    done.add(file)
  }
  for (const file of uses.keys()) walk(file)
  return circles
}

/**
 * The imports of TypeScript files from one another: import, export from, import(), by relative paths or by the names of
 * package.json, which stand for one file in Node and for another in a browser.
 */
export function importsOf(root: string, folder: string): Map<string, string[]> {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const targetsOf = (target: unknown): string[] =>
    typeof target === 'string' ? [target] : Object.values(Object(target)).flatMap(targetsOf)
  const sourcesOf = (name: string) =>
    targetsOf(imports?.[name])
      .map((path) => join(path).replace(/^dist/, folder).replace(/\.js$/, '.ts'))
      .filter((path) => existsSync(join(root, path)))
  return usesOf(root, [folder], /\.ts$/, (file, text) =>
    ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName }) => {
      if (fileName.startsWith('#')) return sourcesOf(fileName)
      return fileName.startsWith('.') ? [join(dirname(file), fileName).replace(/\.js$/, '.ts')] : []
    }),
  )
}

/** The files that C++ files include by #include "...". Each is searched for beside the file, then in `include`. */
export function includesOf(root: string, folders: readonly string[], include: string): Map<string, string[]> {
  return usesOf(root, folders, /\.[ch]pp$/, (file, text) =>
    [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map(([, name]) => {
      const beside = normalize(join(dirname(file), name))
      return existsSync(join(root, beside)) ? beside : join(include, name)
    }),
  )
}

function usesOf(
  root: string,
  folders: readonly string[],
  ending: RegExp,
  read: (file: string, text: string) => string[],
): Map<string, string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => ending.test(name))
      .map((name) => join(folder, name)),
  )
  return new Map(files.map((file) => [file, read(file, readFileSync(join(root, file), 'utf8'))]))
}
