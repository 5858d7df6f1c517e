import { expect, it } from 'vitest'
import type { HttpResponse } from '../../src/protocol/http.ts'
import { createSimulator } from '../../src/simulator.ts'
import { assertionIn, decodeJwt, requestSecurityToken, userNamed } from './messages.ts'

/**
 * The requests of other clients as they were seen on the wire (MSAL Node 7.2.1, @azure/identity 4.14.1, MSAL Python
 * 1.21.0, ADAL Node 0.2.4, ADAL Python 1.2.7), with this simulator's host, users and app put in. Strict mode must take
 * all of them.
 */

const simulator = await createSimulator()
const entra = 'https://login.simulator.invalid'
const sts = 'https://sts.simulator.invalid'
const id = 'a5ceebc9-1e53-4beb-9ccd-c5f0da6f54fc'
const ada = userNamed(simulator, 'ada@contoso.example')
const fred = userNamed(simulator, 'fred@fed.contoso.example')
const percent = encodeURIComponent
/** `requests` writes forms as the browsers do: `+` for a blank. */
const plus = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2)

const msalNodeTelemetry =
  '&client_info=1&x-client-SKU=msal.js.node&x-client-VER=7.2.1&x-client-OS=linux&x-client-CPU=x64' +
  '&x-ms-lib-capability=retry-after%2C%20h429&x-client-current-telemetry=5%7C371%2C0%2C%2C%2C%7C%2C&x-client-last-telemetry=5%7C0%7C%7C%7C0%2C0'
const msalPythonHeaders = {
  'user-agent': 'python-requests/2.28.1',
  'accept-encoding': 'gzip, deflate',
  accept: 'application/json',
  'x-client-sku': 'MSAL.Python',
  'x-client-ver': '1.21.0',
  'x-ms-lib-capability': 'retry-after, h429',
  'client-request-id': id,
  'x-client-current-telemetry': '4|301,0|',
  'x-client-last-telemetry': '4|0|||',
}
const adalHeaders = {
  accept: 'application/json, text/plain, */*',
  'accept-charset': 'utf-8',
  'client-request-id': id,
  'return-client-request-id': 'true',
  'x-client-sku': 'Node',
  'x-client-ver': '0.2.4',
}

function get(url: string, headers: Record<string, string> = {}): Promise<HttpResponse> {
  return simulator.send({ step: 'realm', method: 'GET', url, headers })
}

