import { createRopcClient } from '../../client/client.ts'
import type { ClientEvent } from '../../client/events.ts'
import type { Discovery } from '../../client/ropc-client.ts'
import type { SignInPath } from '../../client/token-result.ts'
import { isAuthError } from '../../errors.ts'
import { type Authority, withHosts } from '../../protocol/authority.ts'
import type { HttpResponse } from '../../protocol/http.ts'
import { parseInstanceDiscovery } from '../../protocol/instance-discovery.ts'
import { buildMetadataRequest, metadataByConvention, parseMetadata } from '../../protocol/server-metadata.ts'
import { parseUserRealm, type UserRealm } from '../../realm/user-realm.ts'
import { type Bench, type BenchOptions, createBench, parsed } from './bench.ts'
import { type Check, failedBy, pass, skip, warn } from './check.ts'
import { type ClockReading, judgeClock, readClock } from './clock.ts'
import { describeMetadata, describeRefusal, failedMetadata, judgeRealm } from './discovery-checks.ts'
import { type Discovered, examineFederation, skipFederation } from './examine-federation.ts'

export interface Examination extends BenchOptions {
  readonly username: string
  readonly clientId?: string
}

export interface Findings {
  readonly checks: readonly Check[]
  readonly realm?: UserRealm
  readonly path?: SignInPath
  readonly passwordGoesTo?: string
}

/** Runs the client's own discovery, and looks at every host and endpoint it leads to. Sends no credential. */
export async function examineSignIn(examination: Examination): Promise<Findings> {
  const { authority, username } = examination
  let federationHost: Promise<Check> | undefined
  const bench = createBench(examination, ({ request, response }) => {
    if (request.step !== 'realm' || federationHost !== undefined) return
    const realm = parsed(() => parseUserRealm(response))
    // At once: what the client does next may wait long for the same host.
    if (realm?.accountType === 'federated') federationHost = bench.probeFederation(realm)
  })
  const hosts = [...(await bench.probeProxy()), await bench.probe('authority', 'authority host', authority.url)]
  if (hosts.some(({ status }) => status === 'fail')) {
    return { checks: [...hosts, ...skipRest(authority, 'there is no way to the host')] }
  }
  const own = authority.known ? metadataByConvention(authority).token_endpoint : undefined
  const [configuration, discovered, earlyToken] = await Promise.all([
    authority.known ? fetchMetadata(bench, authority, examination) : undefined,
    discover(bench, examination),
    own === undefined ? undefined : bench.examineEndpoint('token', own),
  ])
  const metadata = configuration ?? readMetadata(bench, authority, discovered)
  const realm = realmOf(bench)
  const [token, federation] = await Promise.all([
    earlyToken ?? examineToken(bench, metadata.tokenEndpoint),
    examineFederation(bench, discovered, realm, await federationHost),
  ])
  const { found } = discovered
  return {
    checks: [
      ...hosts,
      ...describeInstance(bench, discovered),
      metadata.check,
      ...(authority.kind === 'entra' ? [examineRealm(bench, discovered, realm, username), ...federation] : []),
      token,
      judgeClock(readClocks(bench)),
      describePath(found),
    ],
    ...(realm === undefined ? {} : { realm }),
    ...(found === undefined ? {} : { path: found.path, passwordGoesTo: found.sendTo }),
  }
}

async function discover(bench: Bench, examination: Examination): Promise<Discovered> {
  const { username, authority, clientId = noClientId, probing } = examination
  const warnings = new Map<string, string>()
  const onEvent = (event: ClientEvent): void => {
    if (event.type === 'warning') warnings.set(event.code, event.message)
  }
  const client = createRopcClient({ clientId, authority: authority.url, transport: bench.send, onEvent })
  try {
    return { found: await client.discover({ username, signal: probing.signal }), warnings }
  } catch (error) {
    return { error, warnings }
  } finally {
    await client.close()
  }
}

/** The client wants an id, discovery sends none. */
const noClientId = '00000000-0000-0000-0000-000000000000'

interface MetadataFindings {
  readonly check: Check
  readonly tokenEndpoint?: string
}

const metadataLabel = ['metadata', 'OpenID configuration'] as const

