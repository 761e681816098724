// A plan that compresses all rows together: it keeps {1, b_1 .. b_q, perhaps squares} (x) P_k(a).

import { float64s } from '../native/memory.js'
import { automaticRule, monomials, orderAndSize } from './order-and-size.js'
import { inputOfAll, type Matched, type Plan, type Wanted } from './plan.js'
import type { PartiallyLinearRows } from './rows.js'
import type { Survey } from './survey.js'

// Orders up to this one are worth more than the squares are.
const ORDER_BEFORE_SQUARES = 2

export function planTogether(caller: string, rows: PartiallyLinearRows, wanted: Wanted, survey: Survey): Plan {
  const { count, polynomial, linear } = rows
  const { varying, curved } = survey
  const m = varying.length
  const rule = automaticRule(m)
  const plain = 1 + survey.linear.length
  const squares = wanted.squares ?? hasRoom(plain + curved.length, m, rule.cells, wanted)
  const factors = squares ? plain + curved.length : plain
  const moments = (k: number) => factors * monomials(m, k)
  const { order, size } = orderAndSize(caller, wanted, m, count, {
    factors: factors === 1 ? undefined : `${factors} factors for labels`,
    moments,
    least: moments,
    fits: (k, size) => moments(k) <= Math.min(size / rule.cells, rule.moments),
  })

  // One column b and its square are the monomials of degree 1 and 2. The squares of several are columns of their own.
  const asBlock = squares && survey.linear.length === 1 && curved.length === 1
  const extra = squares && !asBlock ? curved : []
  const wider = extra.length > 0 ? withSquares(rows, survey, extra) : rows
  const linearColumns = [...survey.linear.map((a) => polynomial + a), ...extra.map((_, i) => polynomial + linear + i)]
  const blocks = [
    { columns: varying, order },
    { columns: linearColumns, order: asBlock ? 2 : 1 },
  ]
  const input = inputOfAll(caller, wider, wanted, blocks, Math.min(size, Math.max(count, moments(order))))
  const matched: Matched = { order, factors: squares ? 'squares' : 'linear', features: moments(order) }
  return { matched, parts: [{ input }], rows }
}

function hasRoom(factors: number, columns: number, cells: number, { order, size }: Wanted): boolean {
  if (size === undefined) return true
  return cells * factors * monomials(columns, order === 'auto' ? ORDER_BEFORE_SQUARES : order) <= size
}

/** The rows, each followed by (b - mean)^2 of some columns b: centred, so that a large mean does not hide the spread. */
function withSquares(rows: PartiallyLinearRows, survey: Survey, columns: number[]): PartiallyLinearRows {
  const { data, count, polynomial, linear } = rows
  const width = polynomial + linear
  const wider = float64s(count * (width + columns.length))
  let to = 0
  for (let i = 0; i < count; i++) {
    wider.set(data.subarray(i * width, (i + 1) * width), to)
    to += width
    for (const a of columns) {
      const z = (data[i * width + polynomial + a] - survey.mean[a]) / survey.unit[a]
      wider[to++] = z * z
    }
  }
  return { ...rows, data: wider, linear: linear + columns.length }
}
