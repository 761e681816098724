// One case of one benchmark, in a process of its own: started by run.mjs, answers with JSON on file descriptor 3, so that
// whatever else is printed does no harm.
import { writeFileSync } from 'node:fs'

const [name, parameters, trials] = process.argv.slice(2)
const benchmark = await import(`./cases/${name}.mjs`)
writeFileSync(3, JSON.stringify(await benchmark.run(JSON.parse(parameters), Number(trials))))
