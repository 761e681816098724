// The addon of native/bench: parts of the kernel, and the machine, measured alone. The package does not have it.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { native } from '../dist/native/addon.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Compiles it from the objects of the addon, or sees that nothing has changed. */
export function buildBenchAddon() {
  const { status } = spawnSync(process.execPath, ['native/build.mjs', '--bench'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(1)
}

/**
 * machine(): { triad, multiplyAdds }, bytes and multiply-adds per second of one thread.
 * sums({ points, dimension, order, basis, threads, exact }): { wall, cpu }, milliseconds that it takes to sum all products
 * over the points: exactly, as moments() does, or plainly, as recombination does. cpu: of all threads.
 */
export function benchAddon() {
  native() // it loads OpenMP's runtime with threads that do not spin while they wait
  const { machine, sums } = createRequire(import.meta.url)('../build/Release/bench/fewpoints_bench.node')
  return {
    machine,
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
