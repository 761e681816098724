// `fewpoints work --engine local`, but the task of FAILING_TASK fails the first two times: once with an exit code, once killed.
// The file FAILING_LOG gets a line for each start of it.
import { appendFileSync, readFileSync } from 'node:fs'

const { FAILING_TASK, FAILING_LOG } = process.env

function mayFail(task) {
  if (task !== Number(FAILING_TASK)) return
  appendFileSync(FAILING_LOG, 'started\n')
  const starts = readFileSync(FAILING_LOG, 'utf8').split('\n').length - 1
  if (starts === 1) {
    process.stderr.write('fewpoints: a failure on purpose\n')
    process.exit(3)
  }
  if (starts === 2) process.kill(process.pid, 'SIGKILL')
}

// The listener of the program itself comes after the check.
const on = process.on.bind(process)
process.on = (name, listener) => {
  const checked = (task) => {
    mayFail(task)
    return listener(task)
  }
  return on(name, name === 'message' ? checked : listener)
}
await import('../../dist/cli/main.js')
