import { InvalidArgumentError } from '../errors.ts'

const openIdScopes = new Set(['openid', 'profile', 'offline_access', 'email', 'address', 'phone'])
const graphHost = /^(https:\/\/)?(dod-)?(graph\.microsoft\.|microsoftgraph\.chinacloudapi\.cn)/

/**
 * Checks the scopes a caller asks for.
 *
 * @returns The scopes in the caller's order, doubles removed.
 * @throws {@link InvalidArgumentError} if it is not a non-empty array of scope tokens (RFC 6749 §3.3), mixes `.default`
 *   with other scopes, or names two resources: Entra issues a token for one resource at a time (AADSTS28000, 70011).
 */
export function checkScopes(scopes: unknown): readonly string[] {
  const known = remembered(scopes)
  if (known !== undefined) return known
  const unique = Object.freeze(readScopes(scopes))
  const [scope = ''] = scopes as readonly string[]
  if (unique.length === 1 && unique[0] === scope) {
    if (single.size >= 1_000) single.clear()
    single.set(scope, unique)
  }
  return unique
}

// An application asks for the same few scopes over and over, mostly for one at a time.
const single = new Map<string, readonly string[]>()

function remembered(scopes: unknown): readonly string[] | undefined {
  return Array.isArray(scopes) && scopes.length === 1 ? single.get(scopes[0] as string) : undefined
}

function readScopes(scopes: unknown): readonly string[] {
  if (!Array.isArray(scopes)) {
    throw invalid('scopes is not an array', `Write scopes: ['User.Read', 'Mail.Read'], not one string.`)
  }
  if (scopes.length === 0) throw invalid('scopes is empty', `Name what the token is for, e.g. ['User.Read'].`)
  const unique = new Map<string, string>()
  for (const scope of scopes as unknown[]) {
    if (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/.test(scope)) {
      throw invalid(
        'a scope is empty, not a string, or holds a blank, a control character, a quote or a non-ASCII character',
        'Pass each scope as one array element, without blanks.',
      )
    }
    if (!unique.has(scope.toLowerCase())) unique.set(scope.toLowerCase(), scope)
  }
  const resourceScopes = [...unique.keys()].filter((scope) => !openIdScopes.has(scope))
  if (resourceScopes.length > 1 && resourceScopes.some((scope) => /(^|\/)\.default$/.test(scope))) {
    throw invalid(
      '.default is mixed with other scopes of a resource',
      'Ask for .default alone, or list the scopes one by one (openid, profile, email may stay).',
    )
  }
  if (new Set(resourceScopes.map(resourceOf)).size > 1) {
    throw invalid('the scopes name two resources', 'A token is for one resource: make one call per resource.')
  }
  return [...unique.values()]
}

/**
 * The scopes for a resource of the v1 endpoint (ADAL's `resource`, AD FS's relying party): its `.default`.
 *
 * A slash at the end of the resource stays, since it is part of its name: `https://management.core.windows.net/` gives
 * `https://management.core.windows.net//.default`, and without the second slash the token is for another audience.
 *
 * @throws {@link InvalidArgumentError} if it is not a resource's URI or id, or is a scope already.
 */
export function scopesFromResource(resource: string): string[] {
  if (typeof resource !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1000}$/.test(resource)) {
    throw invalid('the resource is not a URI or an application id', 'Pass it as it was passed to ADAL.')
  }
  if (/\/\.default$/i.test(resource)) {
    throw invalid('the resource is a scope already', 'Pass it in scopes as it is, or remove "/.default".')
  }
  return [`${resource}/.default`]
}

/** The scopes as sent: the caller's, then `openid profile` and (unless turned off) `offline_access`, each once. */
export function scopesToSend(scopes: readonly string[], offlineAccess: boolean): readonly string[] {
  const added = offlineAccess ? ['openid', 'profile', 'offline_access'] : ['openid', 'profile']
  const present = new Set(scopes.map((scope) => scope.toLowerCase()))
  const wanted = offlineAccess ? scopes : scopes.filter((scope) => scope.toLowerCase() !== 'offline_access')
  return [...wanted, ...added.filter((scope) => !present.has(scope))]
}

/**
 * Whether every asked scope is among the granted ones, compared without case. Beside the scopes of a resource the
 * OpenID scopes do not count: `offline_access` is never echoed, and the others show in the id_token.
 */
export function coversScopes(granted: readonly string[], asked: readonly string[]): boolean {
  const { lower } = spellingOf(granted)
  for (const scope of spellingOf(asked).wanted) if (!lower.has(scope)) return false
  return true
}

/** Scopes as a set in one spelling: lower case, sorted, without OpenID scopes; equal sets give equal text. */
export function canonicalScopes(scopes: readonly string[]): string {
  return spellingOf(scopes).canonical
}

interface Spelling {
  readonly lower: ReadonlySet<string>
  readonly canonical: string
  /** What must be granted for these scopes. */
  readonly wanted: readonly string[]
}

const spellings = new WeakMap<readonly string[], Spelling>()

// A list that cannot change is asked about again and again: a store shares one list between all of its users.
function spellingOf(scopes: readonly string[]): Spelling {
  const known = spellings.get(scopes)
  if (known !== undefined) return known
  const lower = new Set(scopes.map((scope) => scope.toLowerCase()))
  const ofResource = [...lower].filter((scope) => !openIdScopes.has(scope))
  const wanted = ofResource.length > 0 ? ofResource : [...lower].filter((scope) => scope !== 'offline_access')
  const spelling = { lower, canonical: ofResource.toSorted().join(' '), wanted }
  if (Object.isFrozen(scopes)) spellings.set(scopes, spelling)
  return spelling
}

// "https://api.example/Read" belongs to "https://api.example"; a bare name belongs to Microsoft Graph.
function resourceOf(scope: string): string {
  const slash = scope.lastIndexOf('/')
  const resource = slash < 0 ? '' : scope.slice(0, slash)
  return graphHost.test(resource) ? '' : resource
}

function invalid(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { step: 'token', hint })
}
