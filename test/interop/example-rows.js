import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './child.js'
import { installed } from './install.js'
import { expect, row } from './report.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const own = `${installed}examples/`
const bin = (path) => `${installed}node_modules/${path}`

/** How the user of each test framework starts it. */
const frameworks = [
  {
    client: 'Jest',
    peer: 'jest',
    file: 'jest.test.mjs',
    args: [
      '--experimental-vm-modules',
      bin('jest/bin/jest.js'),
      '--rootDir',
      own,
      '--testMatch',
      '**/*.test.mjs',
      '--',
    ],
    passed: /Tests: +(\d+) passed, \1 total/,
  },
  {
    client: 'Playwright',
    peer: '@playwright/test',
    file: 'playwright.spec.mjs',
    args: [bin('@playwright/test/cli.js'), 'test', '--reporter=line', '--workers=1'],
    passed: /(\d+) passed/,
  },
  {
    client: 'MSAL Node',
    peer: '@azure/msal-node',
    file: 'msal-node.test.mjs',
    args: ['--test', '--test-reporter=tap'],
    passed: /# pass (\d+)\n# fail 0/,
  },
]

/** Rows for the examples that need a peer: run where a user of the package would have them, beside the peers in `node_modules`. */
export async function exampleRows(peers) {
  if (existsSync(bin('jest'))) layOut()
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_NO_WARNINGS: '1', CI: '1' }
  for (const { client, peer, file, args, passed } of frameworks) {
    const label = `${client} ${peers[peer].version ?? ''}`.trim()
    await row(
      { client: label, user: '–', path: `examples/testing/${file}`, needs: { [peer]: peers[peer] } },
      async () => {
        const { code, stdout, stderr } = await run(process.execPath, [...args, file], {
          cwd: own,
          env,
          timeoutMs: 60_000,
        })
        const [, count] = passed.exec(`${stdout}\n${stderr}`) ?? []
        expect(code === 0 && Number(count) > 1, `ended with ${code}: ${`${stdout} ${stderr}`.trim().slice(-300)}`)
        return `${count} tests passed`
      },
    )
  }
  const needs = Object.fromEntries(frameworks.map(({ peer }) => [peer, peers[peer]]))
  await row({ client: 'TypeScript', user: '–', path: 'the types of examples/testing/*.mjs', needs }, async () => {
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--checkJs',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
    ]
    const files = [...frameworks.map(({ file }) => file), 'node-test.test.mjs']
    const tsc = `${root}node_modules/typescript/bin/tsc`
    const { code, stdout } = await run(process.execPath, [tsc, ...options, '--types', 'node', ...files], {
      cwd: own,
      env,
      timeoutMs: 90_000,
    })
    expect(code === 0, stdout.trim().slice(0, 300))
    return `${files.length} files without an error`
  })
}

function layOut() {
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  cpSync(`${root}examples/testing`, own, { recursive: true })
  const link = bin('ropc-client')
  rmSync(link, { force: true })
  symlinkSync(root, link, 'junction')
}
