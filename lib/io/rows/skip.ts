// Rows from a row number on, where it is not known at which byte that row begins.
import type { Block } from './types.js'

/** The blocks without the rows before number `row`, which are read and dropped. `width`: numbers per row. */
export async function* fromRow(blocks: AsyncIterable<Block>, row: number, width: number): AsyncGenerator<Block> {
  for await (const block of blocks) {
    const skip = row - block.first
    if (skip <= 0) yield block
    else if (skip < block.count) yield behind(block, skip, width)
  }
}

function behind(block: Block, skip: number, width: number): Block {
  const { first, count, points, weights, kept, why } = block
  return {
    ...block,
    first: first + skip,
    count: count - skip,
    points: points.subarray(skip * width),
    weights: weights?.subarray(skip),
    kept: kept.map((values) => Array.prototype.slice.call(values, skip)),
    why: (row, column) => why(row + skip, column),
  }
}
