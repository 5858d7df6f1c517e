import { configDefaults, defineConfig } from 'vitest/config'
import { LastLineReporter } from './test/last-line-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/interop/**'],
    reporters: [process.env['CI'] === 'true' ? 'default' : 'dot', new LastLineReporter()],
    testTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary'],
    },
  },
})
