import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { compress, compressSync, moments, type Progress, recombine, verify } from '../lib/index.js'
import { onAbort } from '../lib/on-abort.js'
import { bitsOf, normal } from './fixtures.js'

const large = normal(200_000, 3)
const small = normal(500, 3)

interface Watchers {
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}
const calls: [string, (points: Float64Array, watchers: Watchers) => Promise<unknown>][] = [
  ['compress', (points, watchers) => compress(points, { dimension: 3, order: 4, size: 20_000, ...watchers })],
  ['moments', (points, watchers) => moments(points, { dimension: 3, order: 6, ...watchers })],
  ['recombine', (points, watchers) => recombine(points, { width: 3, ...watchers })],
  ['verify', (points, watchers) => verify(points, points, { dimension: 3, order: 6, ...watchers })],
]
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe.each(calls)('aborting %s', (_, call) => {
  it('before it starts rejects with exactly the reason', async () => {
    for (const reason of [new Error('mine'), 'a word', null, { any: 'object' }, 0]) {
      const signal = AbortSignal.abort(reason)
      const outcome = await call(small, { signal }).then(
        () => 'resolved',
        (error: unknown) => ({ error }),
      )
      expect(outcome).toEqual({ error: reason })
      expect((outcome as { error: unknown }).error).toBe(reason)
      expect(listeners(signal)).toBe(0)
    }
  })

  it('before it starts, without a reason, rejects with an AbortError', async () => {
    const signal = AbortSignal.abort()
    await expect(call(small, { signal })).rejects.toBe(signal.reason)
    expect(signal.reason).toMatchObject({ name: 'AbortError' })
  })

  it('at once after the call rejects with exactly the reason', async () => {
    const controller = new AbortController()
    const reason = { stop: true }
    const promise = call(large, { signal: controller.signal })
    expect(listeners(controller.signal)).toBe(1)
    controller.abort(reason)
    await expect(promise).rejects.toBe(reason)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('a little later rejects with exactly the reason, or finds the result ready', async () => {
    for (const delay of [0, 1, 3]) {
      const controller = new AbortController()
      const reason = new Error(`after ${delay} ms`)
      const timer = setTimeout(() => controller.abort(reason), delay)
      const outcome = await call(large, { signal: controller.signal }).then(
        () => 'resolved',
        (error: unknown) => error,
      )
      clearTimeout(timer)
      expect(outcome).toBe(controller.signal.aborted ? reason : 'resolved')
      expect(listeners(controller.signal)).toBe(0)
    }
  })

  it('after the end changes nothing', async () => {
    const controller = new AbortController()
    const result = await call(small, { signal: controller.signal })
    expect(listeners(controller.signal)).toBe(0)
    controller.abort(new Error('too late'))
    expect(result).toBeDefined()
  })

  it('leaves no listener after a failure', async () => {
    const { signal } = new AbortController()
    const spoiled = small.slice()
    spoiled[4] = Number.NaN
    await expect(call(spoiled, { signal })).rejects.toMatchObject({ code: 'ERR_NOT_FINITE' })
    expect(listeners(signal)).toBe(0)
  })

  it('stops every call on the same signal', async () => {
    const controller = new AbortController()
    const reason = new Error('all')
    const promises = Array.from({ length: 12 }, () => call(large.subarray(0, 60_000), { signal: controller.signal }))
    expect(listeners(controller.signal)).toBe(1) // Node warns of more than ten
    controller.abort(reason)
    const outcomes = await Promise.allSettled(promises)
    for (const outcome of outcomes) expect(outcome).toEqual({ status: 'rejected', reason })
    expect(listeners(controller.signal)).toBe(0)
  })
})

describe('the listener of a signal', () => {
  it('stays while any call runs, and goes with the last', async () => {
    const { signal } = new AbortController()
    // One after another.
    const [short, long] = [small, large].map((points) => compress(points, { dimension: 3, order: 4, signal }))
    await short
    expect(listeners(signal)).toBe(1)
    await long
    expect(listeners(signal)).toBe(0)
  })

  it('tells each once, and none that was forgotten', () => {
    const controller = new AbortController()
    const { signal } = controller
    const told: string[] = []
    const tell = (name: string) => () => told.push(name)
    onAbort(signal, tell('first'))
    const twice = tell('twice')
    onAbort(signal, twice)
    onAbort(signal, twice)
    const forget = onAbort(signal, tell('forgotten'))
    onAbort(signal, tell('last'))
    forget()
    forget()
    controller.abort()
    controller.abort()
    expect(told).toEqual(['first', 'twice', 'twice', 'last'])
    expect(listeners(signal)).toBe(0)
  })
})

describe('after an abort', () => {
  it('the next call gives the same bits as ever', async () => {
    const options = { dimension: 3, order: 3, size: 2000 }
    const expected = bitsOf(compressSync(large, options))
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController()
      const promise = compress(large, { ...options, signal: controller.signal })
      setTimeout(() => controller.abort(), i)
      await promise.catch(() => {})
      expect(bitsOf(await compress(large, options))).toEqual(expected)
    }
  })

  it('from AbortSignal.timeout the reason is a TimeoutError', async () => {
    const signal = AbortSignal.timeout(0)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await expect(compress(small, { dimension: 3, order: 2, signal })).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('onProgress', () => {
  const stages = ['copy', 'partition', 'recombine', 'verify']

  it('is told known stages in their order, and never more than the total', async () => {
    const seen: Progress[] = []
    await compress(large, { dimension: 3, order: 5, size: 40_000, onProgress: (progress) => seen.push(progress) })
    expect(seen.length).toBeGreaterThan(0)
    let before: Progress | undefined
    for (const progress of seen) {
      expect(Object.keys(progress).sort()).toEqual(['done', 'stage', 'total'])
      expect(stages).toContain(progress.stage)
      expect(progress.total).toBeGreaterThan(0)
      expect(progress.done).toBeGreaterThanOrEqual(0)
      expect(progress.done).toBeLessThanOrEqual(progress.total)
      if (before) {
        expect(stages.indexOf(progress.stage)).toBeGreaterThanOrEqual(stages.indexOf(before.stage))
        if (progress.stage === before.stage) expect(progress.done).toBeGreaterThanOrEqual(before.done)
      }
      before = progress
    }
  })

  it('does not change the result', async () => {
    const options = { dimension: 3, order: 3, size: 5000 }
    const watched = await compress(large, { ...options, onProgress: () => {} })
    expect(bitsOf(watched)).toEqual(bitsOf(compressSync(large, options)))
  })

  it('cancels and rejects with what it throws', async () => {
    const error = new Error('from the callback')
    let calls = 0
    const promise = compress(large, {
      dimension: 3,
      order: 5,
      size: 40_000,
      onProgress: () => {
        calls += 1
        throw error
      },
    })
    await expect(promise).rejects.toBe(error)
    expect(calls).toBe(1)
  })

  it('can abort its own job', async () => {
    const controller = new AbortController()
    const reason = { enough: true }
    const promise = compress(large, {
      dimension: 3,
      order: 5,
      size: 40_000,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    })
    await expect(promise).rejects.toBe(reason)
  })

  it('is not called after the promise is settled', async () => {
    const controller = new AbortController()
    let settled = false
    let late = 0
    const promise = compress(large, {
      dimension: 3,
      order: 4,
      size: 20_000,
      signal: controller.signal,
      onProgress: () => {
        if (settled) late += 1
      },
    })
    controller.abort()
    await promise.catch(() => {})
    settled = true
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(late).toBe(0)
  })
})
