import type { Discovery } from '../../client/ropc-client.ts'
import { isAuthError } from '../../errors.ts'
import type { FederatedRealm, UserRealm } from '../../realm/user-realm.ts'
import { chooseWsTrustEndpoint, type MexDocument, parseMexDocument } from '../../wstrust/mex-document.ts'
import { type Bench, parsed } from './bench.ts'
import { type Check, failedBy, skip } from './check.ts'
import { describeRefusal } from './discovery-checks.ts'
import { describeMex, describeMexFallback, listCandidates, refuseEndpointHost } from './mex-checks.ts'

/** What the client's discovery came to. */
export interface Discovered {
  readonly found?: Discovery
  readonly error?: unknown
  /** Its warnings, by code. */
  readonly warnings: ReadonlyMap<string, string>
}

/**
 * Looks at the federation server of a federated user: its host, its metadata, the endpoint that takes the password.
 *
 * @param host What was found out about the host that the realm answer names.
 */
export async function examineFederation(
  bench: Bench,
  discovered: Discovered,
  realm: UserRealm | undefined,
  host: Check | undefined,
): Promise<readonly Check[]> {
  if (realm?.accountType === 'managed') return []
  if (realm?.accountType !== 'federated' || host === undefined) return skipFederation('no federation server is known')
  const wsTrust = discovered.found?.wsTrust
  const before = [host, judgeMex(bench, discovered, realm, host)]
  if (wsTrust === undefined) return [...before, skip('endpoint.wstrust', endpointLabel, 'it is not known')]
  const elsewhere = hostOf(wsTrust.url) !== hostOf(realm.metadataUrl ?? realm.activeAuthUrl)
  const own = elsewhere ? [await bench.probe('wstrust', 'WS-Trust host', wsTrust.url)] : []
  const isDown = (own[0] ?? host).status === 'fail'
  const endpoint = isDown
    ? skip('endpoint.wstrust', endpointLabel, 'there is no way to the host')
    : await bench.examineEndpoint('wstrust', wsTrust.url)
  return [...before, ...own, endpoint]
}

const endpointLabel = 'WS-Trust endpoint'

export function skipFederation(why: string): readonly Check[] {
  return [skip('mex', 'MEX document', why), skip('endpoint.wstrust', endpointLabel, why)]
}

function judgeMex(bench: Bench, { found, error, warnings }: Discovered, realm: FederatedRealm, host: Check): Check {
  const label = ['mex', 'MEX document'] as const
  if (host.status === 'fail') return skip(...label, 'there is no way to the federation host')
  const answer = bench.seen.findLast(({ request }) => request.step === 'mex')?.response
  const mex = answer === undefined ? undefined : parsed(() => parseMexDocument(answer))
  if (found?.wsTrust !== undefined) {
    if (mex !== undefined) return describeMex(mex, found.wsTrust)
    return describeMexFallback(warnings.get('MEX_FALLBACK') ?? 'the realm answer names no metadata', found.wsTrust)
  }
  if (!isAuthError(error)) return skip(...label, 'it was not asked for')
  if (error.code === 'ERR_UNJUSTIFIED_HOST' && error.step === 'wstrust' && mex !== undefined) {
    return refuseUnjustified(mex, realm)
  }
  const children = mex === undefined ? {} : { children: listCandidates(mex) }
  return { ...failedBy(error, ...label, mex === undefined ? describeRefusal(answer) : ''), ...children }
}

function refuseUnjustified(mex: MexDocument, { metadataUrl, activeAuthUrl }: FederatedRealm): Check {
  const named = [hostOf(metadataUrl), hostOf(activeAuthUrl)].filter((host) => host !== undefined)
  return refuseEndpointHost(mex, chooseWsTrustEndpoint(mex), [...new Set(named)])
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).host
}
