// The calls of the benchmark `wasm`, for Node and for a browser alike, with numbers that every engine makes alike.

function numbers(length) {
  let state = 1
  return Float64Array.from({ length }, () => {
    state = (state * 48271) % 2147483647
    return (2 * state) / 2147483647 - 1
  })
}

/** By name, what is measured. d: the number of points of the large sets. */
export function callsOf(fewpoints, d) {
  const two = numbers(2 * d)
  const three = numbers(3 * d)
  const size = Math.ceil(d / 10)
  const compress = (points, dimension, order, quality) => () =>
    fewpoints.compressSync(points, { dimension, order, size, quality, threads: 1 })
  const plane = { dimension: 2, order: 5, threads: 1 }
  const columns = 300
  const features = numbers(20_000 * columns)
  for (let i = 0; i < 20_000; i++) features[i * columns] = 1
  const few = numbers(3 * 50_000)
  const space = { dimension: 3, order: 6, threads: 1 }
  const weights = few.subarray(0, 50_000).map((x) => 1 + x / 50)
  const network = {
    ...{ inputs: 2, width: 1000, outputs: 1 },
    ...{ hidden: numbers(2000), bias: numbers(1000), output: numbers(1000), outputBias: numbers(1) },
  }
  const rows = { x: two.subarray(0, 2 * 4096), y: two.subarray(0, 4096) }
  const train = (activation, precision) => () =>
    fewpoints.trainNetworkSync({ ...network, activation }, rows, { epochs: 1, batchSize: 512, precision, threads: 1 })
  return {
    'compress, 2 columns, order 2': compress(two, 2, 2, 'fast'),
    'compress, 2 columns, order 5': compress(two, 2, 5, 'fast'),
    'compress, 2 columns, order 8': compress(two, 2, 8, 'fast'),
    'compress, 3 columns, order 5': compress(three, 3, 5, 'fast'),
    "compress, 2 columns, order 5, 'best'": compress(two, 2, 5, 'best'),
    'moments, order 5': () => fewpoints.momentsSync(two, { ...plane, basis: 'legendre' }),
    'verify, order 5': () => fewpoints.verifySync(two, two, plane),
    'recombine 20,000 x 300': () =>
      fewpoints.recombineSync({ data: features, shape: [20_000, columns] }, { threads: 1 }),
    'nnls 300 x 600': () =>
      fewpoints.nnlsSync(features.subarray(0, 180_000), few.subarray(0, 300), { rows: 300, columns: 600, threads: 1 }),
    'matchMoments 50,000 x 3, order 6': () =>
      fewpoints.matchMomentsSync(few, fewpoints.momentsSync(few, { ...space, weights, basis: 'legendre' }), {
        ...space,
        basis: 'legendre',
      }),
    'train relu, float32': train('relu', 'float32'),
    'train tanh, float64': train('tanh', 'float64'),
  }
}

/** The fastest of so many calls, in milliseconds, or of as many as begin within two seconds. */
export function fastest(call, trials) {
  let best = Number.POSITIVE_INFINITY
  const last = performance.now() + 2000
  for (let i = 0; i < trials && (i === 0 || performance.now() < last); i++) {
    const begin = performance.now()
    call()
    best = Math.min(best, performance.now() - begin)
  }
  return best
}
