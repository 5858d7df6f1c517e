import type { Account } from '../cache/account.ts'
import type { StoredEntity } from '../cache/entities.ts'
import { removingChange } from '../cache/partition.ts'
import { searchPartition } from '../cache/query.ts'
import type { CredentialStore } from '../cache/store.ts'
import { createMemoryStore } from '../cache/stores/memory.ts'
import { CacheError, InteractionRequiredError, InvalidArgumentError, isAuthError } from '../errors.ts'
import { parseAuthority } from '../protocol/authority.ts'
import type { Transport } from '../protocol/http.ts'
import { canonicalScopes, checkScopes } from '../protocol/scopes.ts'
import { checkUsername } from '../realm/upn.ts'
import type { ClosableTransport } from '../transport/exchange.ts'
import { acquireByPassword, federatedRoute, type PasswordAsk, pathOf, requestAssertion } from './acquire-by-password.ts'
import {
  type AccountSelector,
  acquireSilent,
  findPartitions,
  names,
  refresh,
  type SilentContext,
} from './acquire-silent.ts'
import { type Call, type CallDefaults, closedError, runCall } from './call.ts'
import { askPassword } from './credential.ts'
import { createDiscoveryCache, discoverRoute, forgettingOnRefusal, resolveServer } from './discovery.ts'
import {
  type CallOptions,
  type ClientOptions,
  callNames,
  checkCallOptions,
  checkClientOptions,
  checkNames,
  checkPassword,
} from './options.ts'
import { RefreshAhead } from './refresh-ahead.ts'
import { processRefusals, RefusalMemory } from './refusals.ts'
import type { RopcClient } from './ropc-client.ts'
import { readRuntime } from './runtime.ts'
import { SharedFlights } from './shared-flight.ts'
import { createThrottling } from './throttling.ts'
import { type TokenResult, toAccount } from './token-result.ts'
import { createKeySets, verifyWithServerKeys } from './verify-id-token.ts'

/**
 * Creates a client for one application and one authority. Sends nothing yet.
 *
 * @throws {@link InvalidArgumentError} for an unknown option, options that exclude each other, or an authority that
 *   cannot serve this grant.
 */
