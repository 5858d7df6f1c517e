// All signed-in users. MSAL Node's time grows with the square of their number, so it is called once.
// node bench/run.js accounts --sizes=300,1000
import { cache, index } from './dist.js'
import { readArguments, timeCalls } from './measure.js'
import { createMsal } from './msal.js'
import { fasterRow, report } from './report.js'
import { authority, clientId, fillStore } from './users.js'

const { sizes, quick } = readArguments()
const targets = new Map([[4_000, 1_000]])

async function measureSize(size) {
  const store = cache.createMemoryStore()
  await fillStore(store, cache.entityKey, size)
  const client = index.createRopcClient({ clientId, authority, store })
  const msal = createMsal(size).getTokenCache()
  const check = (accounts) => {
    if (accounts.length !== size) throw new Error(`${accounts.length} accounts of ${size}`)
  }
  const once = async () => check(await client.getAccounts())
  await timeCalls(once, { ms: 300 })
  const before = await timeCalls(once, { ms: 300 })
  const theirs = await timeCalls(async () => check(await msal.getAllAccounts()), { ms: 0 })
  const after = await timeCalls(once, { ms: 300 })
  const ours = (before + after) / 2
  report(fasterRow(`getAccounts, ${size.toLocaleString('en')} users`, ours, theirs, targets.get(size)))
}

for (const size of String(sizes ?? (quick ? '500' : '4000'))
  .split(',')
  .map(Number))
  await measureSize(size)
