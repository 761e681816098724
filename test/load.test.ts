// load(): how often it loads, and what it refuses.
import { beforeEach, expect, it, vi } from 'vitest'

const loadWasm = vi.fn()
vi.mock('#backend', () => ({ chooseBackend: vi.fn(), loadWasm }))

/** The module anew, with nothing loaded. */
async function fresh() {
  vi.resetModules()
  return import('../lib/native/native.js')
}

beforeEach(() => {
  loadWasm.mockReset()
  let made = 0
  loadWasm.mockImplementation(async ({ wasm }) => ({ backend: 'wasm', platform: `${wasm ?? 'own'} ${++made}` }))
})

it('loads once for all calls without an option, also for those that come meanwhile', async () => {
  const { backend, load } = await fresh()
  await Promise.all([load(), load(), load({ wasm: undefined })])
  await load()
  expect(loadWasm).toHaveBeenCalledTimes(1)
  expect(backend().platform).toBe('own 1')
})

it('loads again after a failure', async () => {
  const { backend, load } = await fresh()
  loadWasm.mockRejectedValueOnce(new Error('no network'))
  await expect(Promise.all([load(), load()])).rejects.toThrow('no network')
  await load()
  expect(backend().platform).toBe('own 1')
})

it('takes the module that was asked for, whatever else is on its way', async () => {
  const { backend, load } = await fresh()
  await Promise.all([load(), load({ wasm: 'another' })])
  expect(backend().platform).toBe('another 2')
})

it.each([
  ['an address by itself', 'fewpoints.wasm', "load: options must be an object, got a string 'fewpoints.wasm'"],
  ['null', null, 'load: options must be an object, got null'],
  ['a misspelled name', { wsam: 'x' }, "load: unknown option 'wsam'; the only one is wasm"],
  ['a number', { wasm: 5 }, "load: option 'wasm' must be a URL, bytes or a module, got 5"],
])('refuses %s', async (_, options, message) => {
  const { load } = await fresh()
  await expect(load(options as object)).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_OPTION', message })
  expect(loadWasm).not.toHaveBeenCalled()
})
