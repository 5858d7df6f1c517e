// A sign-in by password of a random known user, with the cache write; both networks answer at once.
// node bench/run.js sign-in --sizes=1000 --rounds=3 --ms=300
import { cache, index } from './dist.js'
import { byTurns, randomIndices, readArguments, timeCalls } from './measure.js'
import { createMsal } from './msal.js'
import { fasterRow, report } from './report.js'
import { authority, clientId, fillStore, homeAccountId, scope, tokenAnswer, username } from './users.js'

const { sizes, quick, rounds = 3, ms = 300 } = readArguments()
const targets = new Map([[100_000, 1_000]])
const scopes = [scope]
const password = 'invented'

async function measureSize(size) {
  const picks = randomIndices(Math.min(size, 100_000), size)
  let user = 0
  const store = cache.createMemoryStore()
  await fillStore(store, cache.entityKey, size)
  const client = index.createRopcClient({
    clientId,
    authority,
    store,
    transport: async (request) => answer(request, user),
  })
  const msal = createMsal(size, { answer: () => tokenAnswer(user) })
  const signIn = (library) => (call) => {
    user = picks[call % picks.length]
    return library.acquireTokenByUsernamePassword({ username: username(user), password, scopes })
  }
  let calls = 0
  const oursOnce = () => signIn(client)(calls++)
  const msalOnce = () => signIn(msal)(calls++)
  for (const once of [oursOnce, msalOnce]) {
    const { account } = await once()
    if (account.homeAccountId !== homeAccountId(user)) throw new Error('signed in as somebody else')
  }
  await timeCalls(oursOnce, { ms })
  const { ours, theirs } = await byTurns(Number(rounds), {
    ours: () => timeCalls(oursOnce, { ms, calls: 20 }),
    theirs: () => timeCalls(msalOnce, { ms, calls: 2 }),
  })
  report(fasterRow(`sign-in with cache write, ${size.toLocaleString('en')} users`, ours, theirs, targets.get(size)))
}

function answer({ step }, user) {
  const headers = { 'content-type': 'application/json' }
  if (step === 'token') return { status: 200, headers, body: tokenAnswer(user) }
  const realm = { account_type: 'Managed', domain_name: 'contoso.example', cloud_instance_name: 'microsoftonline.com' }
  return {
    status: 200,
    headers,
    body: JSON.stringify({ ver: '1.0', ...realm, cloud_audience_urn: 'urn:federation:MicrosoftOnline' }),
  }
}

const chosen = sizes ?? (quick ? '1000' : '1000,100000')
for (const size of String(chosen).split(',').map(Number)) await measureSize(size)
