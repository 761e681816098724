// Objects whose linear columns (labels, outgoing weights) have few different rows, as one-hot labels do.

import { uint32s } from '../native/memory.js'
import type { LinearObjects } from './plan.js'

export interface LabelClasses {
  /** Of each class: its objects, ascending. Objects of weight 0 are in none. */
  rows: Uint32Array[]
  /** Of each class: the sum of the weights, in units of the largest weight. */
  masses: number[]
}

/**
 * The classes of equal labels, in the order in which they first appear; undefined when there are more than `most`. Then
 * every function of the labels is a sum over classes, and there are no more moments to keep than {1, labels} has.
 */
export function classesOf(objects: LinearObjects, most: number): LabelClasses | undefined {
  const { rows, count, nonlinear, linear, weights } = objects
  const width = nonlinear + linear
  const equal = (i: number, j: number) => {
    for (let a = nonlinear; a < width; a++) if (rows[i * width + a] !== rows[j * width + a]) return false
    return true
  }
  // Labels that are equal have equal keys; different ones hardly ever have.
  const key = (row: number) => {
    let sum = 0
    for (let a = 0; a < linear; a++) sum += rows[row * width + nonlinear + a] * Math.cos(1 + a)
    return sum
  }
  const known = new Map<number, number[]>()
  const firsts: number[] = []
  const masses: number[] = []
  const counts: number[] = []
  const classOf = new Int32Array(count).fill(-1)
  const unit = weights ? weights.reduce((most, weight) => Math.max(most, weight), 0) : 1
  for (let i = 0; i < count; i++) {
    const weight = weights ? weights[i] : 1
    if (weight === 0) continue
    const label = key(i)
    let candidates = known.get(label)
    if (!candidates) known.set(label, (candidates = []))
    let found = candidates.find((c) => equal(firsts[c], i))
    if (found === undefined) {
      found = firsts.length
      if (found === most) return undefined
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
 * `size` in shares proportional to `wanted`, whole numbers, none below its least nor above its most. The sum of `least`
 * must not be above `size`.
 */
export function sharesOf(size: number, wanted: number[], least: number[], most: number[]): number[] {
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
    // First those that need more than their part: what is left then still suffices for the others.
    const short = [...open].filter((i) => wanted[i] * unit < least[i])
    const full = short.length > 0 ? [] : [...open].filter((i) => wanted[i] * unit >= most[i])
    for (const i of short) fix(i, least[i])
    for (const i of full) fix(i, most[i])
    if (short.length + full.length > 0) continue
    for (const i of [...open]) fix(i, Math.floor(wanted[i] * unit))
  }
  return shares
}
