// Classes: rows whose linear columns (labels, outgoing weights) are equal. One-hot labels make few classes.

import { uint32s } from '../native/memory.js'
import type { PartiallyLinearRows } from './rows.js'

export interface LabelClasses {
  /** Per class: its rows, ascending. Rows of weight 0 are in no class. */
  rows: Uint32Array[]
  /** Per class: the sum of the weights, in units of the largest weight. */
  masses: number[]
}

/**
 * The classes of equal labels, in the order in which they first appear. Undefined when there are more than `max` classes.
 * With at most as many classes as {1, labels} has functions, every function of the labels can be kept at no extra cost: it
 * is a sum over classes.
 */
export function classesOf(given: PartiallyLinearRows, max: number): LabelClasses | undefined {
  const { data, count, polynomial, linear, weights } = given
  const width = polynomial + linear
  const equal = (i: number, j: number) => {
    for (let a = polynomial; a < width; a++) if (data[i * width + a] !== data[j * width + a]) return false
    return true
  }
  // Equal labels have equal keys. Different labels hardly ever do.
  const key = (row: number) => {
    let sum = 0
    for (let a = 0; a < linear; a++) sum += data[row * width + polynomial + a] * Math.cos(1 + a)
    return sum
  }
  const known = new Map<number, number[]>()
  const firsts: number[] = []
  const masses: number[] = []
  const counts: number[] = []
  const classOf = new Int32Array(count).fill(-1)
  const unit = weights ? weights.reduce((largest, weight) => Math.max(largest, weight), 0) : 1
  for (let i = 0; i < count; i++) {
    const weight = weights ? weights[i] : 1
    if (weight === 0) continue
    const label = key(i)
    let candidates = known.get(label)
    if (!candidates) known.set(label, (candidates = []))
    let found = candidates.find((c) => equal(firsts[c], i))
    if (found === undefined) {
      found = firsts.length
      if (found === max) return undefined
      candidates.push(found)
      firsts.push(i)
      masses.push(0)
      counts.push(0)
    }
    classOf[i] = found
    masses[found] += weight / unit
    counts[found] += 1
  }
  const lists = counts.map((length) => uint32s(length))
  const ends = counts.map(() => 0)
  for (let i = 0; i < count; i++) if (classOf[i] >= 0) lists[classOf[i]][ends[classOf[i]]++] = i
  return { rows: lists, masses }
}

/**
 * Splits `size` into whole shares proportional to `wanted`, each between its `min` and its `max`. The sum of `min` must
 * not exceed `size`.
 */
export function sharesOf(size: number, wanted: number[], min: number[], max: number[]): number[] {
  const shares = wanted.map(() => -1)
  const open = new Set(wanted.keys())
  let rest = size
  const fix = (i: number, share: number) => {
    shares[i] = share
    rest -= share
    open.delete(i)
  }
  while (open.size > 0) {
    const sum = [...open].reduce((total, i) => total + wanted[i], 0)
    const unit = rest / sum
    // Shares that would be too small come first. What is left still suffices for the others.
    const short = [...open].filter((i) => wanted[i] * unit < min[i])
    const full = short.length > 0 ? [] : [...open].filter((i) => wanted[i] * unit >= max[i])
    for (const i of short) fix(i, min[i])
    for (const i of full) fix(i, max[i])
    if (short.length + full.length > 0) continue
    for (const i of [...open]) fix(i, Math.floor(wanted[i] * unit))
  }
  return shares
}
