// A build goes on in a folder that was moved or copied.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { removeForeignBuild } from '../native/moved.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fewpoints-moved-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A clone whose CMake project does nothing. */
function clone(name: string): { source: string; build: string } {
  const [source, build] = [join(folder, name, 'native'), join(folder, name, 'build')]
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'CMakeLists.txt'), 'cmake_minimum_required(VERSION 3.18)\nproject(nothing NONE)\n')
  return { source, build }
}

const configure = ({ source, build }: { source: string; build: string }) =>
  execFileSync('cmake', ['-S', source, '-B', build], { stdio: 'pipe' })

describe('a build folder', () => {
  it('stays where it was made, and where there is none', () => {
    const here = clone('here')
    expect(removeForeignBuild(here.build, here.source)).toBeUndefined()
    configure(here)
    expect(removeForeignBuild(here.build, here.source)).toBeUndefined()
    expect(existsSync(join(here.build, 'CMakeCache.txt'))).toBe(true)
  })

  it.each(['moved', 'copied'] as const)('is made anew in a clone that was %s', (how) => {
    const before = clone('before')
    configure(before)
    const [from, to] = [join(folder, 'before'), join(folder, 'after')]
    if (how === 'moved') renameSync(from, to)
    else cpSync(from, to, { recursive: true })
    const after = { source: join(to, 'native'), build: join(to, 'build') }
    expect(() => configure(after)).toThrow(/CMakeCache.txt directory .* is different/)
    expect(removeForeignBuild(after.build, after.source)).toBe(before.source)
    expect(existsSync(after.build)).toBe(false)
    configure(after)
    if (how === 'copied') expect(removeForeignBuild(before.build, before.source)).toBeUndefined()
  })

  it('is made anew when its cache says nothing', () => {
    const here = clone('here')
    mkdirSync(here.build)
    writeFileSync(join(here.build, 'CMakeCache.txt'), '')
    expect(removeForeignBuild(here.build, here.source)).toBe('another folder')
  })
})
