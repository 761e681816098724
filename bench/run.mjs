// npm run bench -- NAME [--small] [--threads T] [--trials R] [--jobs J] [--json] [--out FOLDER]
// npm run bench -- report [--out FOLDER]
//
// Runs the cases of bench/cases/NAME.mjs, each in a fresh process (bench/one.mjs), and prints a table. Writes
// bench/results/NAME.json with the numbers, the machine and the options, a table NAME.csv, and the figures of
// bench/figures/NAME.mjs as SVG and PNG. A run that was killed resumes where it was. `report` draws all figures again
// and writes them into one page, report.html.
//   --small        a form that ends within a minute; its results go to NAME.small.json
//   --threads T    only this number of threads (the default is that of each benchmark)
//   --trials R     how often each case is measured (default 5, or what the benchmark says)
//   --jobs J       J cases side by side (default 1), for benchmarks that measure errors and not time; with --threads 1
//   --json         print the record, and write nothing
//   --out FOLDER   write there instead of bench/results
//
// A benchmark is a module that exports
//   title                              one line
//   trials                             the default of --trials, if not 5
//   seed                               the seed of its pseudo-random numbers, if it has any
//   cases(options)                     a list of plain objects, one per process
//   needsBenchAddon                    true when it calls benchAddon() of bench/native.mjs, which is then built
//   cost(parameters, trials)           about how long a case takes, in any unit, if cases differ much
//   run(parameters, trials, progress)  measures one case, in the fresh process, and returns a plain object; a case that
//                                      takes minutes calls progress(part) with the part that is done, 0 to 1
//   table(results)                     a list of flat objects, one per line of NAME.csv, if there is to be a table
//   report(results, options)           the text that is printed
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inWords, machine } from './machine.mjs'
import { buildBenchAddon } from './native.mjs'
import { progressBar } from './progress.mjs'
import { writeReport } from './report.mjs'
import { RESULTS, Unfinished, writeResults } from './store.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))

async function main() {
  const { name, json, out, jobs, ...options } = readArguments()
  if (name === 'report') {
    process.stdout.write(`written to ${await writeReport(out)}\n`)
    return
  }
  const benchmark = await import(`./cases/${name}.mjs`)
  if (benchmark.needsBenchAddon) buildBenchAddon()
  options.trials ??= benchmark.trials ?? 5
  const started = new Date().toISOString()
  const results = await measure(name, benchmark, options, jobs, json ? undefined : out)
  const record = {
    name,
    title: benchmark.title,
    started,
    machine: machine(),
    options,
    seed: benchmark.seed ?? null,
    results,
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(record, null, 2)}\n`)
    return
  }
  process.stdout.write(`${benchmark.title}\n${inWords(record.machine)}\n\n${benchmark.report(results, options)}\n`)
  const files = await writeResults(out, record, benchmark.table?.(results))
  process.stdout.write(`\nwritten to ${out}: ${files.join(', ')}\n`)
}

function readArguments() {
  const names = readdirSync(join(HERE, 'cases')).map((file) => file.replace(/\.mjs$/, ''))
  const usage =
    'usage: npm run bench -- NAME [--small] [--threads T] [--trials R] [--jobs J] [--json] [--out FOLDER]\n' +
    `NAME is one of ${names.join(', ')}; or report`
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        small: { type: 'boolean', default: false },
        threads: { type: 'string' },
        trials: { type: 'string' },
        jobs: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        out: { type: 'string', default: RESULTS },
      },
    })
    const [name] = positionals
    if (positionals.length !== 1 || ![...names, 'report'].includes(name))
      throw new Error(`no benchmark ${positionals.join(' ')}`)
    const threads = values.threads === undefined ? undefined : positive('--threads', values.threads)
    const trials = values.trials === undefined ? undefined : positive('--trials', values.trials)
    const jobs = positive('--jobs', values.jobs)
    const { small, json, out } = values
    return { name, json, out, jobs, small, threads, trials, cores: availableParallelism() }
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

/** Measures all cases, except those that a killed run has left in `folder`, `jobs` of them at a time. */
async function measure(name, benchmark, options, jobs, folder) {
  const all = benchmark.cases(options)
  const costOf = (parameters) => benchmark.cost?.(parameters, options.trials) ?? 1
  const total = (list) => list.reduce((sum, parameters) => sum + costOf(parameters), 0)
  const unfinished = new Unfinished(folder, name, options)
  const waiting = all.filter((parameters) => unfinished.get(parameters) === undefined)
  const bar = progressBar(total(all), total(all) - total(waiting))
  const worker = async () => {
    for (let parameters = waiting.shift(); parameters !== undefined; parameters = waiting.shift()) {
      const words = Object.values(parameters).filter((value) => typeof value !== 'object')
      const shown = bar.begin(words.join(' '), costOf(parameters))
      unfinished.set(parameters, await inFreshProcess(name, parameters, options.trials, shown.part))
      shown.end()
    }
  }
  try {
    await Promise.all(Array.from({ length: jobs }, worker))
  } finally {
    bar.stop()
  }
  return all.map((parameters) => ({ ...parameters, ...unfinished.get(parameters) }))
}

/** Runs one case in a fresh process, so that memory, compiled code and warm caches of other cases do not count. */
function inFreshProcess(name, parameters, trials, onPart) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(HERE, 'one.mjs'), name, JSON.stringify(parameters), String(trials)], {
      stdio: ['ignore', process.stderr, process.stderr, 'pipe'],
    })
    let result
    createInterface({ input: child.stdio[3] }).on('line', (line) => {
      const message = JSON.parse(line)
      if (message.part === undefined) result = message.result
      else onPart(message.part)
    })
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (status === 0 && result !== undefined) resolve(result)
      else reject(new Error(`${name} ${JSON.stringify(parameters)} ended with ${signal ?? `status ${status}`}`))
    })
  })
}

await main()
