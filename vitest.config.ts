import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: the tests load the addon as a program does, and terminate worker threads of their own.
    pool: 'forks',
    // Every computation uses all cores by itself; more processes than this only make each other slow.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 600_000, // a hook may compile the addon
  },
})
