// The script of --emit slurm, submitted to a Slurm that the test starts on this machine: munged, slurmctld and slurmd, on
// ports and in a folder of their own. Where Slurm cannot be started, a sbatch of the test runs the arrays of the script.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastTask, type OpenPlan, readPlan } from '../lib/batch/plan.js'
import {
  copyOfPlan,
  freePort,
  makeShards,
  ok,
  outputsOf,
  PROGRAM,
  Processes,
  remove,
  type Shards,
  until,
  whyNot,
} from './batch-plan.js'

const documented = readFileSync(new URL('../docs/many-machines.md', import.meta.url), 'utf8')
const COMMAND = `${process.execPath} ${PROGRAM}`

describe('the script for Slurm', () => {
  const processes = new Processes()
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-slurm-'))
  let shards: Shards
  let want: Record<string, string>
  let slurm: NodeJS.ProcessEnv | undefined
  beforeAll(async () => {
    shards = await makeShards(16, 2000)
    await ok(['run', shards.plan, '--workers', 2])
    want = outputsOf(join(shards.folder, 'plan-out'))
    const reason = whyNot('munged', 'slurmctld', 'slurmd', 'sbatch')
    if (reason === undefined) slurm = await startSlurm(folder, processes)
    else console.log(`Slurm ${reason}; its script is tested by hand only`)
  })
  afterAll(async () => {
    if (slurm !== undefined) spawnSync('scancel', ['--me'], { env: slurm })
    await processes.endAll()
    remove(shards)
    rmSync(folder, { recursive: true, force: true })
  })
  const outputs = (name: string) => outputsOf(join(shards.folder, `${name}-out`))

  async function submit(plan: OpenPlan, env: NodeJS.ProcessEnv, ...options: string[]): Promise<string> {
    const script = plan.path.replace(/json$/, 'sh')
    await ok(['plan', plan.path, '--emit', 'slurm', '-o', script, '--force'])
    const shell = processes.start('sh', [script, ...options], { env: { ...env, FEWPOINTS: COMMAND }, cwd: folder })
    expect(await processes.ended(shell), processes.outputOf(shell)).toBe(0)
    return processes.outputOf(shell)
  }

  it('gives the same bits by hand, with another sbatch that runs the tasks of each array', async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'sbatch'), SBATCH)
    chmodSync(join(bin, 'sbatch'), 0o755)
    const plan = copyOfPlan(shards, 'by-hand')
    const log = join(folder, 'sbatch.log')
    const said = await submit(plan, { ...process.env, PATH: `${bin}:${process.env.PATH}`, LOG: log }, '--mem=1G')
    expect(said).toContain(lastTask(plan).output)
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      '--parsable --job-name=fewpoints-0 --array=0-15 --mem=1G',
      '--parsable --job-name=fewpoints-1 --array=0-3 --dependency=afterok:15 --kill-on-invalid-dep=yes --mem=1G',
      '--parsable --job-name=fewpoints-2 --array=0-0 --dependency=afterok:3 --kill-on-invalid-dep=yes --mem=1G',
    ])
    expect(outputs('by-hand')).toEqual(want)
  })

  it('gives the same bits through Slurm, and after a failure when it is submitted again', async (context) => {
    const env = slurm ?? context.skip('there is no Slurm on this machine')
    const queue = () => execFileSync('squeue', ['--noheader', '--format=%i %T %R'], { env, encoding: 'utf8' })
    const options = [`--output=${folder}/job-%A_%a.log`]
    const plan = copyOfPlan(shards, 'slurm')
    const shard = readPlan(plan.path).shards[3].uri as string
    // A shard that is not there: the merges that need it must end and not wait for ever.
    renameSync(shard, `${shard}.away`)
    await submit(plan, env, ...options)
    await until(`end of all jobs: ${queue()}`, () => queue() === '')
    expect(existsSync(lastTask(plan).output)).toBe(false)
    const { length } = Object.keys(outputs('slurm'))
    expect(length).toBe(15)
    renameSync(`${shard}.away`, shard)
    await submit(plan, env, ...options)
    await until(`result, but ${queue()}`, () => existsSync(lastTask(plan).output) && queue() === '')
    expect(outputs('slurm')).toEqual(want)
  })
})

/** In place of Slurm's: runs the tasks of an array one after the other, and answers with the number of the last one. */
const SBATCH = `#!/bin/sh
set -eu
for word in "$@"; do
  case "$word" in
  --array=0-*) last=\${word#--array=0-} ;;
  --wrap=*) command=\${word#--wrap=} ;;
  esac
done
printf '%s' "$1" >>"$LOG"
shift
for word in "$@"; do
  case "$word" in --wrap=*) ;; *) printf ' %s' "$word" >>"$LOG" ;; esac
done
echo >>"$LOG"
seq 0 "$last" | SHELL_COMMAND=$command xargs -P 2 -I % sh -c 'SLURM_ARRAY_TASK_ID=% sh -c "$SHELL_COMMAND"' >&2
echo "$last"
`

/** Starts the three servers in the foreground, as children of the test. Throws when they do not come up. */
async function startSlurm(folder: string, processes: Processes): Promise<NodeJS.ProcessEnv> {
  const munge = join(folder, 'munge')
  mkdirSync(munge, { mode: 0o700 })
  writeFileSync(join(munge, 'key'), randomBytes(1024), { mode: 0o600 })
  chmodSync(folder, 0o755)
  chmodSync(munge, 0o755)
  const files = ['socket', 'pid-file', 'log-file', 'seed-file', 'key-file']
  const places = files.map((name) => `--${name}=${join(munge, name.replace('-file', ''))}`)
  const authority = processes.start('munged', ['--foreground', ...places])
  await until('socket of munged', () => existsSync(join(munge, 'socket')) || authority.exitCode !== null, 10)

  // The configuration is that of the document, on ports of our own.
  const [, writeConfig] = /^(cat > slurm\.conf [\s\S]*?^END$)/m.exec(documented) as RegExpExecArray
  const ports = [await freePort(), await freePort()]
  const script = writeConfig.replace('16817', String(ports[0])).replace('16818', String(ports[1]))
  execFileSync('sh', ['-ec', `mkdir -p state spool\n${script}`], { cwd: folder })
  const config = join(folder, 'slurm.conf')
  appendFileSync(config, `AuthInfo=socket=${join(munge, 'socket')}\nMinJobAge=2\n`)
  const env = { ...process.env, SLURM_CONF: config }
  const servers = ['slurmctld', 'slurmd'].map((server) => processes.start(server, ['-D', '-f', config], { env }))
  const said = () => [authority, ...servers].map((server) => processes.outputOf(server)).join('\n')
  const state = () => spawnSync('sinfo', ['--noheader', '--format=%T'], { env, encoding: 'utf8' }).stdout.trim()
  await until('idle node of Slurm', () => state() === 'idle', 30).catch((error) => {
    throw new Error(`${error.message}: ${said()}`)
  })
  return env
}
