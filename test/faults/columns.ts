import type { CredentialStore } from '../../src/cache/store.ts'
import { createMemoryStore } from '../../src/cache.ts'
import { type ClientOptions, createRopcClient, type RopcClient, type Step } from '../../src/index.ts'
import {
  createSimulator,
  demoWorld,
  type ListenOptions,
  type RequestKind,
  type RunningSimulator,
  type Side,
  type Simulator,
} from '../../src/simulator.ts'
import type { ClosableTransport } from '../../src/transport.ts'
import { marks } from '../contract/secrecy.ts'
import { type Kind, type Row, startOfTime } from './expected.ts'

/** Holds every mark that leaks are looked for by. */
const password = `${marks[0]}&<%+${marks[1]}"é€'${marks[2]}`
const asciiPassword = password.replace(/[^ -~]/g, '')

const ada = 'ada@contoso.example'
const fred = 'fred@fed.contoso.example'
const olga = 'olga'
const scopes = ['User.Read']
const oidcScopes = ['read', 'offline_access']

/** A simulator with time of its own, which only waiting moves. One cell at a time uses it. */
export interface Lane {
  readonly simulator: Simulator
  readonly running: RunningSimulator
  readonly now: () => number
  /** Milliseconds of the waits since the last `forget`. */
  readonly waits: number[]
  readonly wait: (ms: number) => Promise<void>
  /** Called after so many waits. */
  after(waits: number, action: () => void): void
  forget(): void
}

export async function openLane(options?: ListenOptions): Promise<Lane> {
  let now = startOfTime
  let planned: { readonly waits: number; readonly action: () => void } | undefined
  const waits: number[] = []
  const { users, oidc } = demoWorld()
  const simulator = await createSimulator({
    now: () => now,
    world: {
      users: users.map((user) => ({ ...user, password: user.username === fred ? asciiPassword : password })),
      oidc: { ...oidc, users: oidc.users.map((user) => ({ ...user, password })) },
    },
  })
  return {
    simulator,
    running: await simulator.listen(options),
    now: () => now,
    waits,
    wait: async (ms) => {
      waits.push(ms)
      // A device code is asked about 180 times until it expires: time flies when twelve of them have shown how.
      now += (ms / 1000) * (waits.length > 12 ? 20 : 1)
      if (planned?.waits === waits.length) planned.action()
    },
    after(count, action) {
      planned = { waits: count, action }
    },
    forget() {
      now = startOfTime
      planned = undefined
      waits.length = 0
      simulator.clearInjected()
      simulator.clearJournal()
    },
  }
}

/** A client on a lane. */
export interface Session {
  readonly lane: Lane
  readonly client: RopcClient
  readonly store: CredentialStore
  close(): Promise<void>
  /** From the sign-in that came before, where one did. */
  idToken?: string
}

export interface Connection {
  readonly ca: readonly string[]
  /** In place of the default transport. */
  readonly openTransport?: () => ClosableTransport
}

export function openSession(
  lane: Lane,
  column: Column,
  connection: Connection,
  store: CredentialStore = createMemoryStore(),
): Session {
  const { ca, openTransport } = connection
  const transport = openTransport?.()
  const { simulator, running, now, wait } = lane
  const oidc = { authority: running.authorities.oidc, authorityKind: 'oidc', clientId: 'demo-public' } as const
  const client = createRopcClient({
    ...(column.side === 'oidc' ? oidc : { authority: running.authority, clientId: simulator.clientId }),
    ...(transport === undefined ? { ca } : { transport }),
    store,
    runtime: { now, wait },
    // The memory is the process's, and one cell's refusal is no business of the next.
    rememberRefusals: false,
    onEvent: () => undefined,
    ...column.options?.(running),
  })
  const close = async (): Promise<void> => {
    await client.close()
    // The client leaves a transport open that it was given.
    await transport?.close()
  }
  return { lane, client, store, close }
}

export interface Column {
  readonly name: string
  readonly kind: Kind
  /** What fails. */
  readonly route: RequestKind
  readonly side: Side
  readonly step: readonly Step[]
  readonly options?: (running: RunningSimulator) => Partial<ClientOptions>
  /** Signs in first, so that there is something to renew or to verify. */
  readonly prepare?: (session: Session) => Promise<void>
  /** Finds out what comes before the route, through another user where need be: a short deadline is for what is tested. */
  readonly warm?: (session: Session) => Promise<unknown>
  run(session: Session, deadlineMs: number, row: Row): Promise<unknown>
}

