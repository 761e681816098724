// The addon of native/bench, which measures the machine, and parts of the kernel alone. The package does not contain
// it.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { native } from '../dist/native/addon.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds it from the object files of the addon, unless it is up to date. */
export function buildBenchAddon() {
  const { status } = spawnSync(process.execPath, ['native/build.mjs', '--bench'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('the addon of native/bench was not built')
}

/**
 * machine() returns { triad, multiplyAdds }: bytes and multiply-adds per second of one thread. sums({ points,
 * dimension, order, basis, threads, exact }) returns { wall, cpu }: the milliseconds that it takes to sum all products
 * over the points, exactly like moments(), or plainly like recombination. cpu is that of all threads. dense({ step, way,
 * rows, columns, rank }) returns the milliseconds of one dense step, done in one way; -1 where this machine lacks it.
 * attention({ inputs, dimension, parameters, multiplicity, length, tokens, pulls }) returns the outputs of attention heads at
 * prompts (bench/heads.mjs), or with `pulls` the derivative of the sum of pulls times outputs by the parameters.
 */
export function benchAddon() {
  native() // loads OpenMP's runtime with threads that do not spin while they wait
  const { machine, sums, dense, attention } = createRequire(import.meta.url)(
    '../build/Release/bench/fewpoints_bench.node',
  )
  return {
    machine,
    dense,
    attention,
    sums: ({ points, dimension, ...rest }) =>
      sums({
        points: {
          ...{ data: points, offset: 0, count: points.length / dimension, dimension },
          ...{ rowStride: dimension, columnStride: 1 },
        },
        ...rest,
      }),
  }
}
