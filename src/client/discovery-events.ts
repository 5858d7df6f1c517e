import type { Cloud } from '../protocol/clouds.ts'
import type { ServerMetadata } from '../protocol/server-metadata.ts'
import type { Verdict } from '../protocol/verdict.ts'
import type { UserRealm } from '../realm/user-realm.ts'
import type { MexDocument, WsTrustEndpoint } from '../wstrust/mex-document.ts'
import type { Call } from './call.ts'
import type { Candidate } from './events.ts'
import type { Description } from './exchange.ts'

// How discovery shows itself in events. What was decided was decided elsewhere, by the rules named here.

const kinds = ['entra', 'adfs', 'b2c', 'ciam', 'oidc'] as const

/** What kind of server the authority is, and where its endpoints are taken from. */
export function emitAuthority(call: Call): void {
  if (!call.isHeard) return
  const { kind, known, host } = call.authority
  const { authorityKind, tokenEndpoint, metadataUrl } = call.options
  const rule = authorityKind === undefined ? 'authority.kind.by-address' : 'authority.kind.named'
  call.emit({
    type: 'decision',
    step: 'authority',
    question: 'authority kind',
    chosen: kind,
    candidates: kinds.map((label) => ({
      label,
      rule,
      ok: label === kind,
      ...(label === kind ? { evidence: host } : {}),
    })),
  })
  const sources: readonly (readonly [label: string, rule: string, applies: boolean])[] = [
    ['given by the caller', 'authority.endpoints.named', tokenEndpoint !== undefined],
    ['by convention', 'authority.endpoints.known-cloud', known],
    ['the metadata named by the caller', 'authority.endpoints.metadata-named', metadataUrl !== undefined],
    ['the metadata of the server', 'authority.endpoints.metadata', true],
  ]
  const chosen = sources.find(([, , applies]) => applies)?.[0] ?? ''
  call.emit({
    type: 'decision',
    step: 'authority',
    question: 'endpoints',
    chosen,
    candidates: sources.map(([label, rule]) => ({ label, rule, ok: label === chosen })),
  })
}

const accountTypes = ['managed', 'federated', 'consumer', 'unknown'] as const

/** @param given Whether the caller named the realm, in place of Entra. */
export function emitAccountType(call: Call, realm: UserRealm, given: boolean): void {
  if (!call.isHeard) return
  const domain = 'domainName' in realm ? realm.domainName : undefined
  call.emit({
    type: 'decision',
    step: 'realm',
    question: 'account type',
    chosen: realm.accountType,
    candidates: accountTypes.map((label) => ({
      label,
      rule: given ? 'realm.account-type.named' : `realm.account-type.${label}`,
      ok: label === realm.accountType,
      ...(label === realm.accountType && domain !== undefined ? { evidence: domain } : {}),
    })),
  })
}

/** Chooses an endpoint, and tells of it, also where there was none to choose. */
export function decideEndpoint(
  call: Call,
  choose: () => WsTrustEndpoint,
  mex: MexDocument | undefined,
  fallbacks: readonly Verdict[],
): WsTrustEndpoint {
  let endpoint: WsTrustEndpoint | undefined
  try {
    endpoint = choose()
    return endpoint
  } finally {
    if (endpoint !== undefined || mex !== undefined) emitEndpoint(call, endpoint, mex, fallbacks)
  }
}

/** Every endpoint of the metadata with its verdict; of those that would do, the rivals that were passed over. */
function emitEndpoint(
  call: Call,
  endpoint: WsTrustEndpoint | undefined,
  mex: MexDocument | undefined,
  fallbacks: readonly Verdict[],
): void {
  if (!call.isHeard) return
  const wanted = call.options.wsTrustVersion
  let found = false
  const candidates = mex?.candidates.map(({ policy, binding, port, version, url, verdict }): Candidate => {
    const isChosen: boolean = !found && verdict.ok && url === endpoint?.url && version === endpoint?.version
    found ||= isChosen
    return {
      label: [port, binding, policy].find((name) => name !== undefined) ?? 'a part without a name',
      ...(url === undefined ? {} : { url }),
      ...(version === undefined ? {} : { version }),
      ...verdict,
      ...(verdict.ok && !isChosen ? passedOver(version, endpoint, wanted) : {}),
    }
  })
  call.emit({
    type: 'decision',
    step: 'mex',
    question: 'WS-Trust endpoint',
    chosen: endpoint?.url ?? 'none',
    candidates: candidates ?? [
      ...fallbacks.map((verdict) => ({ label: 'the metadata of the federation server', ...verdict })),
      {
        label: 'the endpoint that Entra has on file',
        rule: 'mex.fallback.active-auth-url',
        ok: true,
        ...endpoint,
      },
    ],
  })
}

function passedOver(
  version: string | undefined,
  chosen: WsTrustEndpoint | undefined,
  wanted: string | undefined,
): Verdict {
  if (wanted !== undefined && version !== wanted) return { rule: 'mex.version.not-wanted', ok: false, evidence: wanted }
  if (chosen !== undefined && version !== chosen.version) {
    return { rule: 'mex.version.superseded', ok: false, evidence: chosen.version }
  }
  return { rule: 'mex.order.later', ok: false }
}

export function describeCloud({ networkHost, cacheHost, aliases }: Cloud): Description {
  return { what: 'cloud', facts: { networkHost, cacheHost, aliases } }
}

export function describeMetadata(metadata: ServerMetadata): Description {
  const { issuer, token_endpoint, jwks_uri } = metadata
  return { what: 'server metadata', facts: { issuer, token_endpoint, jwks_uri } }
}

export function describeRealm(realm: UserRealm): Description {
  const { accountType, ...rest } = realm
  return { what: 'user realm', facts: { accountType, ...rest } }
}

export function describeMex({ candidates }: MexDocument): Description {
  const usable = candidates.filter(({ verdict }) => verdict.ok)
  return {
    what: 'MEX document',
    facts: { candidates: candidates.length, usable: usable.map(({ version, url }) => `WS-Trust ${version}: ${url}`) },
    checks: candidates.map(({ verdict }) => verdict),
  }
}
