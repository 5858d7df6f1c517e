import { randomUUID } from 'node:crypto'
import { isAuthError, Secret } from '../../dist/index.js'
import { createHttpsTransport } from '../../dist/transport.js'
import { buildSecurityTokenRequest, parseSecurityTokenResponse } from '../../dist/wstrust.js'
import { expect, row } from './report.js'
import { expectVerified } from './xmlsec.js'

/** Rows in which a WS-Trust server that nobody here wrote reads our request, and we read its answer. */
export async function wsTrustServerRows({ name, peer, started }, xmlsec1, strangersPem) {
  const client = `${name} ${peer.version ?? ''}`.trim()
  const needs = { [name]: peer }
  const rowOf = (user, path, check, more = {}) =>
    row({ client, user, path, needs: { ...needs, ...more } }, async () => check(await started))

  for (const samlVersion of ['1.1', '2.0']) {
    await rowOf(
      `SAML ${samlVersion} assertion`,
      'WS-Trust 1.3, user name token over TLS',
      async (server) => {
        const assertion = await issue(server, { appliesTo: server.audiences[samlVersion] })
        expect(assertion.version === samlVersion, `it is SAML ${assertion.version}`)
        expect(assertion.notOnOrAfter > Date.now() / 1000, 'it has expired already')
        await expectVerified(assertion.xml.reveal(), samlVersion, server.signingCertificatePem, strangersPem)
        return `issued; xmlsec1 ${xmlsec1.version} verifies what was cut out, refuses it tampered with, or by another key`
      },
      { xmlsec1 },
    )
  }
  await rowOf('wrong password', 'WS-Trust 1.3', (server) => expectFault(server, { password: 'wrong' }, 'SecurityError'))
  await rowOf('unknown user', 'WS-Trust 1.3', (server) => expectFault(server, { username: 'eve' }, 'SecurityError'))
  await rowOf('unknown audience', 'WS-Trust 1.3', (server) =>
    expectFault(server, { appliesTo: 'urn:interop:nobody' }, 'RequestFailed'),
  )
  await rowOf('the draft of 2005', 'WS-Trust 2005, which it does not speak', (server) =>
    expectFault(server, { version: '2005' }),
  )
  await rowOf('every user', 'with the Basic Security Profile, its default', async (server) => {
    const strict = { url: server.endpoints.strict }
    // R4201 wants a Type on Password, which AD FS does not need and its other clients do not send.
    if (!/<wsse:Password [^>]*Type=/.test(request(server, strict).body)) {
      return `${await expectFault(server, strict, 'SecurityError')}; quirk: our Password has no Type`
    }
    await issue(server, strict)
    return 'issued: our Password has its Type'
  })
}

function request(server, { url = server.endpoints.lenient, appliesTo = server.audiences['1.1'], ...rest }) {
  const { username = server.user.username, password = server.user.password, version = '1.3' } = rest
  const endpoint = { url, version }
  const now = Math.floor(Date.now() / 1000)
  return buildSecurityTokenRequest({ endpoint, username, password: new Secret(password), appliesTo }, now, randomUUID())
}

async function issue(server, { version = '1.3', ...what }) {
  const transport = createHttpsTransport({ ca: server.ca })
  try {
    return parseSecurityTokenResponse(await transport(request(server, { version, ...what })), version)
  } finally {
    await transport.close()
  }
}

async function expectFault(server, what, subcode) {
  const error = await issue(server, what).then(
    () => undefined,
    (reason) => reason,
  )
  expect(error !== undefined, 'an assertion was issued')
  expect(isAuthError(error) && error.code === 'ERR_SOAP_FAULT', `no fault was read: ${error.code ?? error.message}`)
  expect(subcode === undefined || error.faultSubcode === subcode, `the fault was ${error.faultSubcode}`)
  return `refused as expected: ${[error.code, error.faultCode, error.faultSubcode].filter(Boolean).join(' ')}`
}
