// Checkpoints: a run that is killed goes on, and ends in the same bits.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { npyNumbers } from '../lib/io/npy.js'
import { fewpoints, fewpointsJson } from './cli-run.js'
import { fill, seeded } from './fixtures.js'
import { temporaryFolder } from './io-files.js'

const folder = temporaryFolder()
const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const random = seeded(9)
const HALF = 80_000
const inputs = [0, 1].map((part) =>
  folder.write(
    `part-${part}.npy`,
    npyNumbers(
      fill(2 * HALF, () => part + random.normal()),
      [HALF, 2],
    ),
  ),
)
const size = ['--order', 3, '--size', 300, '--columns', 'c0', '--keep-columns', 'c1']

function run(output: string, state: string, ...more: (string | number)[]): (string | number)[] {
  return ['compress', ...inputs, '-o', output, ...size, '--checkpoint', state, '--checkpoint-every', 0.001, ...more]
}

/** Starts the command and ends it after some time. Returns its exit code, or null when the signal ended it. */
async function ended(
  args: readonly (string | number)[],
  signal: NodeJS.Signals,
  after: number,
): Promise<number | null> {
  const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill(signal), after)
  const [code] = await once(child, 'exit')
  clearTimeout(timer)
  return code
}

const undisturbed = folder.path('undisturbed.csv')
const plain = fewpointsJson(['compress', ...inputs, '-o', undisturbed, ...size]).then(() =>
  readFileSync(undisturbed, 'utf8'),
)

describe('a checkpoint', () => {
  const KILLS = 20
  it(`lets runs that are killed ${KILLS} times end in the same bits`, { timeout: 120_000 }, async () => {
    const wanted = await plain
    const start = performance.now()
    await fewpointsJson(run(folder.path('timed.csv'), folder.path('timed.state')))
    const whole = performance.now() - start
    let kills = 0
    let resumed = 0
    /** Runs one after the other, killed at random moments, each until its output is there. */
    const lane = async (name: string, atLeast: number) => {
      let isDone = false
      for (let runs = 0; kills < atLeast || !isDone; runs += isDone ? 1 : 0) {
        const [output, state] = [folder.path(`${name}-${runs}.csv`), folder.path(`${name}-${runs}.state`)]
        resumed += existsSync(state) ? 1 : 0
        const code = await ended(run(output, state), 'SIGKILL', whole * (0.3 + 0.7 * random.next()))
        if (code === null) kills++
        else expect(code).toBe(0)
        // A process may also be killed when all is done but its end: then there is no checkpoint any more.
        isDone = existsSync(output) && !existsSync(state)
        if (isDone) expect(readFileSync(output, 'utf8')).toBe(wanted)
        else expect(code).toBeNull()
      }
    }
    await Promise.all([lane('one', KILLS), lane('two', KILLS)])
    expect(kills).toBeGreaterThanOrEqual(KILLS)
    expect(resumed).toBeGreaterThan(KILLS / 5)
  })

  it('is written when a signal ends the run', async () => {
    const wanted = await plain
    const [output, state] = [folder.path('signal.csv'), folder.path('signal.state')]
    // The second chunk asks for the end; a checkpoint every hour would not have been due.
    const before = `import { Compressor } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      const { push } = Compressor.prototype
      let count = 0
      Compressor.prototype.push = function (...args) {
        if (++count === 2) process.kill(process.pid, 'SIGTERM')
        return push.apply(this, args)
      }`
    const hourly = ['compress', ...inputs, '-o', output, ...size, '--checkpoint', state, '--checkpoint-every', 3600]
    const stopped = await fewpoints(hourly, { before })
    expect(stopped).toMatchObject({
      code: 143,
      stdout: '',
      stderr: expect.stringMatching(/the state is in .*\n.*interrupted/),
    })
    expect(existsSync(output)).toBe(false)
    expect(existsSync(state)).toBe(true)
    const { code, stderr } = await fewpoints(hourly)
    expect(code).toBe(0)
    expect(stderr).toMatch(/note: goes on after row [\d,]+/)
    expect(readFileSync(output, 'utf8')).toBe(wanted)
  })

  it('knows the output that a killed run has put in place, also after a second kill', async () => {
    const wanted = await plain
    const [output, state] = [folder.path('twice.csv'), folder.path('twice.state')]
    /** Kills the run at the end of the first call of fs.promises[name] with this target. */
    const killedAfter = (name: 'link' | 'rename', target: string) => ({
      before: `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
        const call = fs.promises.${name}
        fs.promises.${name} = async (from, to) => {
          await call(from, to)
          if (to === ${JSON.stringify(target)}) process.kill(process.pid, 'SIGKILL')
        }
        syncBuiltinESMExports()`,
    })
    const hourly = ['compress', ...inputs, '-o', output, ...size, '--checkpoint', state, '--checkpoint-every', 3600]
    await fewpoints(hourly, killedAfter('link', output))
    expect(readFileSync(output, 'utf8')).toBe(wanted)
    // This run saves the state at the end of the rows, before it knows its output.
    await fewpoints(hourly, killedAfter('rename', state))
    expect(existsSync(state)).toBe(true)
    expect(await fewpoints(hourly)).toMatchObject({ code: 0 })
    expect(readFileSync(output, 'utf8')).toBe(wanted)
    expect(existsSync(state)).toBe(false)
  })

  it('of another run is refused, and the message says what differs', async () => {
    const copy = folder.path('copy.npy')
    copyFileSync(inputs[0], copy)
    const [output, state] = [folder.path('differs.csv'), folder.path('differs.state')]
    const args = (...more: (string | number)[]) => [
      'compress',
      copy,
      '-o',
      output,
      '--checkpoint',
      state,
      '--size',
      50,
      ...more,
    ]
    // A run that has ended has no checkpoint, so this one cannot put its output in place.
    const full = await fewpoints(args('--order', 3), {
      before: `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
        const { link } = fs.promises
        fs.promises.link = async (from, to) => {
          if (String(to).endsWith('differs.csv')) throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'link' })
          return link(from, to)
        }
        syncBuiltinESMExports()`,
    })
    expect(full).toMatchObject({ code: 4, stderr: expect.stringContaining('the disk is full') })
    expect(existsSync(state)).toBe(true)

    const refused = async (message: string | RegExp, ...more: (string | number)[]) => {
      const outcome = await fewpoints(args(...more))
      expect(outcome).toMatchObject({ code: 2, stderr: expect.stringMatching(message) })
    }
    await refused('--order was 3, here it is 2', '--order', 2)
    await refused('--columns was not given, here it is \\["c0"\\]', '--order', 3, '--columns', 'c0')
    const later = new Date(Date.now() + 5000)
    utimesSync(copy, later, later)
    await refused('has been written to in the meantime', '--order', 3)
    const content = readFileSync(copy)
    content[500] ^= 1
    writeFileSync(copy, content)
    await refused('begins with other bytes', '--order', 3)
    writeFileSync(copy, Buffer.concat([content, Buffer.of(0)]))
    await refused(/had \d+ bytes and has \d+/, '--order', 3)

    const damaged = readFileSync(state)
    damaged[damaged.length - 3] ^= 1
    writeFileSync(state, damaged)
    const outcome = await fewpoints(args('--order', 3))
    expect(outcome).toMatchObject({ code: 3, stderr: expect.stringContaining('is a damaged checkpoint') })
    writeFileSync(state, 'something else')
    const foreign = await fewpoints(args('--order', 3))
    expect(foreign).toMatchObject({ code: 3, stderr: expect.stringContaining('is no checkpoint of fewpoints') })
  })
})
