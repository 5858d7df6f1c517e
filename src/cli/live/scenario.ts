import { hasB2cFault } from '../../simulator/b2c-faults.ts'
import { entraUsers, otherUsers } from '../../simulator/demo-list.ts'
import { entraFaults } from '../../simulator/entra-faults.ts'
import type { World } from '../../simulator/world.ts'
import type { DemoUser, InjectedFault, Injection, Side } from '../../simulator.ts'

/** Something that can be chosen on the page. */
export interface Choice {
  /** Never a secret: it goes to the browser and comes back. */
  readonly id: string
  readonly label: string
  /** Heading that it is listed under. */
  readonly group: string
}

/** A demo user at one of the authorities; those of a farm are listed twice, as they sign in at Entra and at the farm itself. */
export interface UserChoice extends Choice {
  readonly user: DemoUser
  readonly fits: Fit
}

export interface FaultChoice extends Choice {
  /** The users whom it can happen to; default: all. */
  readonly fits?: readonly Fit[]
  /** The name that stands in for the chosen one, in the same domain: a user whom the simulator refuses so. */
  readonly refusal?: string
  /** Happens on the way; where, is chosen apart. */
  readonly injected?: InjectedFault
}

/** Where a fault can happen: a route of the simulator. */
export interface RouteChoice extends Omit<Choice, 'group'> {
  readonly id: Injection['route']
  readonly fits?: readonly Fit[]
}

/** The kinds of user that faults are told apart by. */
type Fit = `${Side}-${DemoUser['kind']}`

/** What to try. */
export interface Scenario {
  readonly authority: Side
  readonly username: string
  readonly password: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly injection?: Injection
  /** How long the page rests on each event. */
  readonly pauseMs: number
}

/** The body of a request that starts a run, as the page sends it. */
interface Asked {
  readonly user: string
  readonly fault: string
  readonly route: string
  readonly pauseMs: number
}

const authorityNames: Readonly<Record<Side, string>> = {
  entra: 'Microsoft Entra ID',
  adfs: 'AD FS, asked directly',
  b2c: 'Azure AD B2C',
  ciam: 'External ID',
  oidc: 'An OpenID provider',
}

/** The users of a world, those of its farm a second time at the farm itself. */
export function userChoices(world: World): readonly UserChoice[] {
  const users = entraUsers(world)
  const atFarm = users
    .filter(({ kind }) => kind === 'federated')
    .map(({ expect: _, ...user }): DemoUser => ({ ...user, authority: 'adfs' }))
  return [...users, ...atFarm, ...otherUsers(world)].map((user) => ({
    id: `${user.authority}/${user.username}`,
    label: `${user.username}: ${user.what}${user.expect === undefined ? '' : ` (${user.expect})`}`,
    group: authorityNames[user.authority],
    user,
    fits: `${user.authority}-${user.kind}`,
  }))
}

export const wrongPassword = 'Certainly+not-the-p4ssword'

const federated = ['entra-federated'] as const
const entra = ['entra-managed', ...federated] as const

// The farm and its OAuth endpoint know more; these are the ones that are met.
const farmFaults = ['ID3242', 'MSIS3173', 'MSIS7068', 'MessageExpired', 'InvalidSecurityToken', 'RequestFailed']
const farmOauthFaults = ['MSIS9602', 'MSIS9604', 'MSIS9605', 'MSIS9607', 'MSIS9622']
const b2cNumbers = Array.from({ length: 1_000 }, (_, index) => 90_000 + index).filter(hasB2cFault)

const injectedFaults: readonly (readonly [label: string, fault: InjectedFault])[] = [
  ['The answer comes a second late', { type: 'latency', ms: 1_000 }],
  ['No answer comes', { type: 'hang' }],
  ['The connection is reset', { type: 'reset' }],
  ['The answer ends too early', { type: 'truncate' }],
  ['503 Service Unavailable', { type: 'status', status: 503 }],
  ['429 Too Many Requests, Retry-After: 120', { type: 'status', status: 429, headers: { 'retry-after': '120' } }],
  ['The page of a proxy, with status 200', { type: 'html' }],
  ['The page of a proxy, with status 403', { type: 'html', status: 403 }],
  ['Nothing, with status 200', { type: 'empty' }],
  ['Half of the answer, as if it were all', { type: 'bad-json' }],
  ['Another content type', { type: 'wrong-content-type' }],
  ['A redirect to another host', { type: 'redirect', to: 'https://elsewhere.simulator.invalid/' }],
  ['A body that inflates to 64 MiB', { type: 'gzip-bomb' }],
  ['The server’s clock is an hour ahead', { type: 'clock-skew', seconds: 3_600 }],
]

