import { expect, it } from 'vitest'
import { createSimulator, demoWorld } from '../../src/simulator.ts'
import {
  assertionIn,
  assertionRequest,
  decodeJwt,
  endpointOf,
  getAssertion,
  postForm,
  postSoap,
  requestSecurityToken,
  saml11Grant,
  saml20Grant,
  userNamed,
} from './messages.ts'

const simulator = await createSimulator()
const sts = 'https://sts.simulator.invalid'
const fred = userNamed(simulator, 'fred@fed.contoso.example')

it.each([
  ['1.3', 'fred@fed.contoso.example', '1.1'],
  ['2005', 'fred@fed.contoso.example', '1.1'],
  ['1.3', 'saml2@fed.contoso.example', '2.0'],
  ['2005', 'saml2@fed.contoso.example', '2.0'],
  ['1.3', 'frida@fed.contoso.example', '1.1'],
] as const)('signs in over WS-Trust %s %s with a SAML %s assertion', async (version, username, saml) => {
  simulator.clearJournal()
  const assertion = await getAssertion(simulator, username, version)
  expect(assertion).toContain(`urn:oasis:names:tc:SAML:${saml === '1.1' ? '1.0' : '2.0'}:assertion`)
  const { status, body } = await assertionRequest(simulator, assertion)
  expect(status).toBe(200)
  expect(decodeJwt(body['id_token'])['preferred_username']).toBe(username)
  expect(simulator.journal).toMatchObject([
    { kind: 'wstrust', wsTrustVersion: version, username, carriedCredential: true, host: 'sts.simulator.invalid' },
    { kind: 'token', username, carriedCredential: true, assertionSignatureVerified: true },
  ])
})

it('takes standard base64 for the assertion as well, and the v1 endpoint', async () => {
  const assertion = await getAssertion(simulator, fred.username)
  const encoded = Buffer.from(assertion).toString('base64')
  expect((await assertionRequest(simulator, assertion, { assertion: encoded })).status).toBe(200)
  const v1 = await postForm(simulator.send, `${simulator.authority}/oauth2/token`, {
    grant_type: saml11Grant,
    client_id: simulator.clientId,
    resource: 'https://graph.microsoft.com',
    assertion: encoded,
  })
  expect(v1).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: '3600' } })
})

it('finds the tenant of a federated user at organizations', async () => {
  const assertion = await getAssertion(simulator, fred.username)
  const { body } = await postForm(simulator.send, 'https://login.simulator.invalid/organizations/oauth2/v2.0/token', {
    grant_type: saml11Grant,
    client_id: simulator.clientId,
    scope: 'openid User.Read',
    assertion: Buffer.from(assertion).toString('base64url'),
  })
  expect(decodeJwt(body['id_token'])['tid']).toBe(new URL(simulator.authority).pathname.slice(1))
})

it('answers 1.3 with a collection and 2005 without, the token type after the token', async () => {
  const answers = await Promise.all(
    (['1.3', '2005'] as const).map((version) => {
      const to = endpointOf(sts, version)
      return postSoap(simulator.send, to, requestSecurityToken({ ...fred, version, to }))
    }),
  )
  const [newer = '', older = ''] = answers.map(({ body }) => body)
  expect(newer).toContain(
    '<t:RequestSecurityTokenResponseCollection xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512">',
  )
  expect(newer).toContain('>http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal</a:Action>')
  expect(older).not.toContain('Collection')
  expect(older).toContain('>http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue</a:Action>')
  for (const body of [newer, older]) {
    expect(body.indexOf('</t:RequestedSecurityToken>')).toBeLessThan(body.indexOf('<t:TokenType>'))
    expect(body).toContain('<a:RelatesTo>urn:uuid:969bccdb-3017-4715-bc02-f269b76ae127</a:RelatesTo>')
  }
})

