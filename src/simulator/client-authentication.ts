import { type AssertionFault, checkClientAssertion } from './client-assertion.ts'
import { type ClientCredentials, jwtBearer } from './client-credentials.ts'
import type { EntraContext, TenantName } from './directory.ts'
import { Refused } from './faults.ts'
import { aliasesOf } from './instance-discovery.ts'
import { sameSecret } from './password.ts'
import type { App } from './world.ts'

/** Where the request was posted to: what a client assertion may name as its audience. */
export interface TokenAddress {
  /** The first path segment as written. */
  readonly segment: string
  readonly tenantName: TenantName
}

const codeOfFault: Readonly<Record<AssertionFault, number>> = {
  malformed: 50027,
  algorithm: 5002738,
  'unknown-key': 700027,
  signature: 700027,
  audience: 700023,
  client: 700021,
  time: 700024,
}

/**
 * Finds the app and has it prove itself: a public client has no credential and must send none, a confidential one a
 * secret (RFC 6749 §2.3.1) or an assertion signed with a registered certificate (RFC 7523).
 *
 * @throws {@link Refused} 900144, 700016, 700025, 7000218, 7000215, 7000222, 700027 and its neighbours.
 */
export function authenticateClient(entra: EntraContext, client: ClientCredentials, address: TokenAddress): App {
  const app = findApp(entra, client.clientId, address.tenantName)
  const confidential = app.secret !== undefined || (app.certificates ?? []).length > 0
  if (!confidential) {
    if (entra.strict && client.method !== 'none') throw new Refused(700025)
    return app
  }
  if (client.assertion !== undefined) checkAssertion(entra, app, client, address)
  else checkSecret(app, client.secrets)
  return app
}

function findApp({ world }: EntraContext, clientId: string | undefined, tenantName: TenantName): App {
  if (clientId === undefined) throw new Refused(900144, { parameter: 'client_id' })
  const app = world.apps.find((candidate) => candidate.clientId === clientId.toLowerCase())
  const foreign = typeof tenantName !== 'string' && tenantName.id !== app?.tenantId
  if (app === undefined || (foreign && !app.multiTenant)) {
    const tenant = typeof tenantName === 'string' ? tenantName : tenantName.displayName
    throw new Refused(700016, { client: clientId, tenant })
  }
  return app
}

function checkSecret(app: App, secrets: readonly string[]): void {
  if (secrets.length === 0) throw new Refused(7000218)
  const { secret: expected } = app
  const matches = expected !== undefined && secrets.some((secret) => sameSecret(secret, expected))
  if (!matches) throw new Refused(7000215, { client: app.clientId })
  if (app.secretExpired === true) throw new Refused(7000222, { client: app.clientId })
}

function checkAssertion(entra: EntraContext, app: App, client: ClientCredentials, address: TokenAddress): void {
  const fault = checkClientAssertion(client.assertion ?? '', {
    clientId: app.clientId,
    audiences: audiencesOf(entra, address),
    certificates: app.certificates ?? [],
    algorithms: ['RS256', 'PS256'],
    now: entra.now(),
    strict: entra.strict,
  })
  if (fault !== undefined) throw new Refused(codeOfFault[fault], { client: app.clientId })
  if (client.assertionType !== jwtBearer) throw new Refused(900144, { parameter: 'client_assertion_type' })
}

/** The token endpoints and the issuers of the tenant, under every name of the cloud and of the tenant. */
function audiencesOf(entra: EntraContext, { segment, tenantName }: TokenAddress): string[] {
  const names = typeof tenantName === 'string' ? [] : [tenantName.id, ...tenantName.domains.map(({ name }) => name)]
  const paths = ['oauth2/v2.0/token', 'oauth2/token', 'v2.0', '']
  return aliasesOf(new URL(entra.origin()).host).flatMap((host) =>
    [segment, ...names].flatMap((name) => paths.map((path) => `https://${host}/${name}/${path}`)),
  )
}
