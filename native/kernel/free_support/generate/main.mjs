// Makes ../rules.cpp, the rules of free nodes. Every machine makes the same bytes.
//   node native/kernel/free_support/generate/main.mjs            writes it, and prints what was found
//   node native/kernel/free_support/generate/main.mjs --check    compares it
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { conditioning, fit } from './fit.mjs'
import { RULES } from './list.mjs'
import { momentRows } from './space.mjs'

const FILE = fileURLToPath(new URL('../rules.cpp', import.meta.url))

// The best conditioned of the rules that all starts find.
export function makeRule({ dimension, order, count, starts, invariants = false }) {
  const rows = momentRows(dimension, order, invariants)
  const needed = momentRows(dimension, order, false)
  const random = randomNumbers(1000 * dimension + order)
  let best = { conditioning: Infinity }
  let found = 0
  for (let trial = 0; trial < starts; trial++) {
    const rule = fit(rows, dimension, count, random)
    if (rule === undefined) continue
    found++
    const value = conditioning(needed, dimension, rule)
    if (value < best.conditioning) best = { ...rule, conditioning: value }
  }
  if (found === 0) throw new Error(`no rule of order ${order} in ${dimension} columns with ${count} nodes was found`)
  return { ...best, dimension, order, count, moments: needed.length, found, starts }
}

// Mulberry32: numbers in [0, 1).
function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// The arrays of one rule. Decimals are the shortest that are read as the same double.
export function arraysOf({ dimension, order, points, weights }) {
  const rows = []
  for (let at = 0; at < points.length; at += dimension)
    rows.push(`    ${points.subarray(at, at + dimension).join(', ')},`)
  return [
    `constexpr double ${nameOf('kPoints', dimension, order)}[] = {`,
    ...rows,
    '};',
    `constexpr double ${nameOf('kWeights', dimension, order)}[] = {`,
    ...[...weights].map((weight) => `    ${weight},`),
    '};',
  ].join('\n')
}

function nameOf(kind, dimension, order) {
  return `${kind}_${dimension}_${order}`
}

function source(rules) {
  const entries = rules.map(({ dimension, order, count }) => {
    const arrays = ['kPoints', 'kWeights'].map((kind) => nameOf(kind, dimension, order))
    return `    {${[dimension, order, count, ...arrays].join(', ')}},`
  })
  return `// Generated data. \`node native/kernel/free_support/generate/main.mjs\` makes this file.
#include "free_support/rules.hpp"

#include <algorithm>
#include <iterator>

namespace fewpoints {
namespace {

// clang-format off
${rules.map(arraysOf).join('\n')}

constexpr FreeRule kRules[] = {
${entries.join('\n')}
};
// clang-format on

}  // namespace

const FreeRule* free_rule(int dimension, int order) noexcept {
  const auto* const found = std::find_if(std::begin(kRules), std::end(kRules), [&](const FreeRule& rule) {
    return rule.dimension == dimension && rule.order == order;
  });
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace fewpoints
`
}

function main(check) {
  console.log('m  k  moments  nodes  found   conditioning  residual')
  const rules = RULES.map((wanted) => {
    const rule = makeRule(wanted)
    const { dimension, order, moments, count, found, starts } = rule
    const cells = [
      `${dimension}`,
      `${order}`.padStart(3),
      `${moments}`.padStart(8),
      `${count}`.padStart(6),
      `${found}/${starts}`.padStart(9),
      rule.conditioning.toFixed(3).padStart(9),
      rule.residual.toExponential(1).padStart(12),
    ]
    console.log(cells.join(' '))
    return rule
  })
  const text = source(rules)
  const numbers = rules.reduce((sum, { points, weights }) => sum + points.length + weights.length, 0)
  console.log(`${rules.length} rules, ${numbers} numbers, ${8 * numbers} bytes`)
  if (!check) writeFileSync(FILE, text)
  else if (readFileSync(FILE, 'utf8') !== text) {
    console.error(`${FILE} is not what this program makes`)
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes('--check'))