it('issues the version that the request asks for', async () => {
  for (const [tokenType, saml] of [
    ['urn:oasis:names:tc:SAML:2.0:assertion', '2.0'],
    ['http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1', '1.0'],
  ]) {
    const assertion = await getAssertion(simulator, fred.username, '1.3', { ...(tokenType ? { tokenType } : {}) })
    expect(assertion).toContain(`urn:oasis:names:tc:SAML:${saml}:assertion`)
  }
  const to = endpointOf(sts, '1.3')
  const odd = await postSoap(
    simulator.send,
    to,
    requestSecurityToken({ ...fred, version: '1.3', to, tokenType: 'urn:jwt' }),
  )
  expect(odd).toMatchObject({ status: 500, body: expect.stringContaining('MSIS3127: The specified request failed.') })
})

it('issues assertions for another relying party, which Entra then refuses', async () => {
  const assertion = await getAssertion(simulator, fred.username, '1.3', { appliesTo: 'urn:simulator:relying-party' })
  expect(assertion).toContain('>urn:simulator:relying-party</saml:Audience>')
  const { body } = await assertionRequest(simulator, assertion)
  expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [50010] })
})

const minute = 60_000
it.each([
  [
    'a wrong password',
    { password: 'no' },
    'a:FailedAuthentication',
    'ID3242: The security token could not be authenticated or authorized.',
  ],
  ['an unknown user', { username: 'nobody@fed.contoso.example' }, 'a:FailedAuthentication', 'ID3242:'],
  [
    'a managed user',
    { username: 'ada@contoso.example', password: 'Pa$$w0rd+&=é' },
    'a:FailedAuthentication',
    'ID3242:',
  ],
  [
    'a user the policy denies',
    { username: 'blocked@fed.contoso.example' },
    'a:FailedAuthentication',
    'MSIS7068: Access denied.',
  ],
  [
    'the action of the other version',
    { action: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue' },
    'a:ActionNotSupported',
    'ContractFilter mismatch',
  ],
  [
    'another destination',
    { to: `${sts}/adfs/services/trust/2005/usernamemixed` },
    'a:DestinationUnreachable',
    'AddressFilter mismatch',
  ],
  [
    'another host as destination',
    { to: 'https://sts.evil.example/adfs/services/trust/13/usernamemixed' },
    'a:DestinationUnreachable',
    'AddressFilter mismatch',
  ],
  ['a clock 16 minutes behind', { created: Date.now() - 16 * minute }, 'a:InvalidSecurity', 'verifying security'],
  ['a clock 6 minutes ahead', { created: Date.now() + 6 * minute }, 'a:InvalidSecurity', 'verifying security'],
  ['an unknown relying party', { appliesTo: 'urn:nobody' }, 'a:InvalidScope', 'ID3082:'],
  ['no relying party', { appliesTo: '' }, 'a:InvalidScope', 'ID3082:'],
])('answers %s with a fault and status 500', async (_title, change, subcode, reason) => {
  const url = endpointOf(sts, '1.3')
  const answer = await postSoap(
    simulator.send,
    url,
    requestSecurityToken({ ...fred, version: '1.3', to: url, ...change }),
  )
  expect(answer.status).toBe(500)
  expect(answer.headers['content-type']).toBe('application/soap+xml; charset=utf-8')
  expect(answer.body).toContain(`>${subcode}</s:Value>`)
  expect(answer.body).toContain(reason)
  expect(answer.body).not.toContain('Assertion')
})

const to13 = endpointOf(sts, '1.3')
const goodRst = (): string => requestSecurityToken({ ...fred, version: '1.3', to: to13 })
it.each([
  ['a symmetric key type', (rst: string) => rst.replace('200512/Bearer', '200512/SymmetricKey'), 'ID4007'],
  ['no key type', (rst: string) => rst.replace(/<wst:KeyType>.*<\/wst:KeyType>/, ''), 'ID4007'],
  ['another request type', (rst: string) => rst.replace('200512/Issue</wst', '200512/Renew</wst'), 'ID3035'],
  ['no request', (rst: string) => rst.replaceAll('RequestSecurityToken', 'Request'), 'ID3035'],
  [
    'a digest for a password',
    (rst: string) => rst.replace('<wsse:Password>', '<wsse:Password Type="urn:x#PasswordDigest">'),
    'InvalidSecurityToken',
  ],
  ['no user name token', (rst: string) => rst.replaceAll('UsernameToken', 'Nothing'), 'InvalidSecurity'],
  [
    'a SOAP 1.1 envelope',
    (rst: string) =>
      rst.replace('http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/envelope/'),
    's:VersionMismatch',
  ],
  [
    'a mandatory header it does not know',
    (rst: string) => rst.replace('<wsa:MessageID>', '<x s:mustUnderstand="1"/><wsa:MessageID>'),
    's:MustUnderstand',
  ],
])('refuses a message with %s', async (_title, change, sign) => {
  const answer = await postSoap(simulator.send, to13, change(goodRst()))
  expect(answer).toMatchObject({ status: 500, body: expect.stringContaining(sign) })
})

it.each([
  ['what is not XML', 'hello'],
  ['an unescaped ampersand', goodRst().replace('fred@', 'fr&ed@')],
  ['a document type', goodRst().replace('<s:Envelope', '<!DOCTYPE s [<!ENTITY e "x">]><s:Envelope')],
  ['nothing', ''],
])('answers %s with 400 and nothing else, as WCF does', async (_title, body) => {
  expect(await postSoap(simulator.send, to13, body)).toMatchObject({ status: 400, body: 'Bad Request\n' })
})

it('wants SOAP 1.2 as content type', async () => {
  const headers = { 'content-type': 'text/xml; charset=utf-8' }
  const answer = await simulator.send({ step: 'wstrust', method: 'POST', url: to13, headers, body: goodRst() })
  expect(answer.status).toBe(415)
})

it.each([
  ['13/username', 500],
  ['13/usernamebasictransport', 401],
  ['2005/usernamebasictransport', 401],
  ['13/windowstransport', 401],
  ['2005/windowstransport', 401],
  ['13/nothing', 404],
  ['12/usernamemixed', 404],
])('has a trap at %s that answers %d and is in the journal as a place a password went to', async (path, status) => {
  simulator.clearJournal()
  expect(await postSoap(simulator.send, `${sts}/adfs/services/trust/${path}`, goodRst())).toMatchObject({ status })
  expect(simulator.journal).toMatchObject([{ kind: 'wstrust', status, carriedCredential: true }])
})

it('writes a metadata document with absolute addresses of its own, the 2005 endpoints first', async () => {
  const { status, body } = await simulator.send({
    step: 'mex',
    method: 'GET',
    url: `${sts}/adfs/services/trust/mex`,
    headers: {},
  })
  expect(status).toBe(200)
  const addresses = [...body.matchAll(/<wsa10:Address>([^<]*)</g)].map(([, address]) => address)
  expect(addresses).toEqual(
    ['2005', '13'].flatMap((folder) => [
      `${sts}/adfs/services/trust/${folder}/windowstransport`,
      `${sts}:49443/adfs/services/trust/${folder}/certificatemixed`,
      `${sts}/adfs/services/trust/${folder}/usernamemixed`,
      `${sts}/adfs/services/trust/${folder}/issuedtokenmixedsymmetricbasic256`,
    ]),
  )
  for (const id of ['UserNameWSTrustBinding_IWSTrust13Async', 'UserNameWSTrustBinding_IWSTrustFeb2005Async']) {
    expect(body).toContain(`<wsp:Policy wsu:Id="${id}_policy">`)
    expect(body).toContain(`<wsp:PolicyReference URI="#${id}_policy"/>`)
  }
})

it('offers and serves only the versions that the farm has', async () => {
  const { farm } = demoWorld()
  const old = await createSimulator({ world: { farm: { ...farm, offer: ['2005'], assertionVersion: '2.0' } } })
  const { body } = await old.send({ step: 'mex', method: 'GET', url: `${sts}/adfs/services/trust/mex`, headers: {} })
  expect(body).not.toContain('/13/usernamemixed')
  expect((await postSoap(old.send, to13, goodRst())).status).toBe(503)
  expect(await getAssertion(old, fred.username, '2005')).toContain('SAML:2.0')
})

it('accepts ADAL, with a wrong-case messageID and milliseconds, and node-sp-auth, with hardly any header', async () => {
  const now = new Date().toISOString()
  const adal = goodRst()
    .replaceAll('wsa:MessageID', 'wsa:messageID')
    .replace(/<wsu:Created>.*</, `<wsu:Created>${now}<`)
    .replace(/<wsu:Expires>.*</, `<wsu:Expires>${new Date(Date.now() + 600_000).toISOString()}<`)
    .replaceAll(/>\s+</g, '><')
  const spAuth = goodRst()
    .replace(/<wsa:MessageID>.*<\/wsa:MessageID>/, '')
    .replace(/<wsu:Timestamp[\s\S]*<\/wsu:Timestamp>/, '')
    .replace(
      '<wsse:Password>',
      '<wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">',
    )
  for (const rst of [adal, spAuth]) {
    expect(assertionIn(await postSoap(simulator.send, to13, rst))).toContain('fred@fed.contoso.example')
  }
})

it('puts another answer in place of the honest one where a test asks for it', async () => {
  const broken = await createSimulator({
    faults: {
      mex: () => ({ status: 503, headers: {}, body: 'down for maintenance' }),
      wstrust: (_request, answer) => ({ ...answer, body: answer.body.replace('Sender', 'Receiver') }),
      realm: () => undefined,
    },
  })
  const mex = await broken.send({ step: 'mex', method: 'GET', url: `${sts}/adfs/services/trust/mex`, headers: {} })
  expect(mex).toMatchObject({ status: 503, body: 'down for maintenance' })
  const rst = requestSecurityToken({ ...fred, password: 'no', version: '1.3', to: to13 })
  expect((await postSoap(broken.send, to13, rst)).body).toContain('s:Receiver')
  expect(broken.journal).toMatchObject([
    { kind: 'mex', status: 503 },
    { kind: 'wstrust', status: 500 },
  ])
})

it('relaxes clock, destination and relying party without strict, and never the password', async () => {
  const lenient = await createSimulator({ strict: false })
  const relaxed = {
    created: 0,
    appliesTo: 'urn:nobody',
    to: 'https://other.example/adfs/services/trust/13/usernamemixed',
  }
  const rst = (password: string): string => requestSecurityToken({ ...fred, password, version: '1.3', ...relaxed })
  expect((await postSoap(lenient.send, to13, rst(fred.password))).status).toBe(200)
  expect((await postSoap(lenient.send, to13, rst('no'))).status).toBe(500)
})

it('says of every federated demo user what to expect', async () => {
  for (const user of simulator.users.filter(({ kind }) => kind === 'federated')) {
    const answer = await postSoap(simulator.send, to13, requestSecurityToken({ ...user, version: '1.3', to: to13 }))
    if (answer.status !== 200) {
      expect(/(MSIS|ID)\d+/.exec(answer.body)?.[0]).toBe(user.expect)
      continue
    }
    const { body } = await assertionRequest(simulator, assertionIn(answer))
    expect(body['error_codes'] === undefined ? undefined : `AADSTS${body['error_codes']}`).toBe(user.expect)
  }
})

it('knows the two grant types apart', async () => {
  const saml11 = await getAssertion(simulator, fred.username)
  const saml20 = await getAssertion(simulator, 'saml2@fed.contoso.example')
  const swapped = await assertionRequest(simulator, saml11, { grant_type: saml20Grant })
  expect(swapped.body).toMatchObject({ error_codes: [7500514] })
  expect((await assertionRequest(simulator, saml20, { grant_type: saml11Grant })).body).toMatchObject({
    error_codes: [50008],
  })
})

it.each(['disabled', 'locked', 'password-expired'] as const)(
  'does not say of a user that the account is %s',
  async (refusal) => {
    const users = demoWorld().users.map((user) => (user.username === fred.username ? { ...user, refusal } : user))
    const closed = await createSimulator({ world: { users } })
    const answer = await postSoap(closed.send, to13, goodRst())
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('ID3242: The security token could not') })
    expect(userNamed(closed, fred.username).expect).toBe('ID3242')
  },
)
