// Trainings that are watched or stopped.
import { getEventListeners, once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { type EpochReport, trainNetwork, trainNetworkSync } from '../lib/index.js'
import { PACKAGE_ROOT } from '../lib/native/addon.js'
import { network, rows } from './plain-training.js'

const net = network(20)
const data = rows(100)

describe('onEpoch', () => {
  const options = { epochs: 5, evaluateEvery: 2 } as const

  it('is told every evaluation', async () => {
    for (const test of [undefined, rows(20)]) {
      const seen: EpochReport[] = []
      const history = await trainNetwork(net, data, { ...options, test, onEpoch: (report) => void seen.push(report) })
      const now: EpochReport[] = []
      trainNetworkSync(net, data, { ...options, test, onEpoch: (report) => void now.push(report) })
      expect(now).toEqual(seen)
      expect(seen.map(({ epoch }) => epoch)).toEqual([...history.epochs])
      expect(seen.map(({ trainLoss }) => trainLoss)).toEqual([...history.trainLoss])
      expect(seen.map(({ testLoss }) => testLoss)).toEqual(
        history.testLoss ? [...history.testLoss] : Array(4).fill(undefined),
      )
      expect(seen[0].network).toEqual(net)
      expect(seen[3].network).toEqual(history.network)
      expect(seen[3].state).toEqual(history.state)
      const fields = ['epoch', 'network', 'state', 'trainLoss']
      expect(Object.keys(seen[1]).sort()).toEqual(test ? [...fields, 'testLoss'].sort() : fields)
    }
  })

  it('is awaited', async () => {
    const order: string[] = []
    await trainNetwork(net, data, {
      ...options,
      onEpoch: async ({ epoch }) => {
        order.push(`begin ${epoch}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push(`end ${epoch}`)
      },
    })
    expect(order).toEqual([0, 2, 4, 5].flatMap((epoch) => [`begin ${epoch}`, `end ${epoch}`]))
  })

  it('ends the training with what it throws', async () => {
    const error = new Error('enough')
    const calls: number[] = []
    const onEpoch = ({ epoch }: EpochReport) => {
      calls.push(epoch)
      if (epoch === 2) throw error
    }
    expect(() => trainNetworkSync(net, data, { ...options, onEpoch })).toThrow(error)
    await expect(trainNetwork(net, data, { ...options, onEpoch })).rejects.toBe(error)
    const later = async (report: EpochReport) => onEpoch(report)
    await expect(trainNetwork(net, data, { ...options, onEpoch: later })).rejects.toBe(error)
    expect(calls).toEqual([0, 2, 0, 2, 0, 2])
  })

  it('must not be async where nobody waits', () => {
    const onEpoch = (async () => {}) as unknown as () => void
    expect(() => trainNetworkSync(net, data, { ...options, onEpoch })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(/'onEpoch' returned a Promise/) }),
    )
  })

  it('may use the package itself', () => {
    const losses: number[] = []
    const onEpoch = ({ network }: EpochReport) => {
      losses.push(trainNetworkSync(network, data, { epochs: 0 }).trainLoss[0])
    }
    expect([...trainNetworkSync(net, data, { ...options, onEpoch }).trainLoss]).toEqual(losses)
  })
})

describe('a signal', () => {
  const wide = network(2000)
  const many = rows(20_000)
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

  it('that is aborted already rejects with exactly its reason', async () => {
    for (const reason of [new Error('mine'), 'a word', 0]) {
      const calls: number[] = []
      const signal = AbortSignal.abort(reason)
      const promise = trainNetwork(net, data, { epochs: 2, signal, onEpoch: ({ epoch }) => void calls.push(epoch) })
      await expect(promise).rejects.toBe(reason)
      expect(calls).toEqual([])
    }
  })

  it('stops the training soon, whatever it does', async () => {
    const reason = { stop: true }
    for (const options of [{}, { batchSize: 16 }, { batchSize: 512, threads: 5 }]) {
      const controller = new AbortController()
      const promise = trainNetwork(wide, many, { epochs: 100_000, ...options, signal: controller.signal })
      setTimeout(() => controller.abort(reason), 50)
      await expect(promise).rejects.toBe(reason)
      expect(listeners(controller.signal)).toBe(0)
    }
  })

  it('stops a team of threads at any moment, and none of them waits for another without end', async () => {
    const few = rows(2000)
    for (let i = 0; i < 100; i++) {
      const controller = new AbortController()
      const promise = trainNetwork(wide, few, {
        epochs: 100_000,
        evaluateEvery: 100_000,
        batchSize: 32,
        threads: 4,
        signal: controller.signal,
      })
      setTimeout(() => controller.abort('now'), 5 + (i % 7))
      await expect(promise).rejects.toBe('now')
    }
  })

  it('may be aborted by onEpoch, also the last one', async () => {
    for (const at of [0, 2, 3]) {
      const controller = new AbortController()
      const calls: number[] = []
      const onEpoch = ({ epoch }: EpochReport) => {
        calls.push(epoch)
        if (epoch === at) controller.abort('seen')
      }
      await expect(trainNetwork(net, data, { epochs: 3, signal: controller.signal, onEpoch })).rejects.toBe('seen')
      expect(calls.at(-1)).toBe(at)
      expect(listeners(controller.signal)).toBe(0)
    }
  })

  it.each(['trainNetwork', 'trainNetworkSync'])(
    'is not needed where a worker that is in %s is terminated',
    async (call) => {
      const program = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.module).then((fewpoints) => {
        parentPort.postMessage('begins')
        fewpoints.${call}(workerData.net, workerData.data, { epochs: 1e9, evaluateEvery: 1e9, batchSize: 64, threads: 3 })
      })`
      const module = pathToFileURL(join(PACKAGE_ROOT, 'dist/index.js')).href
      const worker = new Worker(program, { eval: true, workerData: { module, net: wide, data: many } })
      await once(worker, 'message')
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await worker.terminate()).toBe(1)
      expect(trainNetworkSync(wide, many, { epochs: 1 }).epochs.length).toBe(2) // the compute thread is free again
    },
  )

  it('after the end changes nothing', async () => {
    const controller = new AbortController()
    const { epochs } = await trainNetwork(net, data, { epochs: 2, signal: controller.signal })
    expect(listeners(controller.signal)).toBe(0)
    controller.abort()
    expect(epochs.length).toBe(3)
  })
})
