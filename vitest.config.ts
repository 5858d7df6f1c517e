import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import { LastLineReporter } from './test/last-line-reporter.ts'
import { SlowFirst } from './test/slow-first.ts'

const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

const core = ['protocol', 'realm', 'wstrust', 'cache']

// A browser is not npm's to install, and takes a quarter of the time of all other tests: CI runs these in a step of their own.
const inBrowser = 'test/browser/**/*.test.ts'

export default defineConfig(({ mode }) => ({
  // The examples import the package by its name, and are to be tested as they are now, not as they were built.
  resolve: {
    alias: [
      { find: /^ropc-client$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
      { find: /^ropc-client\/(.*)$/, replacement: new URL('src/$1.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: mode === 'browser' ? [inBrowser] : ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/interop/**', ...(mode === 'browser' ? [] : [inBrowser])],
    setupFiles: ['test/walk-errors.ts', 'test/seed.ts'],
    reporters: ['default', new LastLineReporter()],
    sequence: { sequencer: SlowFirst },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // No test file replaces modules or leaves a global behind: a fresh worker for each would cost a third of the time.
    isolate: false,
    // One more than cores: much of the time a worker waits for a deadline, a browser or a process.
    maxWorkers: Math.max(3, availableParallelism()),
    coverage: {
      provider: 'v8',
      // The pure core is cheap to cover; the rest has no number, and to count it takes longer than to count the core.
      include: core.map((folder) => `src/${folder}/**/*.ts`),
      // Only a real server can tell whether its store is right; without one, its tests are skipped, and so is its floor.
      exclude: hasRedisServer ? [] : ['src/cache/stores/redis*.ts'],
      // With the lines that are missing, by file.
      reporter: ['text-summary', ['text', { skipFull: true }]],
      thresholds: Object.fromEntries(core.map((folder) => [`src/${folder}/**`, { lines: 100, functions: 100 }])),
    },
  },
}))
