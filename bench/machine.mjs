// The machine and the versions that every measurement must come with to mean anything.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { native } from '../dist/native/addon.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export function machine() {
  const { instructionSet, compiler, eigen, blas, blasCore } = native().info()
  return {
    cpu: cpuModel(),
    cores: availableParallelism(),
    memory: totalmem(),
    load: loadavg()[0], // of the last minute, including this benchmark
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    fewpoints: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
    commit: commit(),
    instructionSet,
    compiler,
    eigen,
    blas,
    blasCore,
    environment: Object.fromEntries(
      Object.entries(process.env).filter(([key]) => /^(OPENBLAS|OMP|FEWPOINTS)_/.test(key)),
    ),
  }
}

/** The machine, in one line. */
export function inWords({ cpu, cores, load, node, fewpoints, commit, instructionSet, blas }) {
  return (
    `${cpu}, ${cores} cores (load ${load.toFixed(1)}), node ${node}, fewpoints ${fewpoints} at ${commit}, ` +
    `instruction set ${instructionSet}, ${blas}`
  )
}

/** The name, and on Linux the family and model: the name on a virtual machine often tells only the maker. */
function cpuModel() {
  const name = cpus()[0]?.model.trim() ?? 'unknown'
  if (process.platform !== 'linux' || process.arch !== 'x64') return name
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const field = (key) => text.match(new RegExp(`^${key}\\s*: (.*)$`, 'm'))?.[1]
  return `${name} (family ${field('cpu family')} model ${field('model')})`
}

function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  const head = git('rev-parse', '--short', 'HEAD')
  if (head.status !== 0) return 'no repository'
  return head.stdout.trim() + (git('status', '--porcelain').stdout === '' ? '' : ' with changes')
}
