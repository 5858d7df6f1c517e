// A process that writes to a store, for the tests beside it: `node writer.js '{"store":"msal","path":…}'`. Says `ready`, waits
// for a line, and then says `ack <number> <user>` for each write that is done, or `error <number> <code>`.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const { store: layout, path, lockTimeoutMs, client, first, count, users, inFlight } = JSON.parse(process.argv[2])
const store = await openStore()
const say = (line) => writeSync(1, `${line}\n`)

say('ready')
for await (const _ of createInterface({ input: process.stdin })) break

let next = first
await Promise.all(Array.from({ length: inFlight }, writeOn))
process.exit()

async function writeOn() {
  while (next < first + count) {
    const number = next++
    const user = users === 0 ? `${client}-${number}.t` : `user-${(number * 7 + client.length) % users}.t`
    try {
      await store.apply(user, { put: signIn(user, number) })
      say(`ack ${number} ${user}`)
    } catch (error) {
      say(`error ${number} ${error.code ?? error.name}`)
    }
  }
}

async function openStore() {
  const stores = new URL('../../dist/cache/stores/', import.meta.url)
  const onWarning = (code) => {
    if (code !== 'CACHE_PLAINTEXT') say(`warning ${code}`)
  }
  if (layout === 'msal') {
    const { createMsalFileStore } = await import(new URL('msal-file.js', stores))
    return createMsalFileStore(path, { lockTimeoutMs, onWarning })
  }
  const { createShardedFileStore } = await import(new URL('sharded-files.js', stores))
  return createShardedFileStore(path, { lockTimeoutMs, onWarning })
}

/** What one sign-in stores. Each token says which write it is of. */
function signIn(homeAccountId, number) {
  const environment = 'login.windows.net'
  const secret = `${client} ${number}`
  const credential = { homeAccountId, environment, clientId: client, secret }
  const at = Math.floor(Date.now() / 1000)
  return {
    [JSON.stringify(['Account', environment, 't'])]: {
      kind: 'Account',
      homeAccountId,
      environment,
      localAccountId: `local-${homeAccountId}`,
      tenantId: 't',
      username: `${homeAccountId}@contoso.example`,
    },
    [JSON.stringify(['IdToken', environment, client, 't'])]: { ...credential, kind: 'IdToken', tenantId: 't' },
    [JSON.stringify(['AccessToken', environment, client, 't', 'user.read'])]: {
      ...credential,
      kind: 'AccessToken',
      tenantId: 't',
      scopes: ['User.Read'],
      cachedAt: at,
      expiresOn: at + 86_400,
    },
    [JSON.stringify(['RefreshToken', environment, client])]: { ...credential, kind: 'RefreshToken', cachedAt: at },
  }
}
