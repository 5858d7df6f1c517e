import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import { LastLineReporter } from './test/last-line-reporter.ts'

const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

export default defineConfig({
  // The examples import the package by its name, and are to be tested as they are now, not as they were built.
  resolve: {
    alias: [
      { find: /^ropc-client$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
      { find: /^ropc-client\/(.*)$/, replacement: new URL('src/$1.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/interop/**'],
    setupFiles: ['test/walk-errors.ts'],
    reporters: ['default', new LastLineReporter()],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // No test file replaces modules or leaves a global behind: a fresh worker for each would cost a third of the time.
    isolate: false,
    // Vitest leaves one core idle; with two that is half the machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Only a real server can tell whether its store is right; without one, its tests are skipped, and so is its floor.
      exclude: hasRedisServer ? [] : ['src/cache/stores/redis*.ts'],
      reporter: ['text-summary'],
      // The pure core is cheap to cover; the rest has no number.
      thresholds: Object.fromEntries(
        ['protocol', 'realm', 'wstrust', 'cache'].map((folder) => [`src/${folder}/**`, { lines: 100, functions: 100 }]),
      ),
    },
  },
})
