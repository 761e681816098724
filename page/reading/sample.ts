// A file to try the page with: clusters and a curved band in the plane, a third column that depends on both, and names.
import { randomNumbers } from '#dist/plot/random.js'

const ROWS = 100_000
const SEED = 1

const CLUSTERS = [
  { name: 'north', share: 0.3, x: 3.2, y: 6.4, sx: 0.8, sy: 0.5, turn: 0.6 },
  { name: 'east', share: 0.25, x: 7.4, y: 5.2, sx: 0.5, sy: 1.1, turn: -0.4 },
  { name: 'south', share: 0.15, x: 5.2, y: 2.2, sx: 1.3, sy: 0.35, turn: 0.15 },
]

/** The same 100,000 rows each time, as a CSV file. */
export function sampleFile(): File {
  const random = randomNumbers(SEED)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const lines = ['x,y,height,group']
  for (let i = 0; i < ROWS; i++) {
    const { name, x, y } = place(random, normal)
    const height = 2 + Math.sin(x) + 0.3 * y + 0.2 * normal()
    lines.push(`${x.toFixed(4)},${y.toFixed(4)},${height.toFixed(4)},${name}`)
  }
  return new File([`${lines.join('\n')}\n`], 'sample.csv', { type: 'text/csv' })
}

function place(random: () => number, normal: () => number): { name: string; x: number; y: number } {
  let rest = random()
  for (const { name, share, x, y, sx, sy, turn } of CLUSTERS) {
    if (rest < share) {
      const [a, b] = [sx * normal(), sy * normal()]
      return { name, x: x + a * Math.cos(turn) - b * Math.sin(turn), y: y + a * Math.sin(turn) + b * Math.cos(turn) }
    }
    rest -= share
  }
  const angle = Math.PI * (0.9 + 1.2 * random())
  const radius = 4.2 + 0.15 * normal()
  return { name: 'band', x: 5.2 + radius * Math.cos(angle), y: 4.6 + 0.9 * radius * Math.sin(angle) }
}
