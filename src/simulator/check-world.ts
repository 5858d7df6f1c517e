import { InvalidArgumentError } from '../errors.ts'
import { hasB2cFault } from './b2c-faults.ts'
import { farmFault } from './farm-faults.ts'
import { accountStates } from './faults.ts'
import { hasMsisFault } from './msis-faults.ts'
import { type App, demoWorld, domainOf, type Farm, farmOf, type User, type World } from './world.ts'

const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * Refuses a world that contradicts itself: a test in it would pass or fail for a reason that nobody meant.
 *
 * @throws {@link InvalidArgumentError} which says which entry, and never shows a password or a secret.
 */
export function checkWorld(world: World): void {
  const known = demoWorld()
  const unknown = Object.keys(world).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) throw invalid('world', `has no member "${unknown}"`)
  for (const [name, value] of Object.entries(known)) {
    const given = world[name as keyof World]
    const fits = Array.isArray(value) ? Array.isArray(given) : typeof given === 'object' && given !== null
    if (!fits) throw invalid(`world.${name}`, Array.isArray(value) ? 'is not a list' : 'is not an object')
  }
  checkFarms(world)
  checkTenants(world)
  const tenantIds = world.tenants.map(({ id }) => id)
  checkUsers(world, tenantIds)
  checkApps('world.apps', world.apps, tenantIds)
  checkNames('world.resources', world.resources, ({ identifiers }) => identifiers, 'identifiers')
  checkOthers(world)
}

function checkFarms({ farm, farms }: World): void {
  checkFarm('world.farm', farm)
  for (const [index, { host, ...rest }] of farms.entries()) {
    const entry = at('world.farms', index, host)
    if (!isHost(host)) throw invalid(entry, 'has a host that is none, with or without a port')
    checkFarm(entry, rest)
  }
  checkNames('world.farms', farms, ({ host }) => [host], 'a host')
}

function checkFarm(entry: string, { offer, assertionVersion }: Farm): void {
  if (!Array.isArray(offer) || offer.some((version) => version !== '2005' && version !== '1.3')) {
    throw invalid(`${entry}.offer`, 'holds something else than "2005" and "1.3"')
  }
  if (assertionVersion !== '1.1' && assertionVersion !== '2.0') {
    throw invalid(`${entry}.assertionVersion`, 'is neither "1.1" nor "2.0"')
  }
}

function checkTenants({ tenants, farms }: World): void {
  checkNames('world.tenants', tenants, ({ id }) => [id], 'an id')
  const domains = tenants.flatMap((tenant, index) => {
    const entry = at('world.tenants', index, tenant.displayName)
    if (!guid.test(tenant.id)) throw invalid(entry, 'has an id that is no GUID in lower case')
    checkNames(`${entry}.domains`, tenant.domains, ({ name }) => [name], 'a name')
    return tenant.domains.map((domain, position) => ({ ...domain, entry: `${entry}.domains[${position}]` }))
  })
  for (const { entry, name, kind, farm } of domains) {
    if (domainOf(`@${name}`) !== name) throw invalid(entry, 'has a name that is no domain in lower case')
    if (kind !== 'managed' && kind !== 'federated') throw invalid(entry, 'is neither managed nor federated')
    if (farm === undefined) continue
    if (kind === 'managed') throw invalid(entry, 'is managed, and names a farm')
    if (!farms.some(({ host }) => host === farm))
      throw invalid(entry, `names a farm that is not in world.farms: ${farm}`)
  }
  for (const [index, { entry, name }] of domains.entries()) {
    const first = domains.findIndex((domain) => domain.name === name)
    if (first < index) throw invalid(entry, `has the domain of ${domains[first]?.entry}: ${name}`)
  }
}

function checkUsers(world: World, tenantIds: readonly string[]): void {
  const { tenants, users, ciam } = world
  checkNames('world.users', users, ({ username }) => [username], 'a user name')
  for (const [index, user] of users.entries()) {
    const entry = at('world.users', index, user.username)
    checkUser(entry, user, tenantIds)
    const domain = domainOf(user.username)
    const home = tenants.find(({ domains }) => domains.some(({ name }) => name === domain))
    if (home?.id === user.tenantId) continue
    if (domain === undefined) throw invalid(entry, 'has a user name without a domain')
    throw invalid(entry, `has a domain of ${home === undefined ? 'no' : 'another'} tenant: ${domain}`, partsHint)
  }
  const anchors = users.map((user) => `${user.immutableId} ${farmOf(world, user)}`)
  for (const [index, { username, immutableId }] of users.entries()) {
    const first = anchors.indexOf(anchors[index] ?? '')
    if (immutableId === undefined || first === index) continue
    throw invalid(at('world.users', index, username), `has the immutableId of world.users[${first}]`)
  }
  checkNames('world.ciam.users', ciam.users, ({ username }) => [username], 'a user name')
  for (const [index, user] of ciam.users.entries()) {
    checkUser(at('world.ciam.users', index, user.username), user, [ciam.id])
  }
}