/** A sign-in in a known cloud does without the document; a tenant that does not exist shows in it all the same. */
async function fetchMetadata(bench: Bench, authority: Authority, { probing }: Examination): Promise<MetadataFindings> {
  let response: HttpResponse | undefined
  try {
    const request = buildMetadataRequest(authority, crypto.randomUUID())
    response = await bench.guard.send(request, { signal: probing.signal })
    return { check: describeMetadata(parseMetadata(response, authority), response) }
  } catch (error) {
    return { check: failedMetadata(error, response) }
  }
}

/** Shows the document that the client has read already. */
function readMetadata(bench: Bench, authority: Authority, { error }: Discovered): MetadataFindings {
  const response = bench.seen.findLast(({ request }) => request.url.endsWith(wellKnown))?.response
  if (response === undefined) {
    const failed = isAuthError(error) && error.step === 'authority'
    return { check: failed ? failedMetadata(error) : skip(...metadataLabel, 'it was not asked for') }
  }
  try {
    const asked = resolved(bench, authority)
    bench.guard.justify(asked.url, 'caller')
    const metadata = parseMetadata(response, asked)
    return { check: describeMetadata(metadata, response), tokenEndpoint: metadata.token_endpoint }
  } catch (failure) {
    return { check: failedMetadata(failure, response) }
  }
}

const wellKnown = '/.well-known/openid-configuration'

function answerOf(bench: Bench, isMeant: (url: string, step: string) => boolean): HttpResponse | undefined {
  return bench.seen.findLast(({ request: { url, step } }) => isMeant(url, step))?.response
}

const isInstanceDiscovery = (url: string): boolean => url.includes('/common/discovery/instance?')

/** The authority under the hosts that the client found out for it. */
function resolved(bench: Bench, authority: Authority): Authority {
  const answer = answerOf(bench, isInstanceDiscovery)
  const cloud = answer === undefined ? undefined : parsed(() => parseInstanceDiscovery(answer, authority))
  return cloud === undefined ? authority : withHosts(authority, cloud)
}

function describeInstance(bench: Bench, { error, warnings }: Discovered): readonly Check[] {
  const label = ['authority.instance', 'instance discovery'] as const
  const warning = warnings.get('INSTANCE_DISCOVERY')
  if (isAuthError(error) && error.code === 'ERR_UNKNOWN_AUTHORITY') return [failedBy(error, ...label)]
  if (warning !== undefined) {
    return [
      warn(
        ...label,
        warning,
        'Normal in a disconnected network. Else see why login.microsoftonline.com is not reached.',
      ),
    ]
  }
  if (answerOf(bench, isInstanceDiscovery) === undefined) return []
  return [pass(...label, 'the worldwide cloud was asked about the host')]
}

function realmOf(bench: Bench): UserRealm | undefined {
  const answer = answerOf(bench, (_, step) => step === 'realm')
  return answer === undefined ? undefined : parsed(() => parseUserRealm(answer))
}

function examineRealm(bench: Bench, { error }: Discovered, realm: UserRealm | undefined, username: string): Check {
  if (realm !== undefined) return judgeRealm(realm, username)
  const label = ['realm', 'user realm'] as const
  if (!isAuthError(error) || error.step !== 'realm') return skip(...label, 'it was not asked for')
  return failedBy(error, ...label, describeRefusal(answerOf(bench, (_, step) => step === 'realm')))
}

async function examineToken(bench: Bench, url: string | undefined): Promise<Check> {
  if (url === undefined) return skip('endpoint.token', 'token endpoint', 'it is not known')
  return bench.examineEndpoint('token', url)
}

function readClocks({ seen }: Bench): readonly ClockReading[] {
  return seen
    .map(({ request, response, receivedAtMs }) => readClock(new URL(request.url).host, response.headers, receivedAtMs))
    .filter((reading) => reading !== undefined)
}

function describePath(found: Discovery | undefined): Check {
  if (found === undefined) return skip('path', 'path', 'it could not be found out')
  const { wsTrust, sendTo } = found
  const way = wsTrust === undefined ? 'the token endpoint' : `WS-Trust ${wsTrust.version} at ${wsTrust.url}`
  return pass('path', 'path', `the password goes to ${sendTo} (${way})`)
}

function skipRest({ kind }: Authority, why: string): readonly Check[] {
  return [
    skip(...metadataLabel, why),
    ...(kind === 'entra' ? [skip('realm', 'user realm', why), ...skipFederation(why)] : []),
    skip('endpoint.token', 'token endpoint', why),
    skip('clock', 'clock', why),
    skip('path', 'path', why),
  ]
}
