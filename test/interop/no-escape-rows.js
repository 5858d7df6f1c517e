import { fileURLToPath } from 'node:url'
import { run } from './child.js'
import { installed } from './install.js'
import { installOnce } from './install-once.js'
import { expect, row } from './report.js'

const folder = `${installed}interceptors`
const versions = { nock: '15.0.2', msw: '2.15.0' }
// What undici does not show itself to, back to the oldest that people still use; and the next undici.
const older = {
  'nock-14-0': 'nock@14.0.0',
  'nock-13': 'nock@13.5.6',
  'msw-2-0': 'msw@2.0.0',
  'undici-8': 'undici@8.12.4',
}
const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** nock 15 needs Node 22, and so a Node of its own. */
export const interceptorPeers = [{ name: 'nock 15 and MSW', install: installInterceptors }]

async function installInterceptors() {
  const newest = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  const wanted = [...newest, ...Object.entries(older).map(([name, is]) => `${name}@npm:${is}`)]
  const missing = await installOnce(folder, wanted.join(' '), async () => {
    const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const { code, stderr } = await run('npm', [...args, ...wanted], { timeoutMs: 120_000 })
    if (code !== 0) throw new Error(`npm install ended with ${code}: ${stderr.trim().slice(-300)}`)
  })
  return missing === undefined ? { version: Object.values(versions).join(' and ') } : { missing }
}

const unreachable = 'ERR_TRANSPORT_UNREACHABLE'
/** How nock 15 answers a request that nobody told it of. */
const unknown = 'status 501'
const refused = 'ERR_TRANSPORT_INTERCEPTED'

const lookUp = 'GETADDRINFOREQWRAP'

/**
 * What becomes of two requests that have an answer, and of two more that have none; half of them are for a host with a name. What
 * reaches the network all the same is the interceptor's own doing, and never a connection.
 */
const expected = [
  { interceptor: 'nock', transport: 'https', outcomes: ['mocked', 'mocked', unknown, unknown] },
  { interceptor: 'nock', transport: 'fetch', outcomes: ['mocked', 'mocked', unknown, unknown] },
  { interceptor: 'nock', transport: 'undici', outcomes: ['mocked', 'mocked', unknown, unknown] },
  { interceptor: 'msw', transport: 'https', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
  { interceptor: 'msw', transport: 'fetch', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
  { interceptor: 'msw', transport: 'undici', outcomes: [refused, refused, refused, refused] },
  { interceptor: 'nock-14-0', transport: 'undici', outcomes: [refused, refused, refused, refused] },
  { interceptor: 'nock-13', transport: 'https', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
  { interceptor: 'nock-13', transport: 'undici', outcomes: [refused, refused, refused, refused] },
  {
    ...{ interceptor: 'msw-2-0', transport: 'https', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
    reached: [lookUp, lookUp],
  },
  { interceptor: 'msw-2-0', transport: 'undici', outcomes: [refused, refused, refused, refused] },
  { interceptor: 'undici-8', transport: 'fetch', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
  { interceptor: 'undici-8', transport: 'undici', outcomes: ['mocked', 'mocked', unreachable, unreachable] },
]

/** Rows for tests that intercept our transports: nothing reaches the network. */
export async function noEscapeRows(peers) {
  const needs = { 'nock 15 and MSW': peers['nock 15 and MSW'] }
  for (const { interceptor, transport, outcomes, reached = [] } of expected) {
    const client = older[interceptor]?.replace('@', ' ') ?? `${interceptor} ${versions[interceptor]}`
    await row(
      {
        client,
        user: '–',
        path: `the ${transport} transport, ${reached.length === 0 ? 'nothing' : 'nothing but the name'} escapes`,
        needs,
      },
      async () => {
        const seen = await runUnderNode22('no-escape.mjs', [interceptor, transport, pathOf('../../dist/transport.js')])
        expect(seen.reached.join() === reached.join(), `reached the network: ${seen.reached.join(', ')}`)
        expect(JSON.stringify(seen.outcomes) === JSON.stringify(outcomes), `got ${seen.outcomes.join(', ')}`)
        return seen.outcomes.join(', ')
      },
    )
  }
  for (const [name, path] of [
    ['managed', 'managed'],
    ['federated', 'federated'],
  ]) {
    const client = `nock ${versions.nock}`
    await row({ client, user: '–', path: `the default transport replays the cassette ${name}`, needs }, async () => {
      const seen = await runUnderNode22('nock-define.mjs', [name, pathOf('../../dist/')])
      expect(seen.reached.length === 0, `reached the network: ${seen.reached.join(', ')}`)
      expect(seen.path === path && seen.left === 0, `went ${seen.path}, ${seen.left} answers left`)
      return `${seen.username} in place of ${seen.was}`
    })
  }
}

async function runUnderNode22(script, args) {
  const all = ['-y', 'node@22', pathOf(`./clients/${script}`), ...args]
  const { code, stdout, stderr } = await run('npx', all, { cwd: folder, timeoutMs: 120_000 })
  expect(code === 0, `ended with ${code}: ${stderr.trim().slice(-300)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}
