// Runs one case of one benchmark in a process of its own, started by run.mjs. Writes lines of JSON for run.mjs to file
// descriptor 3, so that other output does no harm: { part } from time to time, from slow benchmarks, and { result }.
import { writeSync } from 'node:fs'

const [name, parameters, trials] = process.argv.slice(2)
const benchmark = await import(`./cases/${name}.mjs`)
const say = (message) => writeSync(3, `${JSON.stringify(message)}\n`)
const result = await benchmark.run(JSON.parse(parameters), Number(trials), (part) => say({ part }))
say({ result })
