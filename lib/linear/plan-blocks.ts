// A plan that compresses all rows together by blocks: it keeps {1, b_1 .. b_q} (x) a product of polynomial spaces on columns
// of a.

import { rangeError } from '../errors.js'
import { momentsOf, type OrderBlock } from '../input/order.js'
import { inputOfAll, type Plan, type Wanted } from './plan.js'
import type { PartiallyLinearRows } from './rows.js'
import type { Survey } from './survey.js'

export function planBlocks(
  caller: string,
  rows: PartiallyLinearRows,
  wanted: Wanted,
  given: readonly OrderBlock[],
  survey: Survey,
): Plan {
  const { count, polynomial } = rows
  const varying = new Set(survey.varying)
  const blocks = given.map(({ columns, order }) => ({ columns: columns.filter((a) => varying.has(a)), order }))
  if (survey.linear.length > 0) blocks.push({ columns: survey.linear.map((a) => polynomial + a), order: 1 })
  const features = momentsOf(caller, blocks, polynomial + rows.linear)
  const least = Math.min(features, count)
  const size = wanted.size ?? least
  if (size < least) {
    const columns = blocks.reduce((sum, { columns }) => sum + columns.length, 0)
    throw rangeError(
      'ERR_SIZE',
      `${caller}: size ${size} is too small: the least size for these blocks in ${columns} columns is ${least}`,
    )
  }
  const input = inputOfAll(caller, rows, wanted, blocks, Math.min(size, Math.max(count, features)))
  const order = Math.max(...given.map((block) => block.order))
  return { matched: { order, factors: 'linear', features }, parts: [{ input }], rows }
}
