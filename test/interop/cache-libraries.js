import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createMsalFileStore } from '../../dist/cache/stores/msal-file.js'
import { createRopcClient } from '../../dist/index.js'
import { newestPython } from './client-peers.js'
import { npmPeersRoot } from './install.js'

/** Loads a module of the installed peers. */
export const requirePeer = createRequire(npmPeersRoot)

const pythonProgram = fileURLToPath(import.meta.resolve('./clients/msal_python_cache.py'))

/**
 * Our client and the Microsoft libraries, each of them on a cache file: `signIn`, `silent` and `signOut` take
 * `(file, user, authority)`, begin anew each time, and reject when the library does. The first two give the access token.
 */
export function cacheLibraries(service, peers) {
  const library = (name, peer, make) => ({
    name: `${name} ${peers[peer].version?.split('@').at(-1) ?? ''}`.trim(),
    peer,
    make,
  })
  const libraries = [
    library('MSAL Node', '@azure/msal-node', () => nodeLibrary(service, '@azure/msal-node')),
    library('MSAL Node', 'msal-node-3', () => nodeLibrary(service, 'msal-node-3')),
    library('MSAL Python', 'python3-msal', () => pythonLibrary(service, ['/usr/bin/python3', '-I', '-W', 'ignore'])),
    library('MSAL Python', 'msal (PyPI)', () => pythonLibrary(service, newestPython)),
  ].map(({ name, peer, make }) => {
    const { missing } = peers[peer]
    return { name, peer, needs: { [peer]: peers[peer] }, ...(missing === undefined ? make() : { close() {} }) }
  })
  return { ours: ourLibrary(service), node: libraries[0], node3: libraries[1], python: libraries[3], libraries }
}

/** A client of ours on a store. */
export function createClient(service, store, authority = service.authority) {
  return createRopcClient({ clientId: service.clientId, authority, transport: service.send, store })
}

function ourLibrary(service) {
  const withClient = async (file, authority, work) => {
    // It would warn for each file that its tokens are in clear.
    const store = createMsalFileStore(file, { onWarning() {} })
    const client = createClient(service, store, authority)
    try {
      return await work(client)
    } finally {
      await client.close()
      await store.close?.()
    }
  }
  const scopes = [service.scope]
  return {
    name: 'ropc-client',
    needs: {},
    signIn: (file, { username, password }, authority) =>
      withClient(file, authority, async (client) => {
        const result = await client.acquireTokenByUsernamePassword({ username, password, scopes })
        return result.accessToken
      }),
    silent: (file, { username }, authority) =>
      withClient(file, authority, async (client) => {
        const result = await client.acquireTokenSilent({ account: { username }, scopes })
        return result.accessToken
      }),
    signOut: (file, { username }, authority) =>
      withClient(file, authority, async (client) => {
        for (const account of await client.getAccounts({ username })) await client.removeAccount(account)
      }),
    close() {},
  }
}

/** An application object of MSAL Node with a plug-in. */
export function createMsalNode(service, peer, cachePlugin, authority = service.authority) {
  const exchange = (method) => async (url, options) => {
    const { status, headers, body } = await service.send({ method, url, ...options })
    return { status, headers, body: JSON.parse(body) }
  }
  const networkClient = { sendGetRequestAsync: exchange('GET'), sendPostRequestAsync: exchange('POST') }
  const { PublicClientApplication } = requirePeer(peer)
  const auth = { clientId: service.clientId, authority }
  return new PublicClientApplication({ auth, cache: { cachePlugin }, system: { networkClient } })
}

// By id: where two libraries have left two id_tokens, MSAL Node takes neither, and may be without the user's name.
const accountsOf = async (app, { objectId }) =>
  (await app.getTokenCache().getAllAccounts()).filter((account) => account.homeAccountId.startsWith(objectId))

/** A silent call of MSAL Node for a user of its cache. */
export async function silentByNode(service, app, user) {
  const [account, ...others] = await accountsOf(app, user)
  if (account === undefined) throw new Error('no_account: nobody of that name is in the cache')
  if (others.length > 0) throw new Error('the user is in the cache several times')
  const { accessToken } = await app.acquireTokenSilent({ account, scopes: [service.scope] })
  return accessToken
}

function nodeLibrary(service, peer) {
  const create = (file, authority) => createMsalNode(service, peer, filePlugin(file), authority)
  return {
    async signIn(file, { username, password }, authority) {
      const app = create(file, authority)
      const request = { username, password, scopes: [service.scope] }
      return (await app.acquireTokenByUsernamePassword(request)).accessToken
    },
    silent: (file, user, authority) => silentByNode(service, create(file, authority), user),
    async signOut(file, user, authority) {
      const app = create(file, authority)
      for (const account of await accountsOf(app, user)) await app.getTokenCache().removeAccount(account)
    },
    close() {},
  }
}

/** The plug-in that applications write: the file is read before, and replaced after what changes it. */
function filePlugin(file) {
  return {
    async beforeCacheAccess({ tokenCache }) {
      if (existsSync(file)) tokenCache.deserialize(readFileSync(file, 'utf8'))
    },
    async afterCacheAccess({ cacheHasChanged, tokenCache }) {
      if (!cacheHasChanged) return
      writeFileSync(`${file}.node`, tokenCache.serialize(), { mode: 0o600 })
      renameSync(`${file}.node`, file)
    },
  }
}

function pythonLibrary(service, [program, ...args]) {
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8' }
  // Started with the first job: most of its time goes into loading.
  let child
  const waiting = []
  const start = () => {
    child = spawn(program, [...args, pythonProgram], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
    const fail = () => {
      for (const { reject } of waiting.splice(0)) reject(new Error('MSAL Python ended'))
    }
    child.once('error', fail).once('close', fail)
    child.stdin.on('error', () => {})
  }
  const work = async (job, file, { username, password }, authority = service.authority) => {
    if (child === undefined) start()
    const { clientId, scope, relayUrl: relay } = service
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const answer = await new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.stdin.write(`${JSON.stringify({ do: job, file, username, password, authority, clientId, scope, relay })}\n`)
    }).finally(() => clearTimeout(timer))
    if (!answer.ok) throw new Error(answer.error)
    return answer.accessToken
  }
  return {
    signIn: (...parameters) => work('signIn', ...parameters),
    silent: (...parameters) => work('silent', ...parameters),
    signOut: (...parameters) => work('signOut', ...parameters),
    close: () => child?.stdin.end(),
  }
}