function checkUser(entry: string, user: User, tenantIds: readonly string[]): void {
  const { password, tenantId, guestIn = [], refusal, farmFault: fault } = user
  if (typeof password !== 'string' || password === '') throw invalid(entry, 'has no password')
  for (const id of [tenantId, ...guestIn.map((guest) => guest.tenantId)]) {
    if (!tenantIds.includes(id)) throw invalid(entry, `is of a tenant that does not exist: ${id}`, partsHint)
  }
  if (typeof refusal === 'string' && refusal !== 'adfs-policy' && !accountStates.includes(refusal)) {
    throw invalid(entry, `has a refusal that does not exist: ${refusal}`)
  }
  if (fault !== undefined && farmFault(fault) === undefined && !hasMsisFault(fault)) {
    throw invalid(entry, `has a farmFault that does not exist: ${fault}`)
  }
}

function checkApps(list: string, apps: readonly App[], tenantIds: readonly string[]): void {
  checkNames(list, apps, ({ clientId }) => [clientId], 'a client id')
  for (const [index, { clientId, displayName, tenantId }] of apps.entries()) {
    const entry = at(list, index, displayName)
    if (clientId !== clientId.toLowerCase()) throw invalid(entry, 'has a client id that is not in lower case')
    if (!tenantIds.includes(tenantId))
      throw invalid(entry, `is of a tenant that does not exist: ${tenantId}`, partsHint)
  }
}

function checkOthers({ b2c, ciam, oidc, farm, farms }: World): void {
  checkApps('world.ciam.apps', ciam.apps, [ciam.id])
  for (const [entry, id] of [
    ['world.b2c', b2c.id],
    ['world.ciam', ciam.id],
  ] as const) {
    if (!guid.test(id)) throw invalid(entry, 'has an id that is no GUID in lower case')
  }
  checkNames('world.b2c.policies', b2c.policies, ({ name }) => [name], 'a name')
  checkNames('world.b2c.users', b2c.users, ({ username }) => [username], 'a user name')
  checkNames('world.b2c.apps', b2c.apps, ({ clientId }) => [clientId], 'a client id')
  checkNames('world.b2c.apis', b2c.apis, ({ identifier }) => [identifier], 'an identifier')
  for (const [index, { username, refusal }] of b2c.users.entries()) {
    if (refusal === undefined || refusal === 'locked' || hasB2cFault(refusal)) continue
    throw invalid(at('world.b2c.users', index, username), `has a refusal that does not exist: ${refusal}`)
  }
  if (!oidc.path.startsWith('/')) throw invalid('world.oidc.path', 'does not start with "/"')
  checkNames('world.oidc.users', oidc.users, ({ username }) => [username], 'a user name')
  checkNames('world.oidc.clients', oidc.clients, ({ clientId }) => [clientId], 'a client id')
  for (const [index, { clients = [] }] of [farm, ...farms].entries()) {
    const entry = index === 0 ? 'world.farm' : `world.farms[${index - 1}]`
    checkNames(`${entry}.clients`, clients, ({ clientId }) => [clientId], 'a client id')
  }
}

/** Each entry must have a name, and no two the same; compared without case, as the directories do. */
function checkNames<Entry>(
  list: string,
  entries: readonly Entry[],
  namesOf: (entry: Entry) => readonly string[],
  what: string,
): void {
  const seen = new Map<string, number>()
  if (!Array.isArray(entries)) throw invalid(list, 'is not a list')
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null) throw invalid(`${list}[${index}]`, 'is not an object')
    const names = namesOf(entry)
    if (!Array.isArray(names)) throw invalid(`${list}[${index}]`, `lacks ${what}`)
    for (const name of names) {
      if (typeof name !== 'string' || name === '') throw invalid(`${list}[${index}]`, `lacks ${what}`)
      const first = seen.get(name.toLowerCase())
      if (first !== undefined) throw invalid(at(list, index, name), `has ${what} of ${list}[${first}]`)
      seen.set(name.toLowerCase(), index)
    }
  }
}

/** Whether it can stand in a URL as it is. */
export function isHost(host: string): boolean {
  return URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host
}

const partsHint =
  'A list of `world` takes the place of that of demoWorld(), and the others stay: tenants, users and apps go together.'

function at(list: string, index: number, name: string): string {
  return `${list}[${index}] "${name}"`
}

function invalid(entry: string, message: string, hint?: string): InvalidArgumentError {
  return new InvalidArgumentError(`${entry} ${message}`, { step: 'authority', ...(hint === undefined ? {} : { hint }) })
}
