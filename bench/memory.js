// Heap that one user takes, indexes included, with tokens of 40 characters and four entities.
// node bench/run.js memory --size=100000 --real
import { cache } from './dist.js'
import { readArguments } from './measure.js'
import { createMsal } from './msal.js'
import { kilobytes, limitRow, report, times } from './report.js'
import { fillStore } from './users.js'

const { quick, size = quick ? 100_000 : 1_000_000, real } = readArguments()
const profile = real ? 'real' : 'small'
const msalSize = Math.min(Number(size), quick ? 5_000 : 20_000)

/** @returns Bytes of heap for each of `count` users, in what `make` returns. */
async function heapPerUser(count, make) {
  const before = heapUsed()
  const kept = await make()
  const after = heapUsed()
  if (kept === undefined) throw new Error('nothing was kept')
  return (after - before) / count
}

function heapUsed() {
  if (globalThis.gc === undefined) throw new Error('start this with `node bench/run.js memory` or with --expose-gc')
  for (let round = 0; round < 3; round++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

async function filledStore(count) {
  const store = cache.createMemoryStore()
  await fillStore(store, cache.entityKey, count, profile)
  return store
}

// Once before: code that is compiled on the way is nobody's weight.
await filledStore(1_000)
createMsal(100, { profile })
const theirs = await heapPerUser(msalSize, async () => createMsal(msalSize, { profile }))
const ours = await heapPerUser(Number(size), () => filledStore(Number(size)))
const what = `heap per user, ${Number(size).toLocaleString('en')} users`
const against = { theirs: `${kilobytes(theirs)} MSAL Node`, result: `${times(theirs / ours)} less` }
if (real) report({ what, ours: kilobytes(ours), ...against })
else report({ ...limitRow(what, ours, 1_500, kilobytes), ...against })
