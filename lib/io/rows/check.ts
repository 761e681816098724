// Checks the rows of a block: finite coordinates, weights that are not negative. What is missing becomes weight 0, or an error
// with row, line and column.
import { troubleError, weightError } from '../choose.js'
import type { Block, RowChunk } from './types.js'

export interface Facts {
  path: string
  /** The names of the coordinates. */
  names: readonly string[]
  weightName: string | undefined
  dropMissing: boolean
  /** Numbers that mean a missing value. */
  sentinels: ReadonlySet<number>
}

/** Throws Error ERR_FILE for the first wrong value, in the order of the rows. */
export function checkedChunk(block: Block, facts: Facts): RowChunk {
  const { why, ...rest } = block
  const { points, weights, count } = rest
  if (facts.sentinels.size === 0 && areFinite(points, count * facts.names.length) && areWeights(weights, count))
    return { ...rest, dropped: 0 }
  return { ...rest, ...checkRows(block, facts) }
}

/** A number minus itself is 0, or NaN when it is not finite. */
function areFinite(numbers: Float64Array, length: number): boolean {
  let sum = 0
  for (let i = 0; i < length; i++) sum += numbers[i] - numbers[i]
  return sum === 0
}

function areWeights(weights: Float64Array | undefined, count: number): boolean {
  if (weights === undefined) return true
  for (let i = 0; i < count; i++) if (!(weights[i] >= 0 && weights[i] < Number.POSITIVE_INFINITY)) return false
  return true
}

function checkRows(block: Block, facts: Facts): Pick<RowChunk, 'weights' | 'dropped'> {
  const { first, count, points } = block
  const { path, names, weightName, dropMissing, sentinels } = facts
  const m = names.length
  let { weights } = block
  let dropped = 0
  const isNumber = (value: number) => value - value === 0 && !sentinels.has(value)
  for (let i = 0; i < count; i++) {
    let wrong = 0
    while (wrong < m && isNumber(points[i * m + wrong])) wrong++
    if (wrong === m && (block.weights === undefined || isNumber(block.weights[i]))) {
      if (block.weights !== undefined && block.weights[i] < 0)
        throw weightError(path, weightName as string, first + i, block.weights[i])
      continue
    }
    if (!dropMissing) {
      const value = wrong < m ? points[i * m + wrong] : (block.weights?.[i] as number)
      const trouble = sentinels.has(value)
        ? ({ kind: 'missing', row: first + i, line: undefined, text: undefined } as const)
        : block.why(i, wrong)
      throw troubleError(path, names[wrong] ?? (weightName as string), trouble)
    }
    weights ??= new Float64Array(count).fill(1)
    weights[i] = 0
    points.fill(0, i * m, (i + 1) * m)
    dropped++
  }
  return { weights, dropped }
}
