// Runs the command line as a user does: the built program in a process of its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  /** JavaScript that runs in the process before the program. */
  before?: string
  /** The content of standard input. Default: nothing. */
  input?: string | Uint8Array
  /** Whether standard input is a pipe that stays open and empty. */
  keepsOpen?: boolean
}

export function fewpoints(
  args: readonly (string | number)[],
  { cwd, env, before, input, keepsOpen }: RunOptions = {},
): Promise<Outcome> {
  const first = before === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...first, program, ...args.map(String)], {
      cwd,
      env: { ...process.env, FEWPOINTS_DEBUG: '', ...env },
      stdio: [input === undefined && !keepsOpen ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
    // A program that does not read all input closes the pipe.
    child.stdin?.on('error', () => {})
    if (!keepsOpen) child.stdin?.end(input)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Like fewpoints(), for commands that must succeed. Also returns their JSON. */
export async function fewpointsJson(args: readonly (string | number)[], options?: RunOptions) {
  const { code, stdout, stderr } = await fewpoints([...args, '--json'], options)
  if (code !== 0) throw new Error(`fewpoints ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}
