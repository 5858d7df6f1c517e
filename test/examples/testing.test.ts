import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

// The others need peers: `npm run test:interop` runs them.
describe('examples/testing/vitest.test.ts', async () => {
  await import('../../examples/testing/vitest.test.ts')
})

it('examples/testing/node-test.test.mjs runs in node:test', async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  if (!existsSync(`${root}dist/simulator.js`))
    throw new Error('run "npm run build" first: this tests what is published')
  const { NODE_OPTIONS: _, ...env } = process.env
  const args = ['--no-warnings', '--test', '--test-reporter=tap', 'examples/testing/node-test.test.mjs']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
  expect(stdout).toMatch(/# pass 3\n# fail 0/)
})