function post(
  url: string,
  contentType: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<HttpResponse> {
  return simulator.send({
    step: 'token',
    method: 'POST',
    url,
    headers: { 'content-type': contentType, ...headers },
    body,
  })
}

const msalNode = (username: string, password: string, scope: string): Promise<HttpResponse> =>
  post(
    `${entra}/organizations/oauth2/v2.0/token?client-request-id=${id}`,
    'application/x-www-form-urlencoded;charset=utf-8',
    `client_id=${simulator.clientId}&username=${percent(username)}&password=${percent(password)}&scope=${percent(scope)}` +
      `&response_type=id_token%20token&grant_type=password${msalNodeTelemetry}&client-request-id=${id}`,
    { 'x-anchormailbox': `UPN: ${username}`, 'sec-fetch-mode': 'cors', 'accept-language': '*', 'user-agent': 'node' },
  )

it.each([
  'https://graph.microsoft.com/User.Read openid profile offline_access',
  'https://graph.microsoft.com/.default openid profile offline_access',
])('takes the password request of MSAL Node and @azure/identity: %s', async (scope) => {
  const { status, body } = await msalNode(ada.username, ada.password, scope)
  expect(status).toBe(200)
  expect(Object.keys(JSON.parse(body))).toEqual(
    expect.arrayContaining([
      'access_token',
      'refresh_token',
      'id_token',
      'client_info',
      'expires_in',
      'ext_expires_in',
    ]),
  )
})

it('takes the refresh request of MSAL Node, with its claims', async () => {
  const first = JSON.parse((await msalNode(ada.username, ada.password, 'User.Read openid profile offline_access')).body)
  const claims = '{"id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false}}}'
  const { status } = await post(
    `${entra}/organizations/oauth2/v2.0/token?client-request-id=${id}`,
    'application/x-www-form-urlencoded;charset=utf-8',
    `client_id=${simulator.clientId}&scope=${percent('User.Read openid profile offline_access')}&grant_type=refresh_token${msalNodeTelemetry}` +
      `&refresh_token=${percent(first.refresh_token)}&claims=${percent(claims)}`,
  )
  expect(status).toBe(200)
})

it('refuses MSAL Node a federated user: the password is not known in the cloud', async () => {
  const { status, body } = await msalNode(fred.username, fred.password, 'User.Read openid profile offline_access')
  expect(status).toBe(400)
  expect(JSON.parse(body)).toMatchObject({ error: 'invalid_grant', error_codes: [50126], correlation_id: id })
})

it('takes MSAL Python, managed: metadata, realm with a raw @, token', async () => {
  const metadata = JSON.parse((await get(`${entra}/contoso.example/v2.0/.well-known/openid-configuration`)).body)
  const realm = JSON.parse((await get(`${entra}/common/userrealm/${ada.username}?api-version=1.0`)).body)
  expect(realm.account_type).toBe('Managed') // compared with case by MSAL Python and Go
  const { status } = await post(
    metadata.token_endpoint,
    'application/x-www-form-urlencoded',
    `client_id=${simulator.clientId}&grant_type=password&client_info=1&username=${plus(ada.username)}&password=${plus(ada.password)}` +
      '&scope=https%3A%2F%2Fgraph.microsoft.com%2FUser.Read+offline_access+openid+profile',
    { ...msalPythonHeaders, 'x-anchormailbox': `upn:${ada.username}` },
  )
  expect(status).toBe(200)
})

it('takes MSAL Python, federated: its RST as it stands, its assertion in base64url', async () => {
  const realm = JSON.parse((await get(`${entra}/common/userrealm/${fred.username}?api-version=1.0`)).body)
  expect(realm).toMatchObject({ account_type: 'Federated', federation_protocol: 'WSTrust' })
  const to = `${sts}/adfs/services/trust/13/usernamemixed`
  const rst = requestSecurityToken({ ...fred, version: '1.3', to })
  const headers = { soapaction: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue' }
  const assertion = assertionIn(await post(to, 'application/soap+xml; charset=utf-8', rst, headers))
  const { status, body } = await post(
    `${entra}/organizations/oauth2/v2.0/token`,
    'application/x-www-form-urlencoded',
    `client_id=${simulator.clientId}&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml1_1-bearer&client_info=1` +
      `&scope=https%3A%2F%2Fgraph.microsoft.com%2FUser.Read+offline_access+openid+profile&assertion=${Buffer.from(assertion).toString('base64url')}`,
    msalPythonHeaders,
  )
  expect(status).toBe(200)
  expect(decodeJwt(JSON.parse(body).id_token)['preferred_username']).toBe(fred.username)
})

it('takes ADAL, managed: realm with capitals, the v1 endpoint, numbers that are strings', async () => {
  const realm = JSON.parse(
    (await get(`${entra}/common/UserRealm/${percent(ada.username)}?api-version=1.0`, adalHeaders)).body,
  )
  expect(realm.account_type).toBe('Managed')
  for (const url of [
    `${entra}/contoso.example/oauth2/token?api-version=1.0`,
    `${entra}/contoso.example/oauth2/token`,
  ]) {
    const { status, headers, body } = await post(
      url,
      'application/x-www-form-urlencoded',
      `grant_type=password&scope=openid&client_id=${simulator.clientId}&resource=https%3A%2F%2Fgraph.microsoft.com&password=${percent(ada.password)}&username=${percent(ada.username)}`,
      adalHeaders,
    )
    expect(status).toBe(200)
    expect(headers['client-request-id']).toBe(id)
    expect(JSON.parse(body)).toMatchObject({
      token_type: 'Bearer',
      expires_in: '3600',
      resource: 'https://graph.microsoft.com',
    })
  }
})

it.each([
  ['fred@fed.contoso.example', 'saml1_1-bearer'],
  ['saml2@fed.contoso.example', 'saml2-bearer'],
])('takes ADAL, federated: one line, messageID, milliseconds, standard base64 (%s)', async (username, grant) => {
  const mex = await get(`${sts}/adfs/services/trust/mex`, { ...adalHeaders, 'content-type': 'application/soap+xml' })
  expect(mex.status).toBe(200)
  const to = `${sts}/adfs/services/trust/13/usernamemixed`
  const now = Date.now()
  const { password } = userNamed(simulator, username)
  const escaped = password
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
  const rst = `<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:wsa='http://www.w3.org/2005/08/addressing' xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'><s:Header><wsa:Action s:mustUnderstand='1'>http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</wsa:Action><wsa:messageID>urn:uuid:${id}</wsa:messageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo><wsa:To s:mustUnderstand='1'>${to}</wsa:To><wsse:Security s:mustUnderstand='1' xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'><wsu:Timestamp wsu:Id='_0'><wsu:Created>${new Date(now).toISOString()}</wsu:Created><wsu:Expires>${new Date(now + 600_000).toISOString()}</wsu:Expires></wsu:Timestamp><wsse:UsernameToken wsu:Id='ADALUsernameToken'><wsse:Username>${username}</wsse:Username><wsse:Password>${escaped}</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header><s:Body><wst:RequestSecurityToken xmlns:wst='http://docs.oasis-open.org/ws-sx/ws-trust/200512'><wsp:AppliesTo xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'><wsa:EndpointReference><wsa:Address>urn:federation:MicrosoftOnline</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</wst:KeyType><wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType></wst:RequestSecurityToken></s:Body></s:Envelope>`
  const assertion = assertionIn(await post(to, 'application/soap+xml; charset=utf-8', rst, adalHeaders))
  const { status } = await post(
    `${entra}/organizations/oauth2/token?api-version=1.0`,
    'application/x-www-form-urlencoded',
    `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A${grant}&scope=openid&client_id=${simulator.clientId}&resource=https%3A%2F%2Fgraph.microsoft.com&assertion=${percent(Buffer.from(assertion).toString('base64'))}`,
    adalHeaders,
  )
  expect(status).toBe(200)
  expect(simulator.journal.at(-1)).toMatchObject({ username, assertionSignatureVerified: true })
})

it('answers the instance discovery of all of them', async () => {
  const shapes = [
    `api-version=1.1&authorization_endpoint=${entra}/contoso.example/oauth2/v2.0/authorize`,
    `authorization_endpoint=${percent(`${entra}/contoso.example/oauth2/authorize`)}&api-version=1.0`,
  ]
  for (const shape of shapes) {
    const { status, body } = await get(`${entra}/common/discovery/instance?${shape}`)
    expect(status).toBe(200)
    expect(JSON.parse(body).tenant_discovery_endpoint).toContain(`${entra}/contoso.example/`)
  }
})
