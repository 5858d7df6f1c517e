import { createRopcClient } from '../../dist/index.js'
import { parseSecurityTokenResponse } from '../../dist/wstrust.js'
import { expect, row } from './report.js'
import { federatedUsers, offers, saml11User, us } from './rows.js'
import { compareRequests } from './rst-comparison.js'
import { issueAssertion, responseShapes } from './saml-issuer.js'
import { expectVerified } from './xmlsec.js'

const audience = 'urn:federation:MicrosoftOnline'

/** Rows in which our RST is compared with the one a peer just sent, given the same user, instant and message id. */
export async function requestRows(peers, { simulator }, seen) {
  const { password } = simulator.users.find(({ username }) => username === saml11User)
  for (const { label, peer, version, request } of seen) {
    const needs = { [peer]: peers[peer] }
    await row({ client: label, user: saml11User, path: `its RST ${version} beside ours`, needs }, () => {
      expect(request !== undefined, 'it sent no RST')
      return compareRequests(request, { username: saml11User, password, version })
    })
  }
}

/** Rows in which our parser cuts an assertion out that somebody else signed, and somebody else verifies it. */
export async function responseRows(peers, issuer, strangersPem) {
  const needs = { saml: peers.saml, xmlsec1: peers.xmlsec1 }
  for (const samlVersion of ['1.1', '2.0']) {
    for (const { what, version, wrap, expected = (assertion, cutOut) => assertion === cutOut } of responseShapes) {
      const client = `npm saml ${peers.saml.version ?? ''}`.trim()
      await row({ client, user: `SAML ${samlVersion} assertion`, path: what, needs }, async () => {
        const issued = issueAssertion(issuer, samlVersion)
        const headers = { 'content-type': 'application/soap+xml; charset=utf-8' }
        const parsed = parseSecurityTokenResponse({ status: 200, headers, body: wrap(issued) }, version)
        expect(parsed.version === samlVersion, `taken for SAML ${parsed.version}`)
        expect(expected(issued, parsed.xml.reveal()), 'other bytes came out')
        await expectVerified(parsed.xml.reveal(), samlVersion, issuer.certificatePem, strangersPem)
        return `xmlsec1 ${peers.xmlsec1.version} verifies it; refuses it tampered with, or by another key`
      })
    }
  }
}

/** Rows in which somebody else verifies what our simulator signs, fetched by our client over TLS. */
export async function simulatorRows(peers, simulators, strangersPem) {
  const needs = { xmlsec1: peers.xmlsec1 }
  for (const [offered, version] of offers) {
    for (const [username, samlVersion] of federatedUsers) {
      const path = `SAML ${samlVersion} assertion of our simulator, WS-Trust ${version}`
      await row({ client: us, user: username, path, needs }, async () => {
        const { simulator, running } = simulators[offered]
        const { password } = simulator.users.find((user) => user.username === username)
        const client = createRopcClient({ clientId: simulator.clientId, authority: running.authority, ca: running.ca })
        const assertion = await client
          .acquireSamlAssertion({ username, password, appliesTo: audience })
          .finally(() => client.close())
        expect(assertion.version === samlVersion, `it is SAML ${assertion.version}`)
        await expectVerified(assertion.xml.reveal(), samlVersion, simulator.adfsCertificate, strangersPem)
        return `xmlsec1 ${peers.xmlsec1.version} verifies it; refuses it tampered with, or by another key`
      })
    }
  }
}
