// Counts the bytes of all typed arrays that are made by `new`, also of those that live for a moment only: a false
// length in a hostile file asks for such arrays. Other memory shows in the peak of the process.

// Asking for the peak takes as long as reading a small file. 64 MiB cannot be filled in less time than this.
const SOONEST = 5 // ms
const CALLS = 64

const NAMES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]

/** Counts from now until `stop`. Arrays that are views of a buffer cost nothing. */
export function startMeter() {
  let bytes = 0
  const plain = NAMES.map((name) => [name, globalThis[name]])
  for (const [name, type] of plain) {
    const metered = new Proxy(type, {
      construct(target, values, newTarget) {
        const [first] = values
        const length = typeof first === 'number' ? first : first instanceof ArrayBuffer ? 0 : (first?.length ?? 0)
        bytes += length * target.BYTES_PER_ELEMENT
        return Reflect.construct(target, values, newTarget === metered ? target : newTarget)
      },
    })
    globalThis[name] = metered
  }
  const plainBuffer = globalThis.ArrayBuffer
  const meteredBuffer = new Proxy(plainBuffer, {
    construct(target, values, newTarget) {
      bytes += Number(values[0] ?? 0)
      return Reflect.construct(target, values, newTarget === meteredBuffer ? target : newTarget)
    },
  })
  globalThis.ArrayBuffer = meteredBuffer
  let [before, peak, calls] = [0, peakMemory(), 0]
  return {
    begin() {
      before = bytes
    },
    /** The bytes since `begin`, which was `time` milliseconds ago. */
    end(time) {
      if (time < SOONEST && ++calls % CALLS !== 0) return { arrays: bytes - before, memory: 0 }
      const last = peak
      peak = peakMemory()
      return { arrays: bytes - before, memory: peak - last }
    },
    stop() {
      for (const [name, type] of plain) globalThis[name] = type
      globalThis.ArrayBuffer = plainBuffer
    },
  }
}

/** The most memory that the process has had so far, in bytes. */
function peakMemory() {
  return process.resourceUsage().maxRSS * 1024
}
