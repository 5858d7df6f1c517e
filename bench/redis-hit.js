// A token from a Redis for a random user, through the public call, against the bare command and JSON.parse of the same entries.
// node bench/run.js redis-hit --size=20000 --rounds=5 --ms=300
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { cache, index } from './dist.js'
import { byTurns, randomIndices, readArguments, timeCalls } from './measure.js'
import { duration, report, times } from './report.js'
import { authority, clientId, entitiesOf, homeAccountId, msalAccount, scope } from './users.js'

const { quick, size = quick ? 2_000 : 20_000, rounds = quick ? 3 : 5, ms = quick ? 150 : 300 } = readArguments()
const host = '127.0.0.1'
const atOnce = 32

/** Fills Redis with users, as the store keeps them and as bare JSON. */
async function fill(client, count) {
  const store = cache.createRedisStore(client)
  for (let start = 0; start < count; start += 100) {
    const users = Array.from({ length: Math.min(100, count - start) }, (_, offset) => start + offset)
    await Promise.all(
      users.map(async (user) => {
        const put = Object.fromEntries(entitiesOf(user, 'real').map((entity) => [cache.entityKey(entity), entity]))
        await store.apply(homeAccountId(user), { put })
        const texts = Object.entries(put).map(([key, entity]) => [key, JSON.stringify(entity)])
        await client.hSet(bareKey(user), Object.fromEntries(texts))
      }),
    )
  }
}

const bareKey = (user) => `bare:{${homeAccountId(user)}}`

async function measureLibrary(name, client, hgetall) {
  const ropc = index.createRopcClient({ clientId, authority, store: cache.createRedisStore(client) })
  const scopes = [scope]
  const picks = randomIndices(Number(size), Number(size))
  const accounts = picks.map(msalAccount)
  const keys = picks.map(bareKey)
  const hit = (call) => ropc.acquireTokenSilent({ account: accounts[call % accounts.length], scopes })
  const bare = async (call) => {
    const fields = await hgetall(keys[call % keys.length])
    let length = 0
    for (const text of Object.values(fields)) length += JSON.parse(text).secret?.length ?? 0
    return length
  }
  const { source, accessToken } = await hit(0)
  if (source !== 'cache' || (await bare(0)) < accessToken.length) throw new Error('no hit')
  const together = (run) => (call) =>
    Promise.all(Array.from({ length: atOnce }, (_, offset) => run(call * atOnce + offset)))
  // Each goes on where it was: the same users again and again would be in the processor's caches.
  let calls = 0
  const timed = (run) => () => timeCalls(() => run(calls++), { ms: Number(ms), calls: 20 })
  await timeCalls(together(hit), { ms: 500 })
  await timeCalls(together(bare), { ms: 500 })
  const medians = await byTurns(Number(rounds), {
    ours: timed(hit),
    bare: timed(bare),
    oursTogether: timed(together(hit)),
    bareTogether: timed(together(bare)),
  })
  const users = `${Number(size).toLocaleString('en')} users`
  const against = `${duration(medians.bare)} HGETALL + JSON.parse`
  const ratio = medians.ours / medians.bare
  const verdict = { result: times(ratio), target: '≤ 1.30×', ok: ratio <= 1.3 }
  report({ what: `hit in Redis, ${name}, ${users}`, ours: duration(medians.ours), theirs: against, ...verdict })
  report({
    what: `hit in Redis, ${name}, ${users}, ${atOnce} at once`,
    ours: duration(medians.oursTogether / atOnce),
    theirs: `${duration(medians.bareTogether / atOnce)} HGETALL + JSON.parse`,
    result: times(medians.oursTogether / medians.bareTogether),
  })
}

/** A server on loopback that keeps nothing on disk, and ends with this process. @returns Its port. */
async function startRedis() {
  const port = await freePort()
  const settings = ['--bind', host, '--save', '', '--appendonly', 'no', '--loglevel', 'warning']
  const child = spawn('redis-server', ['--port', String(port), ...settings], { stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  return port
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

if (spawnSync('redis-server', ['--version']).status !== 0) {
  report({ what: 'hit in Redis', ours: 'SKIP', theirs: 'there is no redis-server' })
} else {
  const port = await startRedis()
  const nodeRedis = createClient({ socket: { host, port, reconnectStrategy: 20 } })
  nodeRedis.on('error', () => undefined)
  await nodeRedis.connect()
  await fill(nodeRedis, Number(size))
  await measureLibrary('redis', nodeRedis, (key) => nodeRedis.hGetAll(key))
  const ioRedis = new Redis({ host, port })
  await measureLibrary('ioredis', ioRedis, (key) => ioRedis.hgetall(key))
}
// Timers of the clients would keep it alive; what was reported has to leave first.
if (process.send === undefined) process.exit()
process.disconnect()
process.once('disconnect', () => process.exit())
