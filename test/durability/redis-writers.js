// Processes that write to a Redis, and what is left of it afterwards: for redis-nightly.js beside it. Started itself, as
// `node redis-writers.js '{"port":…}'`, it is one of these processes: it says `ready`, waits for a line, and then says
// `ack <number> <user>` for each write that is done, or `error <number> <code>`.
import { spawn, spawnSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = process.env.ROPC_DIST ?? new URL('../../dist', import.meta.url).href
const { createRedisStore, entityKey } = await import(`${root}/cache.js`)
const program = fileURLToPath(import.meta.url)
const host = '127.0.0.1'

export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

/** A server on loopback that keeps nothing on disk. @returns Its port, and what ends it. */
export async function startRedis() {
  const port = await freePort()
  const settings = ['--bind', host, '--save', '', '--appendonly', 'no', '--loglevel', 'warning']
  const child = spawn('redis-server', ['--port', String(port), ...settings], { stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  return { port, stop: () => child.kill('SIGKILL') }
}

/** A connection with a store over it; of either package, for both must keep what they promise. */
export async function openStore(port, library = 'redis') {
  if (library === 'ioredis') {
    // Loaded when it is needed: it is most of what a process takes to start.
    const { Redis } = await import('ioredis')
    const client = new Redis({ host, port })
    return { client, store: createRedisStore(client), close: () => client.disconnect() }
  }
  const { createClient } = await import('redis')
  const client = createClient({ socket: { host, port, reconnectStrategy: 20 } })
  client.on('error', () => undefined)
  await client.connect()
  return { client, store: createRedisStore(client), close: () => client.destroy() }
}

/**
 * Starts processes, lets them go together, and waits for all of them. Each writes under a client id of its own, every other
 * one with the other library.
 *
 * @param options `port`, `processes`, `count` of writes of each, `users` who take turns, `kind` of what one write stores: an
 * `entity` or a `sign-in` of four; `inFlight` at once; `kills` of the processes at a random moment.
 * @returns For each its complaints, and by user and client id the number of the last write that was acknowledged.
 */
export async function runWriters({ processes, kills = 0, ...options }) {
  const writers = Array.from({ length: processes }, (_, index) =>
    startWriter({ ...options, clientId: `c${index}`, index }),
  )
  await Promise.all(writers.map(({ ready }) => ready))
  for (const { go } of writers) go()
  await Promise.all(
    writers.slice(0, kills).map(async (writer, index) => {
      // A different moment in the life of each.
      await writer.reached(1 + Math.floor((options.count * index) / processes))
      await delay(Math.random() * 20)
      writer.kill()
    }),
  )
  await Promise.all(writers.map(({ ended }) => ended))
  return writers
}

function startWriter(options) {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const acknowledged = new Map()
  const complaints = []
  const waiting = new Set()
  let isReady = () => {}
  const ready = new Promise((resolve) => (isReady = resolve))
  let acks = 0
  let wasKilled = false
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, number, ...names] = line.split(' ')
    if (word === 'ready') isReady()
    else if (word === 'ack') {
      acks++
      const what = names.join(' ')
      acknowledged.set(what, Math.max(Number(number), acknowledged.get(what) ?? 0))
    } else complaints.push(line)
    for (const { wanted, resolve } of waiting) if (acks >= wanted) resolve()
  })
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      if (code !== 0 && !(wasKilled && signal === 'SIGKILL')) complaints.push(`ended with ${code ?? signal}`)
      isReady()
      for (const { resolve: wake } of waiting) wake()
      resolve()
    })
  })
  return {
    acknowledged,
    complaints,
    ready,
    ended,
    go: () => child.stdin.write('go\n'),
    kill() {
      wasKilled = true
      child.kill('SIGKILL')
    },
    reached: (wanted) =>
      acks >= wanted ? Promise.resolve() : new Promise((resolve) => waiting.add({ wanted, resolve })),
  }
}

/**
 * What was acknowledged and is not there: of each user and client the last write or a later one, whole; and of users who
 * signed in the account, to be found by its name, and its index living as long as it.
 */
export async function lostWrites({ port, kind }, writers) {
  const { client, store, close } = await openStore(port)
  const lost = []
  const partitions = new Map()
  for (const { acknowledged } of writers) {
    for (const [what, number] of acknowledged) {
      const [user, clientId] = what.split(' ')
      if (!partitions.has(user)) partitions.set(user, [...(await store.read(user)).values()])
      const own = partitions.get(user).filter((entity) => entity.clientId === clientId)
      const numbers = own.map(({ secret }) => Number(secret.split(' ')[1]))
      const isWhole =
        numbers.length === tokens[kind] && numbers.every((found) => found >= number && found === numbers[0])
      if (!isWhole) lost.push(`${number} of ${what}: ${numbers}`)
    }
  }
  if (kind === 'sign-in') {
    for (const [user, entities] of partitions) lost.push(...(await lostNames({ client, store }, user, entities)))
  }
  close()
  return lost
}

/** How many tokens one write stores. */
const tokens = { entity: 1, 'sign-in': 3 }

async function lostNames({ client, store }, user, entities) {
  const account = entities.find((entity) => entity.kind === 'Account')
  if (account === undefined) return [`the account of ${user}`]
  const found = [
    ...(await store.findPartitions('username', account.username.toUpperCase())),
    ...(await store.findPartitions('localAccountId', account.localAccountId)),
  ]
  const left = await client.pTTL(`entra:{${user}}`)
  const linked = await client.pTTL(`entra:i:["localAccountId","${account.localAccountId}"]`)
  const isFound = found.length === 2 && found.every((name) => name === user)
  return isFound && left > 0 && linked >= left ? [] : [`the name of ${user}: ${found}, ${left} ms, index ${linked} ms`]
}

async function write({ port, index, clientId: name, count, users, kind, inFlight = 4 }) {
  const { store } = await openStore(port, index % 2 === 0 ? 'redis' : 'ioredis')
  const say = (line) => writeSync(1, `${line}\n`)
  await store.read('nobody')
  say('ready')
  for await (const _ of createInterface({ input: process.stdin })) break
  let next = 0
  const writeOn = async () => {
    while (next < count) {
      const number = next++
      const user = `user-${(number * 7 + index) % users}.t`
      const clientId = kind === 'entity' ? `${name}-${number}` : name
      const entities = signIn(user, clientId, number).slice(-tokens[kind] - (kind === 'sign-in' ? 1 : 0))
      try {
        await store.apply(user, { put: Object.fromEntries(entities.map((entity) => [entityKey(entity), entity])) })
        say(`ack ${number} ${user} ${clientId}`)
      } catch (error) {
        say(`error ${number} ${error.code ?? error.name}`)
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, writeOn))
  process.exit()
}

/** What one sign-in stores. Each token says which write it is of. */
function signIn(homeAccountId, clientId, number) {
  const of = { homeAccountId, environment: 'login.windows.net' }
  const at = Math.floor(Date.now() / 1000)
  const names = { localAccountId: `local-${homeAccountId}`, username: `${homeAccountId}@contoso.example` }
  const credential = { ...of, clientId, secret: `${clientId} ${number}` }
  const times = { cachedAt: at, expiresOn: at + 86_400 }
  return [
    { ...of, kind: 'Account', tenantId: 't', ...names },
    { ...credential, kind: 'IdToken', tenantId: 't' },
    { ...credential, kind: 'AccessToken', tenantId: 't', scopes: ['User.Read'], ...times },
    { ...credential, kind: 'RefreshToken', cachedAt: at },
  ]
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

if (process.argv[1] === program) await write(JSON.parse(process.argv[2]))
