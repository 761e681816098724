// What computes in this run of the tests: vitest.config.ts has a project for each.
export const IS_WASM: boolean = process.env.FEWPOINTS_BACKEND === 'wasm'
