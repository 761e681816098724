import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`lib/${path}`, import.meta.url))
// package.json names the compiled files. The tests run the sources.
const alias = { '#platform': source('platform/node.ts'), '#backend': source('native/choose-node.ts') }

// Processes, not threads: the tests load the addon as a program does, and terminate worker threads of their own.
const shared = { pool: 'forks', testTimeout: 120_000, hookTimeout: 600_000 } as const // a hook may compile the addon

// What these files test is the same whatever computes, or they choose it by themselves: builds, packages, documents,
// figures, formats of files, other programs. Of the command line cli-stream remains.
const WHATEVER_COMPUTES = [
  ...[
    'attention',
    'backend',
    'batch',
    'browser',
    'checkpoint',
    'cli',
    'cli-!(stream)',
    'commands',
    'compensated-sum',
    'docs',
    'faults',
    'free-rules',
    'fuzz-found',
    'layout',
    'load',
    'moved',
    'package',
    'page',
    'picture',
    'rows',
    'site',
    'small-stacks',
  ],
  // The accuracy of results: test/wasm.test.ts checks that they have the bits of the native build with FEWPOINTS_ISA=v2.
  ...['data', 'free', 'hard', 'recombine'],
  ...['stage', 'wasm', 'workflows', 'figures*', 'io-!(csv)', 'duckdb', 'redis', 'slurm'],
].map((name) => `test/${name}.test.ts`)

const module = fileURLToPath(new URL('dist/wasm/fewpoints.wasm', import.meta.url))
const hasWasm = existsSync(module)
if (!hasWasm)
  console.warn(`left out, because ${module} is not built: the tests with WebAssembly (npm run compile:wasm)`)
// What calls the addon of native/bench, which is built before.
const OF_BENCH_ADDON = ['test/attention.test.ts', 'test/commands.test.ts']
const OF_WASM = ['test/browser.test.ts', 'test/wasm.test.ts']

const wasm = {
  resolve: { alias },
  test: {
    ...shared,
    name: 'wasm',
    include: ['test/**/*.test.ts'],
    exclude: WHATEVER_COMPUTES,
    env: { FEWPOINTS_BACKEND: 'wasm' },
  },
}

export default defineConfig({
  test: {
    // Every computation uses all cores by itself. One more than two, because many tests wait for a program.
    maxWorkers: 3,
    projects: [
      {
        resolve: { alias },
        test: {
          ...shared,
          name: 'native',
          include: ['test/**/*.test.ts'],
          exclude: [...OF_BENCH_ADDON, ...(hasWasm ? [] : OF_WASM)],
        },
      },
      {
        resolve: { alias },
        // Whole benchmarks in small: tens of seconds each, where three run at once.
        test: {
          ...{ ...shared, testTimeout: 300_000 },
          name: 'bench',
          globalSetup: 'test/build-bench-addon.ts',
          include: OF_BENCH_ADDON,
        },
      },
      ...(hasWasm ? [wasm] : []),
    ],
  },
})