export function createRopcClient(options: ClientOptions): RopcClient {
  checkClientOptions(options)
  const authority = parseAuthority(
    options.authority ?? 'https://login.microsoftonline.com/organizations',
    options.authorityKind,
  )
  const runtime = readRuntime(options.runtime)
  // By the same clock: what is stored in a replay must not be over by today's.
  const store = options.store ?? createMemoryStore({ now: runtime.now })
  const transport = openTransport(options, new URL(authority.url).hostname)
  const discovery = createDiscoveryCache()
  const flights = new SharedFlights<TokenResult>()
  const ahead = new RefreshAhead()
  const keySets = createKeySets()
  const closer = new AbortController()
  let closing: Promise<void> | undefined
  let calls = 0
  const defaults: CallDefaults = {
    clientId: options.clientId,
    authority,
    options,
    offlineAccess: options.offlineAccess ?? true,
    // Checked at each request: a call under way must not send anything more once close() was called.
    send: async (request, sendOptions) => {
      if (closing !== undefined) throw closedError()
      return transport.send(request, sendOptions)
    },
    runtime,
    nextCall: () => ++calls,
    throttling: createThrottling(),
    ...(options.rememberRefusals === false
      ? {}
      : { refusals: options.transport === undefined ? processRefusals : new RefusalMemory() }),
    suppressed: new Set(options.suppressWarnings),
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  }

  // Every public call begins here, so that bad arguments reject like everything else.
  function start<T>(
    operation: string,
    request: CallOptions,
    names: ReadonlySet<string>,
    run: (call: Call) => T | Promise<T>,
  ): Promise<T> {
    return runCall(defaults, request, operation, run, () => {
      if (closing !== undefined) throw closedError()
      checkCallOptions(request, names, operation)
    })
  }

  // The call that found the old token has its answer: this one has a clock, a correlation id and events of its own.
  const silent: SilentContext = {
    discovery,
    store,
    flights,
    refreshAhead({ authority: { tenant }, now }, hit) {
      const { homeAccountId, scopes, resource = '' } = hit
      const key = JSON.stringify([homeAccountId, tenant, canonicalScopes(scopes), resource])
      const tenantId = tenant === authority.tenant ? {} : { tenantId: tenant }
      ahead.start(key, now(), () => start('refreshAhead', tenantId, noOtherNames, (call) => refresh(call, silent, hit)))
    },
  }

  return {
    acquireTokenByUsernamePassword(request) {
      return start('acquireTokenByUsernamePassword', request, passwordNames, async (call) => {
        const password = checkPassword(request.password)
        const username = checkedUsername(call, request.username)
        const scopes = checkScopes(request.scopes)
        return acquireByPassword(call, discovery, store, {
          username,
          scopes,
          password: () => password,
          ...readResource(request.resource),
        })
      })
    },

    acquireToken(request) {
      return start('acquireToken', request, passwordNames, async (call) => {
        const { password } = request
        if (typeof password !== 'function') throw notACallback()
        const username = checkedUsername(call, request.username)
        const scopes = checkScopes(request.scopes)
        const asked = { scopes, ...readResource(request.resource) }
        try {
          return await acquireSilent(call, silent, { account: { username }, ...asked })
        } catch (error) {
          const reason = reasonToAsk(error)
          if (reason === undefined) throw error
          if (error instanceof CacheError) call.warn('STORE_FAILED', `the token store failed: ${error.message}`)
          const ask = (where: Omit<PasswordAsk, 'reason'>) => password({ ...where, reason })
          return await acquireByPassword(call, discovery, store, { username, ...asked, password: ask })
        }
      })
    },

    acquireTokenByDeviceCode(request) {
      return start('acquireTokenByDeviceCode', request, deviceCodeNames, async (call) => {
        const { onUserCode, resource, username } = request
        if (typeof onUserCode !== 'function') throw cannotTell()
        const expected = username === undefined ? {} : { username: checkedUsername(call, username) }
        const asked = { scopes: checkScopes(request.scopes), ...readResource(resource), ...expected }
        const { acquireByDeviceCode } = await import('./acquire-by-device-code.ts')
        return acquireByDeviceCode(call, discovery, store, { ...asked, onUserCode, closed: closer.signal })
      })
    },

    acquireTokenSilent(request) {
      return start('acquireTokenSilent', request, silentNames, (call) => {
        const account = checkSelector(request.account)
        const { forceRefresh = false } = request
        const scopes = checkScopes(request.scopes)
        return acquireSilent(call, silent, { account, scopes, forceRefresh, ...readResource(request.resource) })
      })
    },

    acquireSamlAssertion(request) {
      return start('acquireSamlAssertion', request, samlNames, async (call) => {
        const password = checkPassword(request.password)
        const username = checkedUsername(call, request.username)
        const audience = checkAudience(request.appliesTo)
        const route = federatedRoute(
          await discoverRoute((await resolveServer(call, discovery)).call, discovery, username),
        )
        await askPassword(call, () => password)
        const passwordSentTo = new URL(route.endpoint.url).origin
        const assertion = await forgettingOnRefusal(call, discovery, username, () =>
          requestAssertion(call, { ...route, audience }, { sendTo: route.endpoint.url, username, password }),
        )
        return { ...assertion, path: pathOf(call, route), passwordSentTo, correlationId: call.correlationId }
      })
    },

    discover(request) {
      return start('discover', request, discoverNames, async (call) => {
        const username = checkedUsername(call, request.username)
        const { call: resolved, metadata } = await resolveServer(call, discovery)
        const route = await discoverRoute(resolved, discovery, username)
        const sendTo = new URL(route.type === 'managed' ? metadata.token_endpoint : route.endpoint.url).origin
        return { path: pathOf(call, route), sendTo, ...(route.type === 'managed' ? {} : { wsTrust: route.endpoint }) }
      })
    },

    verifyIdToken(idToken, callOptions = {}) {
      return start('verifyIdToken', callOptions, noOtherNames, (call) =>
        verifyWithServerKeys(call, discovery, keySets, idToken),
      )
    },

    async getAccounts(filter = {}) {
      if (closing !== undefined) throw closedError()
      checkNames(filter, new Set(['username']), 'getAccounts')
      const { username } = filter
      return usingStore('ERR_CACHE_READ', async () => {
        const partitions = username === undefined ? store.partitions() : await findPartitions(store, { username })
        const accounts: Account[] = []
        for await (const homeAccountId of partitions) {
          // Found for no client and no scopes: the account alone.
          const query = { homeAccountId, authority, clientId: '', scopes: [] }
          const entities = store.peek?.(homeAccountId) ?? [...(await store.read(homeAccountId)).values()]
          const { account } = searchPartition(entities, query, 0)
          const isMeant = (entity: StoredEntity): boolean =>
            entity.kind === 'Account' && (username === undefined || names({ username }, entity))
          if (account !== undefined && entities.some(isMeant)) {
            accounts.push(toAccount(account))
          }
        }
        return accounts
      })
    },

    async removeAccount(account) {
      if (closing !== undefined) throw closedError()
      const homeAccountId: unknown = (account as Account | undefined)?.homeAccountId
      if (typeof homeAccountId !== 'string' || homeAccountId === '') throw noAccount()
      await usingStore('ERR_CACHE_WRITE', async () => {
        // Again, should a refresh have come back between reading and removing; but not for ever.
        for (let round = 0; round < 3; round++) {
          const partition = await readOrDrop(store, homeAccountId)
          if (partition === undefined) return
          const change = removingChange(partition, options.clientId)
          if (round > 0 && change.del?.length === 0) return
          await store.apply(homeAccountId, change)
        }
      })
    },

    close() {
      closing ??= transport.close()
      closer.abort()
      return closing
    },

    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

const passwordNames = callNames('username', 'password', 'scopes', 'resource')
const deviceCodeNames = callNames('username', 'scopes', 'onUserCode', 'resource')
const silentNames = callNames('account', 'scopes', 'forceRefresh', 'resource')
const samlNames = callNames('username', 'password', 'appliesTo')
const discoverNames = callNames('username')
const noOtherNames = callNames()

function readResource(resource: unknown): { readonly resource?: string } {
  return resource === undefined ? {} : { resource: checkAudience(resource) }
}

// Loaded on first use: a client that is given a transport never loads node:https, and only a proxy loads undici.
function openTransport(options: ClientOptions, authorityHost: string): { send: Transport; close(): Promise<void> } {
  const { transport, ca, proxy } = options
  if (transport !== undefined) return { send: transport, close: async () => {} }
  const settings = { loopbackHosts: [authorityHost], ...(ca === undefined ? {} : { ca }) }
  let opened: Promise<ClosableTransport> | undefined
  const open = async (): Promise<ClosableTransport> => {
    if (proxy === undefined) return (await import('../transport/https-transport.ts')).createHttpsTransport(settings)
    return (await import('../transport/undici-transport.ts')).createUndiciTransport({ ...settings, proxy })
  }
  return {
    async send(request, sendOptions) {
      opened ??= open()
      return (await opened)(request, sendOptions)
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

function checkedUsername(call: Call, value: unknown): string {
  const username = checkUsername(value)
  if (username !== username.trim()) {
    call.warn('USERNAME_BLANKS', 'the user name begins or ends with a blank; it is sent as it is')
  }
  return username
}

function checkSelector(account: unknown): AccountSelector {
  const selector = (typeof account === 'object' && account !== null ? account : {}) as Record<string, unknown>
  // An Account has all three: the home account id is the one that names a single user.
  for (const name of ['homeAccountId', 'localAccountId', 'username'] as const) {
    const value = selector[name]
    if (typeof value === 'string' && value !== '') return { [name]: value } as unknown as AccountSelector
  }
  throw noAccount()
}

function noAccount(): InvalidArgumentError {
  return new InvalidArgumentError('account names nobody', {
    step: 'account',
    hint: 'Pass an account that getAccounts() returned; a silent call also takes { username } or { homeAccountId }.',
  })
}

function checkAudience(appliesTo: unknown): string {
  if (typeof appliesTo === 'string' && /^[^\s<>"]{1,2048}$/.test(appliesTo)) return appliesTo
  throw new InvalidArgumentError('appliesTo is not the identifier of a relying party', {
    step: 'wstrust',
    hint: 'Pass the URI that the federation server knows it by, e.g. urn:federation:MicrosoftOnline.',
  })
}

// Two accounts of one name (a user deleted and made anew), or a store out of order, are no reason to lock the user out: a
// password decides.
function reasonToAsk(error: unknown): string | undefined {
  if (error instanceof InteractionRequiredError) return error.reason
  if (error instanceof CacheError) return 'cache_unreadable'
  return isAuthError(error) && error.code === 'ERR_AMBIGUOUS_ACCOUNT' ? 'ambiguous_account' : undefined
}

function notACallback(): InvalidArgumentError {
  return new InvalidArgumentError('password is not a function', {
    step: 'token',
    hint: 'acquireToken answers from the cache and takes a callback; acquireTokenByUsernamePassword takes the password.',
  })
}

function cannotTell(): InvalidArgumentError {
  return new InvalidArgumentError('onUserCode is not a function', {
    step: 'device',
    hint: 'Pass a function that shows its verificationUri and userCode to the user.',
  })
}

// What no key opens any more cannot be told apart by clients; who signs out wants to be rid of it.
async function readOrDrop(
  store: CredentialStore,
  partition: string,
): Promise<ReadonlyMap<string, StoredEntity> | undefined> {
  try {
    return await store.read(partition)
  } catch (error) {
    if (!(error instanceof CacheError) || error.code !== 'ERR_CACHE_KEY') throw error
    await store.drop(partition)
    return undefined
  }
}

async function usingStore<T>(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isAuthError(error)) throw error
    throw new CacheError(code, 'the token store failed', {
      step: 'cache',
      hint: 'Check that the store is reachable, readable and writable.',
    })
  }
}
