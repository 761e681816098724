// node.ts for browsers.

export const PACKAGE_ROOT = ''

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice('[object '.length, -1)

export const isFloat32Array = (value: unknown): value is Float32Array =>
  ArrayBuffer.isView(value) && tagOf(value) === 'Float32Array'
export const isFloat64Array = (value: unknown): value is Float64Array =>
  ArrayBuffer.isView(value) && tagOf(value) === 'Float64Array'
export const isSharedArrayBuffer = (value: unknown): value is SharedArrayBuffer => tagOf(value) === 'SharedArrayBuffer'

/** The WebAssembly build has one. */
export const usualThreads = () => 1

/** No browser tells. */
export const memoryToHave = () => Number.POSITIVE_INFINITY
export const memoryInAll = () => Number.POSITIVE_INFINITY
