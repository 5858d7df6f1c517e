import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ProtocolError, SoapFaultError, UnsupportedError } from '../../src/errors.ts'
import { adviceFor } from '../../src/wstrust/adfs-faults.ts'
import { parseSecurityTokenResponse } from '../../src/wstrust/security-token-response.ts'
import { fixture } from '../fixtures.ts'
import { answer, thrownBy } from './answers.ts'

const good = fixture('rstr/13-saml11.xml')
const failure = (body: string, status = 200, contentType?: string): unknown =>
  thrownBy(() => parseSecurityTokenResponse(answer(body, status, contentType), '1.3'))

describe('parseSecurityTokenResponse', () => {
  it('hands out the assertion byte for byte, as a secret, with the end of its validity', () => {
    const assertion = parseSecurityTokenResponse(answer(good), '1.3')
    expect(assertion).toMatchObject({ version: '1.1', notOnOrAfter: 1_795_380_290 })
    expect(assertion.xml.reveal()).toBe(
      good.slice(good.indexOf('<saml:Assertion'), good.indexOf('</trust:RequestedSecurityToken>')),
    )
    expect(inspect(assertion, { depth: 9 })).not.toContain('saml:Assertion')
  })

  it('keeps offsets right behind a byte order mark and after astral characters and CR LF', () => {
    const spread = `\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<!-- 😀 -->${good.replaceAll('><', '>\r\n<')}`
    const xml = parseSecurityTokenResponse(answer(spread), '1.3').xml.reveal()
    expect(xml).toMatch(/^<saml:Assertion .*\r\n[\s\S]*<\/saml:Assertion>$/)
    expect(spread).toContain(xml)
  })

  it('reads the same answer whichever version was asked', () => {
    for (const file of ['rstr/13-saml11.xml', 'rstr/2005-saml11.xml']) {
      for (const version of ['1.3', '2005'] as const) {
        expect(parseSecurityTokenResponse(answer(fixture(file)), version).version).toBe('1.1')
      }
    }
  })

  it.each([
    ['no NotOnOrAfter', good.replace(/ NotOnOrAfter="[^"]*"/, '')],
    ['no Conditions', good.replace(/<saml:Conditions.*<\/saml:Conditions>/, '')],
    ['a NotOnOrAfter without a time zone', good.replace(/(NotOnOrAfter="[^"]*)Z"/, '$1"')],
  ])('leaves the end of validity open with %s', (_, body) => {
    expect(parseSecurityTokenResponse(answer(body), '1.3')).not.toHaveProperty('notOnOrAfter')
  })

  it.each(['urn:oasis:names:tc:SAML:1.1:assertion', 'urn:something:else', ''])(
    'goes by the assertion itself when the TokenType is %j, which nobody defines',
    (type) => {
      const body = good.replace(/(<trust:TokenType>)[^<]*/, `$1${type}`)
      expect(parseSecurityTokenResponse(answer(body), '1.3').version).toBe('1.1')
    },
  )

  const token = /<trust:RequestedSecurityToken>.*<\/trust:RequestedSecurityToken>/
  const response = /<trust:RequestSecurityTokenResponse>.*<\/trust:RequestSecurityTokenResponse>/
  const collection = /<trust:RequestSecurityTokenResponseCollection.*Collection>/
  const bare = good.replace(
    collection,
    response.exec(good)?.[0].replace('>', ' xmlns:trust="http://docs.oasis-open.org/ws-sx/ws-trust/200512">') ?? '',
  )
  it.each([
    ['a second RequestedSecurityToken', good.replace(token, '$&$&')],
    ['a second collection', good.replace(collection, '$&$&')],
    [
      'a response beside the collection',
      good.replace(
        collection,
        `$&${collection.exec(bare)?.[0] ?? response.exec(bare)?.[0] ?? ''}${/<trust:RequestSecurityTokenResponse .*<\/trust:RequestSecurityTokenResponse>/.exec(bare)?.[0]}`,
      ),
    ],
    ['a second Body', good.replace('</s:Body>', '</s:Body><s:Body/>')],
    [
      'a response of each version',
      good.replace(
        '</s:Body>',
        '<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"/></s:Body>',
      ),
    ],
    ['two TokenTypes', good.replace(/<trust:TokenType>.*<\/trust:TokenType>/, '$&$&')],
    ['an element inside TokenType', good.replace('<trust:TokenType>', '$&<b/>')],
    ['an envelope of no SOAP version', good.replace('2003/05/soap-envelope', '2099/05/soap-envelope')],
    ['another root', '<html xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['a page that is not XML', '<!DOCTYPE html><html><body>Sign in to the network<br></body></html>'],
    ['an empty body', ''],
  ])('refuses %s', (_, body) => {
    const error = failure(body)
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error).toMatchObject({
      code: 'ERR_MALFORMED_RESPONSE',
      step: 'wstrust',
      hint: /./,
      response: { status: 200 },
    })
    expect((error as Error).message.length).toBeLessThanOrEqual(512)
    expect(inspect(error, { depth: 9 })).not.toMatch(/Sign in to|AssertionID/)
  })

  it.each([
    ['in the header', good.replace(/<s:Header>.*<\/s:Header>/, '').replaceAll('s:Body', 's:Header')],
    ['outside Body', good.replaceAll('<s:Body', '<s:Other').replaceAll('</s:Body', '</s:Other')],
    ['in an element of another namespace', good.replaceAll('ws-trust/200512"', 'ws-trust/200513"')],
    ['one level too deep', good.replace(token, '<trust:Wrap>$&</trust:Wrap>')],
    [
      'as escaped text',
      good.replace(token, '<trust:RequestedSecurityToken>&lt;saml:Assertion/&gt;</trust:RequestedSecurityToken>'),
    ],
  ])('finds no token %s', (_, body) => {
    expect(failure(body)).toMatchObject({ name: 'ProtocolError', code: 'ERR_MISSING_FIELD', step: 'wstrust' })
  })

  it('tells an encrypted assertion from something that is no assertion at all', () => {
    for (const [file, message] of [
      ['rstr/encrypted.xml', /encrypted the assertion/],
      ['rstr/encrypted-data.xml', /encrypted the assertion/],
      ['rstr/not-saml.xml', /not a SAML assertion/],
    ] as const) {
      const error = failure(fixture(file))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_ASSERTION', message, hint: /relying party/ })
    }
  })

  it.each([
    [401, '', /Windows authentication/],
    [404, '', /force WS-Trust 2005/],
    [405, '', /force WS-Trust 2005/],
    [415, '', /SOAP 1\.2/],
    [503, '', /disabled or AD FS is down/],
    [302, '', /Redirects/],
    [407, '', /proxy/],
    [403, '<html><br></html>', /proxy/],
    [502, '<html><br></html>', /proxy/],
    [500, '<s:Envelope', /event log/],
    [500, '<r/>', /event log/],
    [200 + 1, good, /proxy/],
    [500, good, /event log/],
  ])('turns status %i without a fault into ERR_UNEXPECTED_STATUS with a hint', (status, body, hint) => {
    const error = failure(body, status, body.startsWith('<html') ? 'text/html' : undefined)
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error).toMatchObject({ code: 'ERR_UNEXPECTED_STATUS', step: 'wstrust', hint, response: { status } })
    expect((error as Error).message).toBe(
      `the WS-Trust 1.3 endpoint answered with HTTP status ${status} and no SOAP fault`,
    )
  })

  it('names the other version in the hint of the one that was asked', () => {
    const error = thrownBy(() => parseSecurityTokenResponse({ status: 404, headers: {}, body: '' }, '2005'))
    expect(error).toMatchObject({ message: /WS-Trust 2005/, hint: /force WS-Trust 1\.3/ })
  })
})

describe('SOAP faults', () => {
  it('reports a wrong password with all that AD FS tells, and what it does not', () => {
    const error = failure(fixture('faults/wrong-password-13.xml'), 500)
    expect(error).toBeInstanceOf(SoapFaultError)
    expect(error).toMatchObject({
      code: 'ERR_SOAP_FAULT',
      step: 'wstrust',
      message: 'the federation server refused: the user name or password was not accepted',
      faultCode: 'Sender',
      faultSubcode: 'FailedAuthentication',
      idCode: 'ID3242',
      reason: 'ID3242: The security token could not be authenticated or authorized.',
      hint: /wrong.*unknown, disabled, locked.*made once and not repeated/,
      response: { status: 500 },
    })
  })

  it('counts whatever the status, the type and the tokens beside it', () => {
    const fault = fixture('faults/wrong-password-13.xml')
    for (const status of [200, 400, 401, 500, 503]) {
      expect(failure(fault, status, 'text/html')).toMatchObject({ code: 'ERR_SOAP_FAULT', idCode: 'ID3242' })
    }
    const inSecondBody = good.replace('</s:Body>', `</s:Body>${/<s:Body>.*<\/s:Body>/.exec(fault)?.[0]}`)
    expect(failure(inSecondBody)).toMatchObject({ code: 'ERR_SOAP_FAULT' })
  })

  it.each([
    ['access-denied-msis7068.xml', /access control policy/, /MFA/],
    ['clock-skew.xml', /security header/, /clock/],
    ['request-failed-msis3127.xml', /make the token/, /event log/],
    ['no-reason.xml', /does not understand/, /other version/],
    ['no-subcode.xml', /answered with a SOAP fault/, /reason/],
    ['soap11.xml', /user name or password/, /not repeated/],
  ])('explains faults/%s', (file, message, hint) => {
    expect(failure(fixture(`faults/${file}`), 500)).toMatchObject({ message, hint })
  })

  const fault = (inner: string): string =>
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>${inner}</s:Fault></s:Body></s:Envelope>`
  const text = (reason: string): string => `<s:Reason><s:Text>${reason}</s:Text></s:Reason>`
  it.each([
    ['an empty fault', '', { faultCode: 'unknown' }],
    ['an empty code', '<s:Code><s:Value> s: </s:Value></s:Code>', { faultCode: 'unknown' }],
    ['a code split by a comment', '<s:Code><s:Value>s:Sen<!-- -->der</s:Value></s:Code>', { faultCode: 'unknown' }],
    [
      'an inner subcode without value',
      '<s:Code><s:Subcode><s:Value>a</s:Value><s:Subcode/></s:Subcode></s:Code>',
      { faultSubcode: 'a' },
    ],
    ['blanks before the number', text('\n MSIS7068: no'), { idCode: 'MSIS7068', reason: 'MSIS7068: no' }],
    ['a number inside the text', text('see ID3242'), { idCode: undefined }],
    ['a word that starts like one', text('IDENTITY ID1'), { idCode: undefined }],
    ['a number run into a word', text('ID3242x'), { idCode: undefined }],
    ['an empty reason', text(' '), { reason: undefined }],
    ['control characters in the reason', text('a&#10;b\u202e'), { reason: 'a b\\u{202e}' }],
  ])('reads %s', (_, inner, facts) => {
    const error = failure(fault(inner), 500)
    expect(error).toBeInstanceOf(SoapFaultError)
    for (const [fact, value] of Object.entries(facts)) expect((error as never)[fact]).toBe(value)
  })

  it('does not take a fault for one outside the body, or in another namespace', () => {
    expect(failure(fault('').replaceAll('s:Body', 's:Header'))).toMatchObject({ code: 'ERR_MISSING_FIELD' })
    const otherBody = fault('').replace('<s:Body', '<x:Body xmlns:x="urn:x"').replace('</s:Body', '</x:Body')
    expect(failure(otherBody)).toMatchObject({ code: 'ERR_MISSING_FIELD' })
    expect(failure(fault('').replaceAll('s:Fault', 'Fault'))).toMatchObject({ code: 'ERR_MISSING_FIELD' })
  })

  it('goes by the number first, then the subcode, and always has advice of its own length', () => {
    expect(adviceFor('MSIS7068', 'FailedAuthentication').meaning).toMatch(/access control/)
    expect(adviceFor('ID99999', 'FailedAuthentication').meaning).toMatch(/password/)
    expect(adviceFor(undefined, undefined).hint).toMatch(/event log/)
    for (const code of 'ID3242 ID3034 ID4007 ID4022 ID4037 ID4175 ID4252 ID4257 MSIS3127 MSIS3173 MSIS7012 MSIS7065 MSIS7068'.split(
      ' ',
    )) {
      const { meaning, hint } = adviceFor(code, undefined)
      expect(meaning).not.toBe(adviceFor(undefined, undefined).meaning)
      expect(hint.length).toBeLessThanOrEqual(500)
    }
  })
})
