import Module from 'node:module'
import { createCachePluginStore } from '../../dist/cache/stores/cache-plugin.js'
import { createMemoryStore } from '../../dist/cache/stores/memory.js'
import { createMsalCachePlugin } from '../../dist/cache/stores/msal-cache-plugin.js'
import { expectGrants, sections } from './cache-checks.js'
import { createClient, createMsalNode, requirePeer, silentByNode } from './cache-libraries.js'
import { expect, row } from './report.js'

/** Rows in which a plug-in stands between MSAL Node's cache and ours. */
export async function bridgeRows(context) {
  const { service, libraries } = context
  for (const library of libraries.filter(({ name }) => name.startsWith('MSAL Node'))) {
    const { name: client, needs, peer } = library
    const us = 'on our store'
    await row({ client, user: 'ada', path: `${us}: sign-in, silent, restart, sign-out`, needs }, () =>
      live(context, peer),
    )
    await row({ client, user: '30', path: `${us}: 30 sign-ins one after the other`, needs }, () =>
      signInAll(context, peer),
    )
    await row({ client, user: '30', path: `${us}: 30 sign-ins at once, silent calls between`, needs }, () =>
      crowd(context, peer),
    )
  }
  const [node7, node3] = libraries
  await row(
    {
      client: 'both, and ours',
      user: '30',
      path: 'three clients sign in at once on one store',
      needs: { ...node7.needs, ...node3.needs },
    },
    () => shareStore(context, [node7.peer, node3.peer]),
  )
  const extensions = '@azure/msal-node-extensions'
  const needs = { [extensions]: context.peers[extensions], ...node7.needs }
  const path = `30 sign-ins over the plug-in of msal-node-extensions ${context.peers[extensions].version ?? ''}`
  await row({ client: context.ours.name, user: '30', path, needs }, () => overTheirPlugin(context, service))
}

const signIn = (service, app, { username, password }) =>
  app.acquireTokenByUsernamePassword({ username, password, scopes: [service.scope] })

async function live({ service }, peer) {
  const [user, other, third] = service.users
  const store = createMemoryStore()
  const create = () => createMsalNode(service, peer, createMsalCachePlugin(store))
  const app = create()
  const { accessToken, account } = await signIn(service, app, user)
  await signIn(service, app, other)
  const hit = await service.during(async () => [
    await silentByNode(service, app, user),
    await silentByNode(service, create(), user),
    await silentByUs(service, store, user),
  ])
  expectGrants(hit, [])
  expect(
    hit.result.every((token) => token === accessToken),
    'another token than the one that was cached',
  )
  const refreshed = await service.during(() =>
    app.acquireTokenSilent({ account, scopes: [service.scope], forceRefresh: true }),
  )
  expectGrants(refreshed, ['refresh_token'])
  const [token] = [...(await store.read(account.homeAccountId)).values()].filter(({ kind }) => kind === 'AccessToken')
  expect(token.secret === refreshed.result.accessToken, 'the new token is not in the store')
  await app.getTokenCache().removeAccount(account)
  expect((await store.read(account.homeAccountId)).size === 0, 'something of the user is left in the store')
  expectGrants(await service.during(() => silentByNode(service, create(), other)), [])
  // MSAL Node still has in memory whom somebody else signs out.
  const client = createClient(service, store)
  const [removed] = await client.getAccounts({ username: other.username })
  await client.removeAccount(removed)
  await client.close()
  await signIn(service, app, third)
  expect((await store.read(removed.homeAccountId)).size === 0, 'a user who was signed out elsewhere is back')
  return 'hit before and after a restart, and by us; refreshed; signed out, by others too'
}

async function signInAll({ service }, peer) {
  const users = service.users.slice(0, 30)
  const store = createMemoryStore()
  const app = createMsalNode(service, peer, createMsalCachePlugin(store))
  for (const user of users) await signIn(service, app, user)
  return expectAll(service, store, users)
}

async function crowd({ service }, peer) {
  const users = service.users.slice(0, 30)
  const store = slow(createMemoryStore())
  const app = createMsalNode(service, peer, createMsalCachePlugin(store))
  await signIn(service, app, service.users[39])
  await Promise.all(
    users.map(async (user) => {
      await signIn(service, app, user)
      // MSAL empties its memory for each of these, whatever the others are about to save. It may fail by that.
      await silentByNode(service, app, service.users[39]).catch(() => {})
    }),
  )
  return expectAll(service, store, users)
}

/** A store that takes its time, now more and now less. */
function slow(store) {
  let count = 0
  const late =
    (name) =>
    async (...parameters) => {
      await new Promise((resolve) => setTimeout(resolve, count++ % 4))
      return store[name](...parameters)
    }
  const { findPartitions, partitions } = store
  return { read: late('read'), apply: late('apply'), drop: late('drop'), findPartitions, partitions }
}

async function shareStore({ service }, peers) {
  const users = service.users.slice(0, 30)
  const store = createMemoryStore()
  const apps = peers.map((peer) => createMsalNode(service, peer, createMsalCachePlugin(store)))
  const client = createClient(service, store)
  const scopes = [service.scope]
  await Promise.all(
    users.map(({ username, password }, index) =>
      index % 3 === 2
        ? client.acquireTokenByUsernamePassword({ username, password, scopes })
        : signIn(service, apps[index % 3], { username, password }),
    ),
  )
  await client.close()
  const told = await expectAll(service, store, users)
  const hits = await service.during(() => silentByNode(service, apps[0], users[2]))
  expectGrants(hits, [])
  return told
}

/** With MSAL Node above it, that plug-in keeps 16 to 22 of 30: it misses what was saved in the millisecond of its last look. */
async function overTheirPlugin({ newFile }, service) {
  const users = service.users.slice(0, 30)
  const { FilePersistence, PersistenceCachePlugin } = loadExtensions()
  const file = newFile()
  const create = async () =>
    createCachePluginStore(
      new PersistenceCachePlugin(await FilePersistence.create(file), { retryNumber: 20, retryDelay: 50 }),
    )
  const store = await create()
  const client = createClient(service, store)
  for (const { username, password } of users) {
    await client.acquireTokenByUsernamePassword({ username, password, scopes: [service.scope] })
  }
  await client.close()
  const saved = Object.keys(Object.fromEntries(sections(file)).Account).length
  expect(saved === 30, `${saved} of 30 are in the file`)
  return expectAll(service, await create(), users)
}

/** Each of the users has a token in the store, by the store's own word. */
async function expectAll(service, store, users) {
  const { result, grants } = await service.during(() =>
    Promise.allSettled(users.map((user) => silentByUs(service, store, user))),
  )
  const found = result.filter(({ status }) => status === 'fulfilled').length
  expect(found === users.length, `${found} of ${users.length} survived`)
  expectGrants({ grants }, [])
  return `${found} of ${users.length} survived`
}

async function silentByUs(service, store, { username }) {
  const client = createClient(service, store)
  try {
    const { accessToken } = await client.acquireTokenSilent({ account: { username }, scopes: [service.scope] })
    return accessToken
  } finally {
    await client.close()
  }
}

/** It wants keytar, a native module that is built at the installation, though a file needs none: without it, here. */
function loadExtensions() {
  const load = Module._load
  Module._load = (name, ...rest) => (name === 'keytar' ? {} : load(name, ...rest))
  try {
    return requirePeer('@azure/msal-node-extensions')
  } finally {
    Module._load = load
  }
}
