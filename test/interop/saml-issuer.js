import 'reflect-metadata'
import { createRequire } from 'node:module'
import * as x509 from '@peculiar/x509'
import { npmPeersRoot } from './install.js'

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

/** A key and certificate made now and kept in memory. */
export async function createIssuer() {
  const keys = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
  const name = [{ CN: ['interop issuer'] }]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm: rsa })
  const keyPem = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { keyPem, certificatePem: certificate.toString('pem') }
}

/** A signed assertion that nobody here wrote: by npm `saml`. */
export function issueAssertion({ keyPem, certificatePem }, version) {
  const { Saml11, Saml20 } = createRequire(npmPeersRoot)('saml')
  return (version === '1.1' ? Saml11 : Saml20).create({
    cert: Buffer.from(certificatePem),
    key: Buffer.from(keyPem),
    issuer: 'urn:interop:issuer',
    lifetimeInSeconds: 600,
    audiences: 'urn:federation:MicrosoftOnline',
    nameIdentifier: 'zoë',
    // What must survive being cut out: entities, another script, a character beyond the BMP.
    attributes: { 'http://schemas.xmlsoap.org/claims/UPN': 'zoë.o\'hara@fed.contoso.example <&"> Ж 😀' },
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
  })
}

const soap = 'http://www.w3.org/2003/05/soap-envelope'
const wst13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512'
const wst2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust'

/**
 * Hand-written token responses around an assertion. `expected` is what must come out; by default the assertion, byte
 * for byte.
 */
export const responseShapes = [
  {
    what: 'compact, WS-Trust 1.3',
    version: '1.3',
    wrap: (assertion) =>
      `<s:Envelope xmlns:s="${soap}"><s:Body><t:RequestSecurityTokenResponseCollection xmlns:t="${wst13}">` +
      `<t:RequestSecurityTokenResponse><t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken>` +
      '</t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>',
  },
  {
    what: 'byte order mark, CRLF, indentation and comments around, WS-Trust 1.3',
    version: '1.3',
    wrap: (assertion) =>
      [
        '\uFEFF<?xml version="1.0" encoding="utf-8"?>',
        `<s:Envelope xmlns:s='${soap}'>`,
        '\t<s:Body>',
        `\t\t<t:RequestSecurityTokenResponseCollection xmlns:t='${wst13}'>`,
        '\t\t\t<t:RequestSecurityTokenResponse>',
        '\t\t\t\t<!-- <saml:Assertion> -->',
        '\t\t\t\t<t:RequestedSecurityToken>',
        `\t\t\t\t\t${assertion}`,
        '\t\t\t\t</t:RequestedSecurityToken>',
        '\t\t\t</t:RequestSecurityTokenResponse>',
        '\t\t</t:RequestSecurityTokenResponseCollection>',
        '\t</s:Body>',
        '</s:Envelope>',
        '',
      ].join('\r\n'),
  },
  {
    what: 'default namespaces and foreign prefixes around, WS-Trust 2005',
    version: '2005',
    wrap: (assertion) =>
      `<Envelope xmlns="${soap}" xmlns:ds="urn:not:a:signature" xmlns:q="urn:q"><Body>` +
      `<RequestSecurityTokenResponse xmlns="${wst2005}"><RequestedSecurityToken>${assertion}</RequestedSecurityToken>` +
      '</RequestSecurityTokenResponse></Body></Envelope>',
  },
  {
    // Exclusive canonicalisation makes where a namespace is declared no matter of the signature, as long as it is in
    // scope: cut out, the assertion needs the declaration back.
    what: 'its own namespace declared on the envelope, WS-Trust 2005',
    version: '2005',
    wrap: (assertion) => {
      const [declaration, without] = takeOutDeclaration(assertion)
      return (
        `<s:Envelope xmlns:s="${soap}"${declaration}><s:Body><t:RequestSecurityTokenResponse xmlns:t="${wst2005}">` +
        `<t:RequestedSecurityToken>${without}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse></s:Body></s:Envelope>`
      )
    },
    expected: (assertion, cutOut) => {
      const end = takeOutDeclaration(assertion)[1].slice('<saml:Assertion'.length)
      return cutOut.startsWith('<saml:Assertion xmlns') && cutOut.endsWith(end)
    },
  },
]

function takeOutDeclaration(assertion) {
  const [whole, declaration] = /^<saml:Assertion( xmlns:saml="[^"]*")/.exec(assertion) ?? []
  if (whole === undefined) throw new Error('npm saml writes its assertions in another way than this shape expects')
  return [declaration, assertion.replace(declaration, '')]
}
