// Sums are right to the last bits, in one piece and in several.
import { expect, it } from 'vitest'
import { CompensatedSum, compensatedSum, sumOfTerms } from '../lib/compensated-sum.js'
import { uniform } from './fixtures.js'

const MANY = 100_000

it('a sum has the rounding of one addition, where a plain one has that of all', () => {
  const values = Float64Array.from({ length: MANY }, () => 0.1)
  const exact = MANY * 0.1
  expect(values.reduce((sum, value) => sum + value, 0)).not.toBe(exact)
  expect(compensatedSum(values)).toBe(exact)
  expect(sumOfTerms(MANY, (i) => values[i])).toBe(exact)
})

it('a small term stays beside large ones that cancel, wherever it stands', () => {
  for (const values of [
    [1e100, 1, -1e100],
    [1, 1e100, -1e100],
    [1e100, -1e100, 1],
  ]) {
    expect(compensatedSum(values)).toBe(1)
  }
})

it('a sum goes on from its state with the same bits', () => {
  const values = uniform(MANY, 1)
  const first = new CompensatedSum().addAll(values, 1234)
  const rest = new CompensatedSum(first.state)
  for (const value of values.subarray(1234)) rest.add(value)
  expect(rest.value).toBe(compensatedSum(values))
})
