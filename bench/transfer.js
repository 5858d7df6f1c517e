// Import and export of a whole MSAL cache.
// node bench/run.js transfer --size=10000 --rounds=3 --million
import { cache } from './dist.js'
import { byTurns, readArguments } from './measure.js'
import { createMsal } from './msal.js'
import { fasterRow, report } from './report.js'
import { fillStore, homeAccountId, msalAccount, msalFile, scope } from './users.js'

const { quick, size = quick ? 10_000 : 100_000, rounds = 3, million = !quick } = readArguments()
const { createMemoryStore, entityKey, exportMsalCache, importMsalCache } = cache

async function measureTransfer(count) {
  const text = msalFile(count)
  let store = createMemoryStore()
  let msal = createMsal(0).getTokenCache()
  const medians = await byTurns(Number(rounds), {
    importOurs: () => {
      store = createMemoryStore()
      return timeOnce(() => importMsalCache(store, text))
    },
    importTheirs: () => {
      msal = createMsal(0).getTokenCache()
      return timeOnce(() => msal.deserialize(text))
    },
    exportOurs: () => timeOnce(() => countCharacters(store)),
    exportTheirs: () => timeOnce(() => msal.serialize()),
  })
  if (store.peek(homeAccountId(count - 1)).length !== 4) throw new Error('a user is missing after the import')
  const users = `${count.toLocaleString('en')} users`
  report(fasterRow(`import, ${users}`, medians.importOurs, medians.importTheirs, 5))
  report(fasterRow(`export, ${users}`, medians.exportOurs, medians.exportTheirs, 5))
}

/** What we export is of use to MSAL Node. */
async function checkExport(count) {
  const store = createMemoryStore()
  await importMsalCache(store, msalFile(count))
  let text = ''
  for await (const piece of exportMsalCache(store)) text += piece
  const msal = createMsal(0)
  msal.getTokenCache().deserialize(text)
  const { fromCache } = await msal.acquireTokenSilent({ account: msalAccount(count - 1), scopes: [scope] })
  if (!fromCache) throw new Error('MSAL Node has no hit in what we exported')
}

async function exportMillion() {
  const count = 1_000_000
  const store = createMemoryStore()
  await fillStore(store, entityKey, count)
  let characters = 0
  const us = await timeOnce(async () => {
    characters = await countCharacters(store)
  })
  const gigabytes = `${(characters / 1e9).toFixed(1)} GB`
  // MSAL Node has one text for all, and a text can have 0.54 billion characters.
  report({
    what: 'export, 1,000,000 users',
    ours: `${(us / 1e6).toFixed(1)} s`,
    result: gigabytes,
    target: 'works',
    ok: characters > 2_000 * count,
  })
}

async function countCharacters(store) {
  let characters = 0
  for await (const piece of exportMsalCache(store)) characters += piece.length
  return characters
}

async function timeOnce(run) {
  const begin = performance.now()
  await run()
  return (performance.now() - begin) * 1_000
}

await checkExport(100)
await measureTransfer(Number(size))
if (million) await exportMillion()
