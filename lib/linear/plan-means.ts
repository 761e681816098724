// A plan whose points are the means of the cells, labels and all: it keeps the moments of degree 1 of a and b together. Cells
// are cut along a.

import { typeError } from '../errors.js'
import { sizeForAuto } from '../input/options.js'
import { commonInput, type Plan, type Wanted } from './plan.js'
import type { PartiallyLinearRows } from './rows.js'

export function planMeans(caller: string, rows: PartiallyLinearRows, wanted: Wanted): Plan {
  const { data, count, polynomial, linear, weights } = rows
  const { order, squares, scale } = wanted
  const refused = (option: string, expected: string) =>
    typeError(
      'ERR_OPTION',
      `${caller}: option '${option}' must be ${expected} here: labels are no classes, ` +
        'so with free support the points are the means of cells, and keep order 1',
    )
  if (order !== 'auto' && order !== 1) throw refused('order', "'auto' or 1")
  if (squares === true) throw refused('squares', 'false')
  const width = polynomial + linear
  const scales = new Float64Array(width)
  scales.fill(1, 0, polynomial)
  if (typeof scale !== 'string') scales.set(scale)
  return {
    matched: { order: 1, factors: 'all', features: 1 + width },
    parts: [
      {
        input: {
          ...commonInput(wanted),
          points: { data, offset: 0, count, dimension: width, rowStride: width, columnStride: 1 },
          order: 1,
          size: order === 1 ? (wanted.size ?? 1) : sizeForAuto(wanted.size, caller),
          best: false,
          free: true,
          means: true,
          scales,
          ...(weights && { weights }),
        },
        columns: Array.from({ length: width }, (_, a) => a),
      },
    ],
    rows,
  }
}
