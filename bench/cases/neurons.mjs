// Neurons before any training: how far the function of few is from that of all of them, by the number of inputs and outputs
// and by the order, beside a random subset of equal size. All parameters and x are uniform on [-1, 1]; the error is
// |f - f of all| / |f of all|.
import { compressNetworkSync, predictSync } from '../../dist/index.js'
import { median, timed, uniformPoints } from '../measure.mjs'
import { fDistance, randomNetwork, randomNeurons } from '../networks.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Neurons: how near few are to all, by inputs, outputs and order'
export const seed = 1
/** Medians of so many draws of the network. */
export const trials = 5

const INPUTS = [1, 2, 4, 6, 10, 30, 100]
const OUTPUTS = [1, 4, 16, 64]
const ORDERS = [1, 2, 3]
const PROBES = 2048

export function cases({ small }) {
  const [width, size, most] = small ? [400, 80, 4] : [4000, 800, 100]
  // Of several outputs two inputs say enough, and of relu, whose order depends on the inputs, four and six.
  const isWanted = (activation, inputs, outputs) =>
    outputs === 1 || (outputs * inputs <= 64 && (inputs === 2 || (activation === 'relu' && inputs <= 6)))
  return ['tanh', 'relu'].flatMap((activation) =>
    OUTPUTS.flatMap((outputs) =>
      INPUTS.filter((inputs) => inputs <= most && isWanted(activation, inputs, outputs)).map((inputs) => ({
        ...{ activation, inputs, outputs, width, size },
      })),
    ),
  )
}

export function run({ activation, inputs, outputs, width, size }, trials) {
  const ranges = { hidden: 1, bias: 1, output: 1, outputBias: 1 }
  const draws = Array.from({ length: trials }, (_, trial) => {
    const own = seed + 1000 * trial
    const all = randomNetwork({ inputs, width, outputs, activation, ranges }, own)
    const x = uniformPoints(PROBES, inputs, ~own)
    const f = predictSync(all, x)
    const errorOf = (few) => fDistance(predictSync(few, x), f, f)
    const chosen = timed(() => compressNetworkSync(all, { size, threads: 1 }))
    return {
      random: errorOf(randomNeurons(all, size, own)),
      chosen: errorOf(chosen.result),
      order: chosen.result.matched.order,
      cells: chosen.result.cells,
      wall: chosen.wall,
      orders: ORDERS.map((order) => errorWith(all, { size, order, threads: 1 }, errorOf)),
    }
  })
  const medianOf = (of) => median(draws.map(of))
  const [{ order, cells, orders }] = draws
  return {
    random: medianOf(({ random }) => random),
    chosen: medianOf(({ chosen }) => chosen),
    ...{ order, cells },
    wall: medianOf(({ wall }) => wall),
    orders: orders.map((error, i) => (error === null ? null : medianOf(({ orders }) => orders[i]))),
  }
}

/** null where the size has no room for a cell, or memory none for its moments. */
function errorWith(all, options, errorOf) {
  try {
    return errorOf(compressNetworkSync(all, options))
  } catch (error) {
    if (error.code !== 'ERR_SIZE' && error.code !== 'ERR_MEMORY') throw error
    return null
  }
}

export function report(results, { trials }) {
  const [{ width, size }] = results
  return [
    `${width} neurons to ${size}: |f - f of all| / |f of all|, medians of ${trials} draws; '-': the size has no room`,
    '',
    tableOf(results, [
      ['', ({ activation }) => activation],
      ['outputs', ({ outputs }) => outputs],
      ['inputs', ({ inputs }) => inputs],
      ['random', ({ random }) => random.toPrecision(2)],
      ['auto', ({ chosen }) => chosen.toPrecision(2)],
      ['its order', ({ order }) => order],
      ['cells', ({ cells }) => cells],
      ['ms', ({ wall }) => wall.toFixed(0)],
      ...ORDERS.map((order, i) => [`order ${order}`, ({ orders }) => orders[i]?.toPrecision(2) ?? '-']),
    ]),
  ].join('\n')
}
