// Programs of Python beside which ours are measured.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs a program in the first Python here that has its modules. Returns undefined when there is none.
 *
 * @template T
 * @param {string[]} program a file, or '-c' and its text
 * @param {Record<string, Uint8Array | Float64Array>} files which it finds in the folder that is its first argument
 * @param {unknown[]} parameters the arguments after it
 * @param {(stdout: string, folder: string) => T} read its result
 * @param {{ modules?: string, threads?: number }} options what it imports, by default NumPy and SciPy, and its threads
 * @returns {T | undefined}
 */
export function inPython(program, files, parameters, read, { modules = 'numpy, scipy.optimize', threads = 1 } = {}) {
  const python = ['python3', '/usr/bin/python3'].find(
    (name) => spawnSync(name, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0,
  )
  if (python === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'fewpoints-python-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const { status, stdout, stderr } = spawnSync(python, [...program, folder, ...parameters.map(String)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
    })
    if (status !== 0) throw new Error(`${program[0]} in Python ended with status ${status}: ${stderr}`)
    return read(stdout, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
