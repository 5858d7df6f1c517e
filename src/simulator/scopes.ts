import { Refused } from './faults.ts'
import type { App, Resource, World } from './world.ts'

/** What a request asks a token for, resolved against the resources of the world. */
export interface RequestedAccess {
  /** `aud` of the access token. */
  readonly audience: string
  /** Short names that go into `scp`. */
  readonly names: readonly string[]
  /** What the response says was granted. */
  readonly granted: readonly string[]
  /** The full names, to look consent up by. */
  readonly fullNames: readonly string[]
  readonly openid: boolean
  readonly offlineAccess: boolean
}

interface AskedScope {
  /** As written. */
  readonly text: string
  readonly resource: string
  readonly name: string
}

const reserved = ['openid', 'profile', 'email', 'offline_access']
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Reads the `scope` of the v2 endpoint: resource scopes `resource/name` or, for Microsoft Graph, a bare name.
 *
 * @throws {@link Refused} 70011, 700022, 500011 or 650053.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.3 RFC 6749 §3.3}
 */
export function readScope(world: World, app: App, tenant: string, scope: string, strict: boolean): RequestedAccess {
  const tokens = scope.split(' ').filter((token) => token !== '')
  if (tokens.some((token) => !scopeToken.test(token))) throw new Refused(70011, { scope })
  const oidc = tokens.filter((token) => reserved.includes(token.toLowerCase()))
  const asked = tokens.filter((token) => !reserved.includes(token.toLowerCase())).map((text) => splitScope(world, text))
  const resources = new Set(asked.map(({ resource }) => findResource(world, resource) ?? canonical(resource)))
  if (strict && resources.size > 1) throw new Refused(700022)
  const resource = resourceFor(world, asked, tenant, strict)
  const byDefault = asked.some(({ name }) => name === '.default')
  if (byDefault && asked.length > 1) throw new Refused(70011, { scope })
  const unknown = asked.find(({ name }) => name !== '.default' && !hasScope(resource, name))
  if (strict && unknown !== undefined) {
    throw new Refused(650053, { app: app.displayName, scope: unknown.name, resource: resource.identifiers[0] ?? '' })
  }
  const names = byDefault ? consentedNames(app, resource) : asked.map(({ name }) => name)
  const prefix = asked[0]?.resource ?? ''
  return {
    ...access(resource, names),
    granted: [
      ...(byDefault ? names.map((name) => `${prefix}/${name}`) : []),
      ...asked.map(({ text }) => text),
      ...oidc.filter((name) => name.toLowerCase() !== 'offline_access'),
    ],
    openid: oidc.some((name) => name.toLowerCase() === 'openid'),
    offlineAccess: oidc.some((name) => name.toLowerCase() === 'offline_access'),
  }
}

/** Reads the `resource` of the v1 endpoint, which always gives an ID token and a refresh token. */
export function readResource(
  world: World,
  app: App,
  tenant: string,
  identifier: string,
  strict: boolean,
): RequestedAccess {
  const resource = resourceFor(world, [{ text: identifier, resource: identifier, name: '.default' }], tenant, strict)
  const names = consentedNames(app, resource)
  const facts = access(resource, names)
  // v1 echoes the identifier as the client wrote it.
  return { ...facts, audience: identifier || facts.audience, granted: names, openid: true, offlineAccess: true }
}

function access(
  resource: Resource,
  names: readonly string[],
): Pick<RequestedAccess, 'audience' | 'names' | 'fullNames'> {
  const [identifier = ''] = resource.identifiers
  return { audience: identifier, names, fullNames: names.map((name) => `${identifier}/${name}`) }
}

/** `https://graph.microsoft.com/User.Read` at its last slash; a resource may itself end with one. */
function splitScope(world: World, text: string): AskedScope {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return { text, resource: world.resources[0]?.identifiers[0] ?? '', name: text }
  return { text, resource: text.slice(0, slash), name: text.slice(slash + 1) }
}

function resourceFor(world: World, asked: readonly AskedScope[], tenant: string, strict: boolean): Resource {
  const identifier = asked[0]?.resource || (world.resources[0]?.identifiers[0] ?? '')
  const resource = findResource(world, identifier)
  if (resource !== undefined) return resource
  if (strict) throw new Refused(500011, { resource: identifier, tenant })
  return { identifiers: [identifier], scopes: asked.map(({ name }) => name) }
}

function findResource(world: World, identifier: string): Resource | undefined {
  return world.resources.find(({ identifiers }) => identifiers.some((id) => canonical(id) === canonical(identifier)))
}

function canonical(identifier: string): string {
  return identifier.toLowerCase().replace(/\/$/, '')
}

function hasScope(resource: Resource, name: string): boolean {
  return resource.scopes.some((scope) => scope.toLowerCase() === name.toLowerCase())
}

/** `.default` means what has been consented to already. */
function consentedNames(app: App, resource: Resource): string[] {
  return resource.scopes.filter((name) => !isUnconsented(app, `${resource.identifiers[0]}/${name}`))
}

export function isUnconsented(app: App, fullName: string): boolean {
  return (app.unconsented ?? []).some((scope) => scope.toLowerCase() === fullName.toLowerCase())
}