const signIn =
  (username: string) =>
  ({ client }: Session, timeoutMs = 30_000): Promise<{ readonly idToken?: string }> =>
    client.acquireTokenByUsernamePassword({
      username,
      password: username === fred ? asciiPassword : password,
      scopes: username === olga ? oidcScopes : scopes,
      timeoutMs,
    })

const discover =
  (username: string) =>
  ({ client }: Session): Promise<unknown> =>
    client.discover({ username })

const signInWithCode = async (
  { client, lane: { simulator, after } }: Session,
  limit: { readonly timeoutMs: number } | { readonly signal: AbortSignal },
  row: Row,
): Promise<unknown> =>
  client.acquireTokenByDeviceCode({
    scopes,
    onUserCode: ({ userCode }) => {
      const approve = (): void => simulator.approveDevice(userCode, ada)
      // A lost answer would take the tokens with it: the first one only says that the user is not there yet.
      if (row.firstOnly) after(2, approve)
      else approve()
    },
    ...limit,
  })

/** Every request of every way to sign in. (Instance discovery asks the worldwide cloud, which no loopback authority does.) */
export const columns: readonly Column[] = [
  {
    name: 'realm',
    kind: 'json',
    route: 'realm',
    side: 'entra',
    step: ['realm'],
    warm: discover(fred),
    run: signIn(ada),
  },
  {
    name: 'mex',
    kind: 'mex',
    route: 'mex',
    side: 'adfs',
    step: ['mex'],
    warm: discover(ada),
    run: signIn(fred),
  },
  {
    name: 'mex, named',
    kind: 'named',
    route: 'mex',
    side: 'adfs',
    step: ['mex'],
    options: ({ adfsOrigin }) => ({ flow: 'federated', mex: `${adfsOrigin}/adfs/services/trust/mex` }),
    run: signIn(fred),
  },
  {
    name: 'wstrust',
    kind: 'wstrust',
    route: 'wstrust',
    side: 'adfs',
    step: ['wstrust'],
    warm: discover(fred),
    run: signIn(fred),
  },
  {
    name: 'token, password',
    kind: 'token',
    route: 'token',
    side: 'entra',
    step: ['token'],
    warm: discover(ada),
    run: signIn(ada),
  },
  {
    name: 'token, assertion',
    kind: 'token',
    route: 'token',
    side: 'entra',
    step: ['token'],
    warm: discover(fred),
    run: signIn(fred),
  },
  {
    name: 'token, refresh',
    kind: 'token',
    route: 'token',
    side: 'entra',
    step: ['token'],
    prepare: async (session) => void (await signIn(ada)(session)),
    run: ({ client }, timeoutMs) =>
      client.acquireTokenSilent({ account: { username: ada }, scopes, forceRefresh: true, timeoutMs }),
  },
  { name: 'metadata', kind: 'json', route: 'metadata', side: 'oidc', step: ['authority'], run: signIn(olga) },
  {
    name: 'jwks',
    kind: 'json',
    route: 'jwks',
    side: 'oidc',
    step: ['id_token'],
    prepare: async (session) => {
      session.idToken = (await signIn(olga)(session)).idToken ?? ''
    },
    run: ({ client, idToken = '' }, timeoutMs) => client.verifyIdToken(idToken, { timeoutMs }),
  },
  {
    name: 'device',
    kind: 'device',
    route: 'device',
    side: 'entra',
    step: ['device'],
    warm: discover(ada),
    run: (session, timeoutMs, row) => signInWithCode(session, { timeoutMs }, row),
  },
  {
    name: 'token, device code',
    kind: 'poll',
    route: 'token',
    side: 'entra',
    step: ['token', 'device'],
    warm: discover(ada),
    // The limit of the call stands still while the user is waited for: only the caller's own ends that.
    run: (session, ms, row) => signInWithCode(session, { signal: AbortSignal.timeout(ms) }, row),
  },
]
