import { type AuthError, InteractionRequiredError, oneLine, TokenEndpointError, type WayOut } from '../errors.ts'
import type { Call } from './call.ts'
import { type DiscoveryCache, discoverUserRealm, type Route } from './discovery.ts'
import type { SignIn } from './redeem.ts'

/** What a parser, which sees one answer, cannot know; only advice, for `hint` and its kin. */
interface Additions {
  hint?: string
  waysOut?: readonly WayOut[]
  consentUrl?: string
}

/** Adds to an error of the token endpoint where to consent to this client and these scopes, and what External ID offers. */
export function addCallContext(call: Call, { metadata, scopes }: SignIn, error: AuthError): void {
  const additions = error as unknown as Additions
  if (call.authority.kind === 'ciam') additions.waysOut = ['native_authentication', 'interactive']
  if (!(error instanceof InteractionRequiredError)) return
  const isConsent = error.suberror === 'consent_required' || error.error === 'consent_required'
  const endpoint = metadata.token_endpoint
  if (!isConsent || call.authority.kind !== 'entra' || !endpoint.endsWith('/token')) return
  const query = new URLSearchParams({ client_id: call.clientId, response_type: 'code', scope: scopes.join(' ') })
  additions.consentUrl = `${endpoint.slice(0, -'token'.length)}authorize?${query}`
  additions.waysOut = ['interactive', 'device_code']
  additions.hint = oneLine(`${error.hint ?? ''} Consent at ${additions.consentUrl}`.trim(), 1_000)
}

/**
 * Adds to the refusal of a password at the token endpoint what makes a right password look wrong there: a federated user whom
 * the caller's options sent this way, a domain that Entra does not know, a tenant that was guessed.
 *
 * Where the options forced the way, the realm is asked for now: a request without a credential, whose failure costs nothing.
 */
export async function addRouteContext(
  call: Call,
  discovery: DiscoveryCache,
  username: string,
  route: Route,
  error: unknown,
): Promise<void> {
  if (!(error instanceof TokenEndpointError) || error.error !== 'invalid_grant' || call.authority.kind !== 'entra')
    return
  const notes = [await forcedNote(call, discovery, username)]
  if (route.fallbacks.some(({ rule }) => rule === 'realm.unknown')) {
    notes.push('Entra does not know the domain of this user name, and unknownRealm: "managed" let it try all the same.')
  }
  if (call.authority.tenant === 'organizations') {
    notes.push('The tenant was taken from the domain of the user name: for a guest, name the tenant in the authority.')
  }
  const hint = [error.hint, ...notes].filter((text) => text !== undefined).join(' ')
  ;(error as unknown as Additions).hint = oneLine(hint, 1_000)
}

async function forcedNote(call: Call, discovery: DiscoveryCache, username: string): Promise<string | undefined> {
  const { flow, realm: given } = call.options
  if (flow !== 'managed' && given === undefined) return undefined
  const realm = await discoverUserRealm(call, discovery, username).catch(() => undefined)
  if (realm?.accountType !== 'federated') return undefined
  const option = flow === 'managed' ? 'flow: "managed"' : 'the realm given'
  return (
    `Entra says that this user is federated, and ${option} sent the password to Entra, which has it only with password hash ` +
    'sync and a policy with AllowCloudPasswordValidation: leave that option out to sign in at the federation server.'
  )
}
