import type { HttpResponse, Transport } from '../../src/protocol/http.ts'
import type { DemoUser, Simulator } from '../../src/simulator.ts'

/** Requests written by hand, after the transcripts of other clients: never by the builders of this package. */

export const graphScope = 'https://graph.microsoft.com/User.Read openid profile offline_access'
export const saml11Grant = 'urn:ietf:params:oauth:grant-type:saml1_1-bearer'
export const saml20Grant = 'urn:ietf:params:oauth:grant-type:saml2-bearer'

const formType = 'application/x-www-form-urlencoded'

export function userNamed(simulator: Simulator, username: string): DemoUser {
  const user = simulator.users.find((candidate) => candidate.username === username)
  if (user === undefined) throw new Error(`no such demo user: ${username}`)
  return user
}

export interface TokenResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // The bodies of both endpoints and of errors; each test reads the members it is about.
  readonly body: Record<string, unknown>
}

export async function postForm(
  send: Transport,
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenResult> {
  const body = new URLSearchParams(fields).toString()
  const answer = await send({
    step: 'token',
    method: 'POST',
    url,
    headers: { 'content-type': formType, ...headers },
    body,
  })
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) as Record<string, unknown> }
}

/** A password request for a demo user; `fields` replace or, as empty strings, blank the usual ones. */
export function passwordRequest(
  simulator: Simulator,
  username: string,
  fields: Record<string, string> = {},
  authority: string = simulator.authority,
): Promise<TokenResult> {
  const known = simulator.users.find((user) => user.username === username)
  return postForm(simulator.send, `${authority}/oauth2/v2.0/token`, {
    grant_type: 'password',
    client_id: simulator.clientId,
    username,
    password: known?.password ?? 'anything',
    scope: graphScope,
    client_info: '1',
    ...fields,
  })
}

export async function getJson(send: Transport, url: string): Promise<TokenResult> {
  const answer = await send({ step: 'realm', method: 'GET', url, headers: {} })
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) as Record<string, unknown> }
}

export interface RstOptions {
  readonly version: '1.3' | '2005'
  readonly to: string
  readonly username: string
  readonly password: string
  readonly appliesTo?: string
  readonly created?: number
  readonly tokenType?: string
  readonly action?: string
}

const trust = {
  '1.3': {
    ns: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    key: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer',
  },
  '2005': {
    ns: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
    key: 'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey',
  },
} as const

const xml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')

/** MSAL Python's envelope, white space included. */
export function requestSecurityToken(options: RstOptions): string {
  const { ns, key } = trust[options.version]
  const created = options.created ?? Date.now()
  const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '')
  const tokenType = options.tokenType === undefined ? '' : `<wst:TokenType>${options.tokenType}</wst:TokenType>`
  return `<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:wsa='http://www.w3.org/2005/08/addressing' xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'>
        <s:Header>
            <wsa:Action s:mustUnderstand='1'>${options.action ?? `${ns}/RST/Issue`}</wsa:Action>
            <wsa:MessageID>urn:uuid:969bccdb-3017-4715-bc02-f269b76ae127</wsa:MessageID>
            <wsa:ReplyTo>
            <wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address>
            </wsa:ReplyTo>
            <wsa:To s:mustUnderstand='1'>${xml(options.to)}</wsa:To>

            <wsse:Security s:mustUnderstand='1'
            xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'>
                <wsu:Timestamp wsu:Id='_0'>
                    <wsu:Created>${instant(created)}</wsu:Created>
                    <wsu:Expires>${instant(created + 600_000)}</wsu:Expires>
                </wsu:Timestamp>
                <wsse:UsernameToken wsu:Id='ADALUsernameToken'>
                    <wsse:Username>${xml(options.username)}</wsse:Username>
                    <wsse:Password>${xml(options.password)}</wsse:Password>
                </wsse:UsernameToken>
            </wsse:Security>

        </s:Header>
        <s:Body>
        <wst:RequestSecurityToken xmlns:wst='${ns}'>
        <wsp:AppliesTo xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'>
            <wsa:EndpointReference>
                <wsa:Address>${xml(options.appliesTo ?? 'urn:federation:MicrosoftOnline')}</wsa:Address>
            </wsa:EndpointReference>
        </wsp:AppliesTo>
        <wst:KeyType>${key}</wst:KeyType>
            <wst:RequestType>${ns}/Issue</wst:RequestType>${tokenType}
        </wst:RequestSecurityToken>
        </s:Body>
        </s:Envelope>`
}

export function endpointOf(origin: string, version: '1.3' | '2005'): string {
  return `${origin}/adfs/services/trust/${version === '1.3' ? '13' : '2005'}/usernamemixed`
}

export function postSoap(send: Transport, url: string, body: string): Promise<HttpResponse> {
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8' }
  return send({ step: 'wstrust', method: 'POST', url, headers, body })
}

/** Signs a federated user in at the farm and cuts the assertion out as it stands. */
export async function getAssertion(
  simulator: Simulator,
  username: string,
  version: '1.3' | '2005' = '1.3',
  more: Partial<RstOptions> = {},
  origin = 'https://sts.simulator.invalid',
): Promise<string> {
  const { password } = userNamed(simulator, username)
  const to = endpointOf(origin, version)
  const answer = await postSoap(simulator.send, to, requestSecurityToken({ version, to, username, password, ...more }))
  return assertionIn(answer)
}

export function assertionIn({ status, body }: HttpResponse): string {
  const [, assertion] = /<[\w]+:RequestedSecurityToken>([\s\S]*)<\/[\w]+:RequestedSecurityToken>/.exec(body) ?? []
  if (status !== 200 || assertion === undefined) throw new Error(`no assertion, status ${status}`)
  return assertion
}

/** The bearer grant for an assertion, encoded as MSAL Python does it. */
export function assertionRequest(
  simulator: Simulator,
  assertion: string,
  fields: Record<string, string> = {},
): Promise<TokenResult> {
  return postForm(simulator.send, `${simulator.authority}/oauth2/v2.0/token`, {
    grant_type: assertion.includes('SAML:2.0:assertion') ? saml20Grant : saml11Grant,
    client_id: simulator.clientId,
    scope: graphScope,
    client_info: '1',
    assertion: Buffer.from(assertion).toString('base64url'),
    ...fields,
  })
}

export function decodeJwt(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
