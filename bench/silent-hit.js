// A token from the cache, through the public call, for a random user.
// node bench/run.js silent-hit --sizes=1,1000 --no-msal --rounds=5 --ms=300 --real
import { cache, index } from './dist.js'
import { byTurns, randomIndices, readArguments, timeCalls } from './measure.js'
import { createMsal } from './msal.js'
import { duration, fasterRow, limitRow, report, times } from './report.js'
import { authority, clientId, fillStore, homeAccountId, msalAccount, scope } from './users.js'

const { sizes, quick, rounds = quick ? 3 : 5, ms = quick ? 150 : 300, real, 'no-msal': withoutMsal } = readArguments()
const profile = real ? 'real' : 'small'
const targets = new Map([
  [1, 30],
  [1_000, 500],
  [100_000, 50_000],
])
/** MSAL Node needs 850 ms a hit at 100,000 users, and more memory than there is at a million. */
const msalUpTo = 100_000

const defaultSizes = quick ? '1,1000,10000,100000' : '1,1000,100000,1000000'

async function measureSize(size) {
  const store = cache.createMemoryStore()
  await fillStore(store, cache.entityKey, size, profile)
  const client = index.createRopcClient({ clientId, authority, store })
  const scopes = [scope]
  // As a session would hold them: texts of their own, not the very objects that are the keys of the store.
  const picks = randomIndices(Math.min(size, 200_000), size)
  const accounts = picks.map((user) => ({ ...msalAccount(user), homeAccountId: ownText(homeAccountId(user)) }))
  const hit = (call) => client.acquireTokenSilent({ account: accounts[call % accounts.length], scopes })
  const first = await hit(0)
  if (first.source !== 'cache' || first.account?.homeAccountId !== accounts[0].homeAccountId) throw new Error('no hit')

  const bare = new Map(Array.from({ length: size }, (_, user) => [homeAccountId(user), { user }]))
  const keys = picks.map((user) => ownText(homeAccountId(user)))
  let calls = 0
  let found = 0
  const measurements = {
    ours: () => timeCalls(() => hit(calls++), { ms, calls: 20 }),
    map: () => timeGets(bare, keys, ms, (value) => (found += value.user)),
  }
  const withMsal = !withoutMsal && size <= msalUpTo && !(quick && size === msalUpTo)
  if (withMsal) {
    const msal = createMsal(size, { profile })
    const msalAccounts = picks.map(msalAccount)
    const msalHit = (call) => msal.acquireTokenSilent({ account: msalAccounts[call % msalAccounts.length], scopes })
    if (!(await msalHit(0)).fromCache) throw new Error('MSAL Node has no hit')
    measurements.msal = () => timeCalls(() => msalHit(calls++), { ms, calls: 2 })
  }
  await timeCalls(() => hit(calls++), { ms: 500 })
  const { ours, map, msal } = await byTurns(Number(rounds), measurements)
  if (Number.isNaN(found)) throw new Error('unreachable: it keeps the look-ups from being optimised away')

  const users = `${size.toLocaleString('en')} ${size === 1 ? 'user' : 'users'}`
  if (msal !== undefined) report(fasterRow(`silent hit, ${users}`, ours, msal, targets.get(size)))
  else report({ what: `silent hit, ${users}`, ours: duration(ours) })
  if (size > msalUpTo) {
    report(limitRow(`silent hit, ${users}, time`, ours, 5, duration))
    const what = `silent hit, ${users}, against Map.get`
    const theirs = `${duration(map)} Map.get`
    report({ what, ours: duration(ours), theirs, result: times(ours / map), target: '≤ 25×', ok: ours / map <= 25 })
  }
}

const ownText = (text) => Buffer.from(text).toString('latin1')

function timeGets(map, keys, limitMs, use) {
  const begin = performance.now()
  let done = 0
  while (performance.now() - begin < limitMs) {
    for (let count = 0; count < 1_000; count++) use(map.get(keys[done++ % keys.length]))
  }
  return ((performance.now() - begin) / done) * 1_000
}

for (const size of String(sizes ?? defaultSizes)
  .split(',')
  .map(Number))
  await measureSize(size)
