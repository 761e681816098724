// npm run bench -- NAME [--small] [--threads T] [--trials R] [--json]
//
// Runs the cases of bench/cases/NAME.mjs, each in a fresh process (bench/one.mjs), prints a table and writes
// bench/results/NAME.json with the machine and the options beside the numbers.
//   --small       a form that ends in seconds; its results go to NAME.small.json
//   --threads T   only this number of threads (each benchmark says what it does without)
//   --trials R    how often each case is timed; medians are reported (default 5, or what the benchmark says)
//   --json        print what would be written, and write nothing
//
// A benchmark is a module that exports
//   title                       one line
//   trials                      the default of --trials, if not 5
//   seed                        of its pseudo-random numbers, if it has any
//   cases(options)              a list of plain objects, one for each process
//   run(parameters, trials)     measures one of them, in the fresh process, and returns a plain object
//   report(results, options)    the text that is printed
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from './machine.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))

async function main() {
  const { name, json, ...options } = readArguments()
  const benchmark = await import(`./cases/${name}.mjs`)
  options.trials ??= benchmark.trials ?? 5
  const started = new Date().toISOString()
  const results = []
  for (const parameters of benchmark.cases(options)) {
    if (process.stderr.isTTY) process.stderr.write(`${JSON.stringify(parameters)}\n`)
    results.push({ ...parameters, ...inFreshProcess(name, parameters, options.trials) })
  }
  const record = {
    name,
    title: benchmark.title,
    started,
    machine: machine(),
    options,
    seed: benchmark.seed ?? null,
    results,
  }

  const text = `${JSON.stringify(record, null, 2)}\n`
  if (json) {
    process.stdout.write(text)
    return
  }
  process.stdout.write(`${benchmark.title}\n${inWords(record.machine)}\n\n${benchmark.report(results, options)}\n`)
  const file = join(HERE, 'results', `${name}${options.small ? '.small' : ''}.json`)
  mkdirSync(join(HERE, 'results'), { recursive: true })
  writeFileSync(file, text)
  process.stdout.write(`\nwritten to ${file}\n`)
}

function readArguments() {
  const names = readdirSync(join(HERE, 'cases')).map((file) => file.replace(/\.mjs$/, ''))
  const usage = `usage: npm run bench -- NAME [--small] [--threads T] [--trials R] [--json]\nNAME is one of ${names.join(', ')}`
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        small: { type: 'boolean', default: false },
        threads: { type: 'string' },
        trials: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const [name] = positionals
    if (positionals.length !== 1 || !names.includes(name)) throw new Error(`no benchmark ${positionals.join(' ')}`)
    const threads = values.threads === undefined ? undefined : positive('--threads', values.threads)
    const trials = values.trials === undefined ? undefined : positive('--trials', values.trials)
    const { small, json } = values
    return { name, json, small, threads, trials, cores: availableParallelism() }
  } catch (cause) {
    process.stderr.write(`${cause.message}\n${usage}\n`)
    process.exit(2)
  }
}

function positive(option, text) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} takes a whole number from 1, got ${text}`)
  return value
}

/** Other cases' memory, compiled code and warm caches must not count. */
function inFreshProcess(name, parameters, trials) {
  const { status, error, output } = spawnSync(
    process.execPath,
    [join(HERE, 'one.mjs'), name, JSON.stringify(parameters), String(trials)],
    { stdio: ['ignore', process.stderr, process.stderr, 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 26 },
  )
  if (status !== 0) throw error ?? new Error(`${name} ${JSON.stringify(parameters)} ended with status ${status}`)
  return JSON.parse(output[3])
}

function inWords({ cpu, cores, load, node, fewpoints, commit, instructionSet, blas }) {
  return (
    `${cpu}, ${cores} cores (load ${load.toFixed(1)}), node ${node}, fewpoints ${fewpoints} at ${commit}, ` +
    `instruction set ${instructionSet}, ${blas}`
  )
}

await main()
