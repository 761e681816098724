// One case of one benchmark, in a process of its own: started by run.mjs, to which it writes lines of JSON on file descriptor
// 3, so that whatever else is printed does no harm: { part } now and then, from benchmarks that take long, and { result }.
import { writeSync } from 'node:fs'

const [name, parameters, trials] = process.argv.slice(2)
const benchmark = await import(`./cases/${name}.mjs`)
const say = (message) => writeSync(3, `${JSON.stringify(message)}\n`)
const result = await benchmark.run(JSON.parse(parameters), Number(trials), (part) => say({ part }))
say({ result })
