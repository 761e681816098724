/**
 * Seeded pseudo-random numbers, so that everybody gets the same demo and the same benchmarks. By mulberry32, whose
 * period of 2^32 is enough for both.
 *
 * @param {number} seed an integer
 * @returns {{ uniform: () => number, normal: () => number, below: (n: number) => number }}
 *   `uniform` in [0, 1), `normal` of mean 0 and variance 1, `below(n)` an integer in [0, n)
 */
export function random(seed) {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal, below: (n) => Math.floor(n * uniform()) }
}