export const faultChoices: readonly FaultChoice[] = [
  { id: 'none', label: 'None', group: 'No fault, or one of the user’s' },
  { id: 'password', label: 'Wrong password', group: 'No fault, or one of the user’s' },
  ...injectedFaults.map(([label, injected], index) => ({
    id: `way-${index + 1}`,
    label,
    group: 'On the way',
    injected,
  })),
  ...farmFaults.map((code) => refusedWith(code, '', 'The federation server refuses the user', federated)),
  ...farmOauthFaults.map((code) => refusedWith(code, '', 'The farm refuses the user', ['adfs-federated'])),
  ...b2cNumbers.map((number) => refusedWith(`AADB2C${number}`, '', 'B2C refuses the user', ['b2c-local'])),
  ...[...entraFaults]
    .toSorted(([a], [b]) => a - b)
    .map(([number, { error, text }]) =>
      refusedWith(`AADSTS${number}`, `${error}, ${shorten(text)}`, 'Entra refuses the user', entra),
    ),
]

export const routeChoices: readonly RouteChoice[] = [
  { id: 'token', label: 'the token endpoint' },
  { id: 'metadata', label: 'the OpenID configuration' },
  { id: 'realm', label: 'the user realm', fits: entra },
  { id: 'mex', label: 'the federation server’s metadata (MEX)', fits: federated },
  { id: 'wstrust', label: 'the federation server’s WS-Trust endpoint', fits: federated },
]

function refusedWith(code: string, text: string, group: string, fits: readonly Fit[]): FaultChoice {
  const label = text === '' ? code : `${code}: ${text}`
  return { id: code.toLowerCase(), label, group, fits, refusal: code.toLowerCase() }
}

function shorten(text: string): string {
  return text.length > 70 ? `${text.slice(0, 67).trimEnd()}…` : text
}

/**
 * What the page asks for, made of what it may choose from.
 *
 * @returns `undefined` for a body that the page would not have sent.
 */
export function readScenario(world: World, body: Readonly<Record<string, unknown>>): Scenario | undefined {
  const { user, fault, route, pauseMs } = body as Partial<Record<keyof Asked, unknown>>
  const who = userChoices(world).find(({ id }) => id === user)
  const what = faultChoices.find(({ id }) => id === fault)
  if (who === undefined || what === undefined || what.fits?.includes(who.fits) === false) return undefined
  if (typeof pauseMs !== 'number' || !(pauseMs >= 0 && pauseMs <= 2_000)) return undefined
  const { injected, refusal } = what
  const where = injected && routeChoices.find(({ id, fits }) => id === route && fits?.includes(who.fits) !== false)
  if (injected !== undefined && where === undefined) return undefined
  const { authority, username, password } = who.user
  return {
    authority,
    username: refusal === undefined ? username : `${refusal}${username.slice(username.indexOf('@'))}`,
    password: what.id === 'password' ? wrongPassword : password,
    ...applicationOf(world, authority),
    ...(injected === undefined || where === undefined ? {} : { injection: { route: where.id, fault: injected } }),
    pauseMs,
  }
}

/** The public application of an authority, and what it asks for there. */
function applicationOf({ apps, farm, b2c, ciam, oidc }: World, authority: Side): Pick<Scenario, 'clientId' | 'scopes'> {
  switch (authority) {
    case 'entra':
      return { clientId: publicOf(apps), scopes: ['User.Read'] }
    case 'adfs':
      return { clientId: publicOf(farm.clients ?? []), scopes: ['openid'] }
    case 'b2c':
      return { clientId: publicOf(b2c.apps), scopes: ['openid', publicOf(b2c.apps)] }
    case 'ciam':
      return { clientId: publicOf(ciam.apps), scopes: ['User.Read'] }
    case 'oidc':
      return { clientId: publicOf(oidc.clients), scopes: ['openid', 'read'] }
  }
}

function publicOf(apps: readonly { readonly clientId: string; readonly secret?: string }[]): string {
  return apps.find(({ secret }) => secret === undefined)?.clientId ?? ''
}
