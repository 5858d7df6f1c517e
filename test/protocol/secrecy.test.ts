import { describe } from 'vitest'
import { type HttpRequest, type HttpResponse, Secret } from '../../src/index.ts'
import { buildTokenRequest, parseTokenResponse } from '../../src/protocol.ts'
import { buildSecurityTokenRequest, parseSecurityTokenResponse } from '../../src/wstrust.ts'
import { secrecyContract, show } from '../contract/secrecy.ts'
import { fixture } from '../fixtures.ts'

const at = 1_795_375_600
const clientId = '00001111-aaaa-4222-bbbb-3333cccc4444'
const metadata = { token_endpoint: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token' }
const url = 'https://sts.contoso.example/adfs/services/trust/13/usernamemixed'
const username = 'ada@contoso.example'
const scopes = ['User.Read']

function builtRequests(secret: Secret): HttpRequest[] {
  const token = { metadata, clientId, scopes }
  const rst = { username, password: secret, appliesTo: 'urn:federation:MicrosoftOnline' }
  return [
    buildTokenRequest({ ...token, grant: { type: 'password', username, password: secret } }, 'c'),
    buildTokenRequest({ ...token, grant: { type: 'refresh_token', refreshToken: secret } }, 'c'),
    buildTokenRequest({ ...token, grant: { type: 'saml', assertion: { version: '1.1', xml: secret } } }, 'c'),
    buildSecurityTokenRequest({ ...rst, endpoint: { version: '1.3', url } }, at, 'm-1'),
    buildSecurityTokenRequest({ ...rst, endpoint: { version: '2005', url } }, at, 'm-1'),
  ]
}

const json = (body: unknown, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'x-ms-request-id': 't-1' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

describe('secrecy', () => {
  secrecyContract('every request a builder makes', (secrets) =>
    // Redacted, they are the same for every secret: a set keeps the search short.
    [...new Set(secrets.flatMap((secret) => builtRequests(new Secret(secret)).map(show)))].join('\n'),
  )

  secrecyContract(
    'what the parsers make of answers',
    (secrets) =>
      secrets
        .flatMap((secret) => {
          const body = { access_token: secret, refresh_token: secret, id_token: secret, token_type: 'Bearer' }
          const rstr = fixture('rstr/13-saml11.xml').replace(
            '</saml:Assertion>',
            () => `<!--${secret.replaceAll('-', '')}--></saml:Assertion>`,
          )
          return [
            () => parseTokenResponse(json(body), scopes),
            () =>
              parseSecurityTokenResponse(
                { status: 200, headers: { 'content-type': 'application/soap+xml' }, body: rstr },
                '1.3',
              ),
          ].map((parse) => {
            try {
              return show(parse())
            } catch (error) {
              return show(error)
            }
          })
        })
        .join('\n'),
    { runs: 50, secretsPerRun: 10 },
  )
})
