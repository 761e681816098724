// A plan that compresses each class of equal labels on its own: it keeps P_k(a) in each class.

import { float64s } from '../native/memory.js'
import { type LabelClasses, sharesOf } from './label-classes.js'
import { automaticRule, monomials, orderAndSize } from './order-and-size.js'
import { commonInput, type Part, type Plan, type Wanted } from './plan.js'
import type { PartiallyLinearRows } from './rows.js'
import type { Survey } from './survey.js'

export function planByClass(
  caller: string,
  rows: PartiallyLinearRows,
  wanted: Wanted,
  { varying }: Survey,
  classes: LabelClasses,
): Plan {
  const m = varying.length
  const rule = automaticRule(m)
  const counts = classes.rows.map((rows) => rows.length)
  const sum = (moments: number) => counts.reduce((total, count) => total + Math.min(count, moments), 0)
  const { order, size } = orderAndSize(caller, wanted, m, rows.count, {
    factors: `${counts.length} different labels`,
    moments: (k) => monomials(m, k),
    least: (k) => sum(monomials(m, k)),
    fits: (k, size) => monomials(m, k) <= rule.moments && sum(rule.cells * monomials(m, k)) <= size,
  })
  const moments = monomials(m, order)
  // The partition makes cells of equal expected error, so a class of mass c deserves a number of cells like c^(m/(m+k+1)).
  const exponent = m / (m + order + 1)
  const sizes = sharesOf(
    size,
    classes.masses.map((mass) => mass ** exponent),
    counts.map((count) => Math.min(count, moments)),
    counts,
  )
  const columns = m > 0 ? varying : [0]
  const parts = classes.rows.map((own, i): Part => {
    const input: Part['input'] = {
      ...commonInput(wanted),
      points: pointsOf(rows, own, columns),
      order: m > 0 ? order : 0,
      size: Math.max(sizes[i], moments),
      best: m > 0 && wanted.best,
      free: m > 0 && wanted.free === true,
    }
    const { weights } = rows
    if (weights) input.weights = Float64Array.from(own, (row) => weights[row])
    const { scale } = wanted
    if (typeof scale !== 'string')
      input.scales = m > 0 ? Float64Array.from(varying, (a) => scale[a]) : Float64Array.of(1)
    return { input, rows: own, columns }
  })
  return { matched: { order, factors: 'classes', features: counts.length * moments }, parts, rows }
}

/** A copy of some columns of some rows. */
function pointsOf({ data: all, polynomial, linear }: PartiallyLinearRows, rows: Uint32Array, columns: number[]) {
  const width = polynomial + linear
  const dimension = columns.length
  const data = float64s(rows.length * dimension)
  let to = 0
  for (const row of rows) for (const a of columns) data[to++] = all[row * width + a]
  return { data, offset: 0, count: rows.length, dimension, rowStride: dimension, columnStride: 1 }
}
