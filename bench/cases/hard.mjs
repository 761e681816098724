// Hard input: every set of bench/hard-sets.mjs at its orders, in one cell and in many, at both qualities. The residual is
// what verifySync measures of the result against the set that was given. One process a kind of set.
//
// Verdicts: kept (residual of at most 50 epsilons), kept loosely (at most 1e-9), refused (an error with a code), and WRONG:
// anything else, which also is a result that is no re-weighted subset, or that reports another residual than verifySync.
import { momentCount, verifySync } from '../../dist/index.js'
import { compressCounted } from '../../dist/points/compress.js'
import { faultOf, hardSets, sizesFor } from '../hard-sets.mjs'
import { EPS, timed } from '../measure.mjs'
import { tableOf } from '../table.mjs'

export const title = 'Hard input: kept, refused, never wrong'

const KEPT = 50 * EPS
const KEPT_LOOSELY = 1e-9
const QUALITIES = ['fast', 'best']
const FEATURES_WHEN_SMALL = 100

export function cases({ small, threads, cores }) {
  const kinds = [...new Set(hardSets().map(({ kind }) => kind))]
  return kinds.map((kind) => ({ kind, points: small ? 600 : 20_000, small, threads: threads ?? cores }))
}

export function run({ kind, points: usual, small, threads }) {
  const runs = []
  for (const { kind: of, name, dimension, orders, rank, rows, make } of hardSets()) {
    if (of !== kind) continue
    const set = make(rows ?? usual)
    const count = set.points.length / dimension
    for (const order of orders) {
      if (small && momentCount(dimension, order) > FEATURES_WHEN_SMALL) continue
      for (const size of sizesFor(count, momentCount(dimension, order))) {
        for (const quality of QUALITIES) {
          const options = { dimension, order, size, quality, threads, ...(set.weights && { weights: set.weights }) }
          const measured = measure(set, options)
          runs.push({ name, dimension, order, size, quality, points: count, rank: rank?.(order), ...measured })
        }
      }
    }
  }
  return { runs }
}

function measure(set, options) {
  const { dimension, order, size } = options
  let result
  let strategies
  let error
  const { wall } = timed(() => {
    try {
      ;({ result, strategies } = compressCounted(set.points, options))
    } catch (cause) {
      error = cause
    }
  })
  if (error !== undefined) {
    const coded = typeof error.code === 'string' && error.code.startsWith('ERR_')
    return { wall, verdict: coded ? 'refused' : 'WRONG', why: `${error.code}: ${error.message}` }
  }
  const { residual, perOrder } = verifySync({ ...set, dimension }, result, { order })
  const why =
    faultOf(result, set, dimension, size) ||
    (Math.abs(result.residual - residual) <= EPS ? '' : `reports ${result.residual}, verifySync ${residual}`)
  const verdict = why ? 'WRONG' : residual <= KEPT ? 'kept' : residual <= KEPT_LOOSELY ? 'kept loosely' : 'WRONG'
  const { count, cells, cellsKeepingLess } = result
  return {
    wall,
    count,
    cells,
    cellsKeepingLess,
    strategies,
    residual: residual / EPS,
    totalWeight: perOrder[0] / EPS,
    verdict,
    why,
  }
}

export function report(results) {
  const all = results.flatMap(({ kind, runs }) => runs.map((one) => ({ kind, ...one })))
  const number = (verdict) => all.filter((one) => one.verdict === verdict).length
  const notes = all
    .filter(({ why }) => why)
    .map(
      ({ kind, name, order, size, quality, why }) =>
        `${kind}: ${name}, order ${order}, size ${size}, ${quality}: ${why}`,
    )
  return [
    tableOf(all, [
      ['set', ({ kind, name }) => `${kind}: ${name}`],
      ['m', ({ dimension }) => dimension],
      ['order', ({ order }) => order],
      ['n', ({ points }) => points],
      ['size', ({ size }) => size],
      ['cells', ({ cells }) => cells],
      ['quality', ({ quality }) => quality],
      ['count', ({ count }) => count],
      ['rank', ({ rank }) => rank],
      ['residual', ({ residual }) => residual?.toPrecision(3)],
      ['weight', ({ totalWeight }) => totalWeight?.toPrecision(2)],
      ['ms', ({ wall }) => wall.toFixed(1)],
      ['', ({ verdict }) => verdict],
    ]),
    '',
    ...notes,
    'residual and error of the total weight in machine epsilons, by verifySync',
    `cells by the strategy that answered them: ${totals(all)}`,
    `${sum(all, ({ cellsKeepingLess }) => cellsKeepingLess)} cells of ${sum(all, ({ cells }) => cells)} keep less than the enlarged space`,
    `${all.length} results: ${number('kept')} kept, ${number('kept loosely')} kept loosely, ${number('refused')} refused, ` +
      `${number('WRONG') === 0 ? 'none wrong' : `${number('WRONG')} ARE WRONG`}`,
  ].join('\n')
}

const sum = (all, value) => all.reduce((total, one) => total + (value(one) ?? 0), 0)

function totals(all) {
  const names = [...new Set(all.flatMap(({ strategies }) => Object.keys(strategies ?? {})))]
  return names.map((name) => `${name} ${sum(all, ({ strategies }) => strategies?.[name])}`).join(', ')
}
