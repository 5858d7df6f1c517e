import type { B2cUser } from './b2c-directory.ts'
import { numbersOf } from './faults.ts'
import type { Side } from './listen.ts'
import { kindOf, type User, type World } from './world.ts'

/** A user as it may be listed on a screen. The passwords are inventions of the demo world and open nothing. */
export interface DemoUser {
  readonly username: string
  readonly password: string
  readonly what: string
  readonly kind: 'managed' | 'federated' | 'local'
  /** Where the user signs in; those of a farm sign in at `entra` and at `adfs`. */
  readonly authority: Side
  /** The refusal to expect, e.g. `AADSTS50076`; absent for a user who can sign in. */
  readonly expect?: string
}

/** An app as it may be listed. */
export interface DemoApp {
  readonly clientId: string
  readonly displayName: string
  readonly authority: Side
  readonly secret?: string
}

/** The users of Entra and of the farm behind it. */
export function entraUsers(world: World): DemoUser[] {
  return world.users.map((user) => {
    const { username, password, what } = user
    const expect = expectedRefusal(world, user)
    const kind = kindOf(world, user)
    return { username, password, what, kind, authority: 'entra', ...(expect === undefined ? {} : { expect }) }
  })
}

/** Users that only their own authority knows. */
export function otherUsers({ b2c, ciam, oidc }: World): DemoUser[] {
  const local = (authority: Side, users: readonly Pick<DemoUser, 'username' | 'password' | 'what'>[]): DemoUser[] =>
    users.map(({ username, password, what }) => ({ username, password, what, kind: 'local', authority }))
  return [...b2c.users.map(b2cUser), ...local('ciam', ciam.users), ...local('oidc', oidc.users)]
}

function b2cUser({ username, password, what, refusal }: B2cUser): DemoUser {
  const code = refusal === 'locked' ? 90111 : (refusal ?? (/<|&#/.test(password) ? 90122 : undefined))
  const expect = code === undefined ? {} : { expect: `AADB2C${code}` }
  return { username, password, what, kind: 'local', authority: 'b2c', ...expect }
}

export function demoApps(world: World): DemoApp[] {
  const listed = (authority: Side, apps: readonly Omit<DemoApp, 'authority'>[]): DemoApp[] =>
    apps.map(({ clientId, displayName, secret }) => ({
      clientId,
      displayName,
      authority,
      ...(secret === undefined ? {} : { secret }),
    }))
  return [
    ...listed('entra', world.apps),
    ...[world.farm, ...world.farms].flatMap(({ clients = [] }) => listed('adfs', clients)),
    ...listed('b2c', world.b2c.apps),
    ...listed('ciam', world.ciam.apps),
    ...listed('oidc', world.oidc.clients),
  ]
}

function expectedRefusal(world: World, user: User): string | undefined {
  const federated = kindOf(world, user) === 'federated'
  if (user.refusal === 'adfs-policy') return 'MSIS7068'
  if (user.farmFault !== undefined) return user.farmFault
  if (federated && ['disabled', 'locked', 'password-expired'].includes(`${user.refusal}`)) return 'ID3242'
  const number = numbersOf(user.refusal).at(-1)
  if (number !== undefined) return `AADSTS${number}`
  return federated && user.immutableId === undefined ? 'AADSTS90020' : undefined
}
