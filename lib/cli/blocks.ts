// Blocks of columns by name: --blocks, and what files and summaries say of them.
import { InvalidArgumentError } from 'commander'
import { rangeError } from '../errors.js'
import { MAX_ORDER, momentCount } from '../input/multi-index.js'
import type { OrderBlock } from '../input/order.js'
import type { FileMeta, NamedBlock } from '../io/meta.js'
import { names as listOf } from './report.js'

const NAME = /\s*(?:"((?:[^"]|"")+)"|([^",:/\s](?:[^",:/]*[^",:/\s])?))\s*([,:])/y
const ORDER = /\s*(\d{1,3})\s*(\/|$)/y

/** Blocks as they are typed: q,k:2/v,o:2. A name that has a comma, a colon, a slash or a quote must be in double quotes. */
export function blocks(text: string): NamedBlock[] {
  const wrong = new InvalidArgumentError(
    'It must be names, a colon and an order, and a slash between blocks: x,y:3/z:1',
  )
  const list: NamedBlock[] = []
  for (let at = 0; at < text.length || list.length === 0; ) {
    const columns: string[] = []
    for (let separator = ','; separator === ','; ) {
      NAME.lastIndex = at
      const found = NAME.exec(text)
      if (found === null) throw wrong
      columns.push(found[1]?.replaceAll('""', '"') ?? found[2])
      separator = found[3]
      at = NAME.lastIndex
    }
    ORDER.lastIndex = at
    const end = ORDER.exec(text)
    const order = Number(end?.[1])
    if (end === null || order > MAX_ORDER || (end[2] === '/' && ORDER.lastIndex === text.length)) throw wrong
    list.push({ columns, order })
    at = ORDER.lastIndex
  }
  return list
}

/**
 * The blocks for these columns. A name is that of a column, or of a tensor: the columns name.0, name.1, ... Throws RangeError
 * ERR_OPTION for a name that is neither, and for a column that stands twice.
 */
export function orderBlocksOf(given: readonly NamedBlock[], columns: readonly string[]): OrderBlock[] {
  const taken = new Set<number>()
  return given.map(({ columns: names, order }) => ({
    columns: names.flatMap((name) => {
      const found = columnsOf(name, columns)
      const twice = found.find((column) => taken.has(column))
      if (twice !== undefined) throw rangeError('ERR_OPTION', `--blocks has column '${columns[twice]}' twice`)
      for (const column of found) taken.add(column)
      return found
    }),
    order,
  }))
}

function columnsOf(name: string, columns: readonly string[]): number[] {
  const column = columns.indexOf(name)
  if (column >= 0) return [column]
  const found = [...columns.keys()].filter(
    (i) => columns[i].startsWith(`${name}.`) && /^\d+$/.test(columns[i].slice(name.length + 1)),
  )
  if (found.length > 0) return found
  throw rangeError('ERR_OPTION', `--blocks has '${name}', which is no column; the columns are ${listOf(columns)}`)
}

/**
 * What a file says of the moments that are kept. With blocks, the order is the highest total degree of which all moments are
 * kept: that of the lowest block, and 0 where a column is in no block.
 */
export function orderFacts(
  order: number | OrderBlock[],
  columns: readonly string[],
): Pick<FileMeta, 'order' | 'blocks'> {
  if (typeof order === 'number') return { order }
  const all = order.reduce((sum, block) => sum + block.columns.length, 0) === columns.length
  return {
    order: all ? Math.min(...order.map((block) => block.order)) : 0,
    blocks: order.map((block) => ({ columns: block.columns.map((i) => columns[i]), order: block.order })),
  }
}

/** How many moments a cell keeps. */
export function momentsIn({ order, blocks }: Pick<FileMeta, 'order' | 'blocks'>, columns: number): number {
  if (blocks === undefined) return momentCount(columns, order)
  return blocks.reduce((product, block) => product * momentCount(block.columns.length, block.order), 1)
}

/** Order 3, or the blocks. */
export function orderText({ order, blocks }: Pick<FileMeta, 'order' | 'blocks'>): string {
  return blocks?.map(({ columns, order }) => `${order} in ${listOf(columns)}`).join(' x ') ?? String(order)
}
