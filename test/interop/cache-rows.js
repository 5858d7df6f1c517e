import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeRows } from './cache-bridge-rows.js'
import { expectGrants, expire, sections } from './cache-checks.js'
import { cacheLibraries } from './cache-libraries.js'
import { mixedRows } from './cache-mixed-rows.js'
import { startCacheService } from './cache-service.js'
import { expect, hide, row } from './report.js'

/** Rows in which our client and the Microsoft libraries share a token cache. */
export async function cacheRows(peers, folder) {
  const service = await startCacheService()
  hide(...service.users.map(({ password }) => password))
  const libraries = cacheLibraries(service, peers)
  const cacheFolder = join(folder, 'caches')
  mkdirSync(cacheFolder, { mode: 0o700 })
  let count = 0
  const newFile = () => join(cacheFolder, `${count++}.json`)
  const context = { service, peers, newFile, ...libraries }
  try {
    for (const library of libraries.libraries) await readingRows(context, library)
    for (const library of libraries.libraries) await signOutRows(context, library)
    await mixedRows(context)
    await bridgeRows(context)
  } finally {
    for (const { close } of libraries.libraries) close()
    await service.close()
  }
}

/** What one wrote, the other reads: silently while it is valid, with one refresh once it is not. */
async function readingRows(context, library) {
  const { service, ours } = context
  const [user] = service.users
  // At "organizations" MSAL Python looks for tokens of a tenant of that name, and finds none but its own.
  const hits = { [service.authority]: true, [service.organizations]: !library.name.startsWith('MSAL Python') }
  for (const [authority, isHit] of Object.entries(hits)) {
    const at = authority === service.authority ? 'tenant' : 'organizations'
    await row({ client: library.name, user: user.username, path: `reads our cache, ${at}`, needs: library.needs }, () =>
      read(context, ours, library, authority, isHit),
    )
    await row(
      { client: ours.name, user: user.username, path: `reads ${library.name}'s, ${at}`, needs: library.needs },
      () => read(context, library, ours, authority, true),
    )
  }
}

async function read({ service, newFile }, writer, reader, authority, isHit) {
  const [user] = service.users
  const file = newFile()
  const written = await writer.signIn(file, user, authority)
  const fresh = await service.during(() => reader.silent(file, user, authority))
  expectGrants(fresh, isHit ? [] : ['refresh_token'])
  expect((fresh.result === written) === isHit, 'not the token that was cached')
  expire(file)
  const expired = await service.during(() => reader.silent(file, user, authority))
  expectGrants(expired, ['refresh_token'], ', expired')
  expect(![written, fresh.result].includes(expired.result), 'the expired token came back')
  const again = await service.during(() => reader.silent(file, user, authority))
  expectGrants(again, [], ', after a refresh')
  // And what the reader left there is of use to the writer.
  const back = await service.during(() => writer.silent(file, user, authority))
  expect(back.grants.length <= 1, 'the writer cannot use it any more')
  return `${isHit ? 'hit' : 'refresh'}, once expired refresh, then hit; the writer then: ${back.grants.length === 0 ? 'hit' : 'refresh'}`
}

async function signOutRows({ service, newFile, ours }, library) {
  const [user, other] = service.users
  for (const [who, whom] of [
    [ours, library],
    [library, ours],
  ]) {
    const path = `is signed out by ${who.name}`
    await row({ client: whom.name, user: user.username, path, needs: library.needs }, async () => {
      const file = newFile()
      for (const one of [user, other]) await whom.signIn(file, one)
      await who.signOut(file, user)
      const { result, grants } = await service.during(() => whom.silent(file, user).catch((error) => error))
      expect(result instanceof Error && /no_account/.test(result.reason ?? result.message), `not signed out: ${result}`)
      expect(grants.length === 0, 'a token was asked for')
      // MSAL Python looks for what it removes under its own keys and host; but without an account nothing is used.
      if (!who.name.startsWith('MSAL Python')) expectNothingOf(file, user)
      expectGrants(await service.during(() => whom.silent(file, other)), [])
      return 'signed out, the other user not'
    })
  }
}

function expectNothingOf(file, { objectId }) {
  const entries = sections(file).flatMap(([, section]) => Object.values(section))
  const left = entries.filter(({ home_account_id: id }) => id?.startsWith(objectId))
  expect(left.length === 0, `${left.length} entries of the user are left`)
}
