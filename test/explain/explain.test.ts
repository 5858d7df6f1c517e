import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/explain/explain.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { lookUp } from '../../src/explain/registries.ts'
import { aadsts, aadstsAdvice } from '../../src/protocol/aadsts.ts'
import { findLeaks, randomSecrets, secrecyContract } from '../contract/secrecy.ts'

const correlationId = '0b1f6d0e-5a1c-4f5e-9d53-2f0a8f2d7c11'
const traceId = '7d2a4c55-01b2-4c3d-8e4f-9a0b1c2d3e4f'
const timestamp = '2026-03-04 05:06:07Z'

const entraError = {
  error: 'invalid_grant',
  error_description: `AADSTS70002: Error validating. AADSTS50126: Not right.\r\nTrace ID: ${traceId}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}`,
  error_codes: [70002, 50126],
  timestamp,
  trace_id: traceId,
  correlation_id: correlationId,
}

const soapFault = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>
<s:Subcode><s:Value xmlns:a="http://docs.oasis-open.org/ws-sx/ws-trust/200512">a:FailedAuthentication</s:Value></s:Subcode></s:Code>
<s:Reason><s:Text xml:lang="en-US">ID3242: no.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`

const found = (text: string): string[] => explain(text).map(({ kind, code }) => `${kind} ${code ?? ''}`.trim())

describe('a code alone', () => {
  it.each([
    ['AADSTS50126', 'aadsts AADSTS50126'],
    ['aadsts50126', 'aadsts AADSTS50126'],
    ['AADSTS: 50126', 'aadsts AADSTS50126'],
    ['AADSTS 50126', 'aadsts AADSTS50126'],
    ['ADSTS50034', 'aadsts AADSTS50034'],
    ['50126', 'aadsts AADSTS50126'],
    [' 50126\r\n', 'aadsts AADSTS50126'],
    ['AADB2C90225', 'aadb2c AADB2C90225'],
    ['MSIS9659', 'msis MSIS9659'],
    ['MSIS7068', 'adfs_fault MSIS7068'],
    ['ID3242', 'adfs_fault ID3242'],
    ['FailedAuthentication', 'soap_fault FailedAuthentication'],
    ['wsse:FailedAuthentication', 'soap_fault FailedAuthentication'],
    ['s:Sender', 'soap_fault Sender'],
    ['sender', 'soap_fault Sender'],
    ['invalid_grant', 'oauth_error invalid_grant'],
    ['basic_action', 'suberror basic_action'],
    ['ERR_NO_WSTRUST_ENDPOINT', 'error_code ERR_NO_WSTRUST_ENDPOINT'],
    ['err_soap_fault', 'error_code ERR_SOAP_FAULT'],
    ['ROPC_BCP', 'warning ROPC_BCP'],
    ['user_realm_discovery_failed', 'peer user_realm_discovery_failed'],
    ['unknown', 'peer unknown'],
  ])('%j is %s', (text, code) => {
    expect(found(text)).toEqual([code])
  })

  it('is explained twice where it is both an error and a suberror', () => {
    expect(found('unauthorized_client')).toEqual(['suberror unauthorized_client', 'oauth_error unauthorized_client'])
  })

  it('says what it means, what to do, whose it is, how sure that is, and where it stands in the documentation', () => {
    expect(explain('AADSTS50126')[0]).toMatchObject({
      meaning: expect.stringMatching(/^[A-Z].*password/),
      remedy: expect.stringMatching(/\.$/),
      class: 'credential',
      source: 'published',
      anchor: 'docs/errors.md#aadsts50126',
      whereToLook: expect.stringContaining('Sign-in logs'),
    })
    expect(explain('ERR_TRANSPORT_TLS')[0]).toMatchObject({
      class: 'TransportError',
      source: 'ropc-client',
      anchor: 'docs/errors.md#err_transport_tls',
    })
    expect(explain('parsing_wstrust_response_failed')[0]).toMatchObject({
      source: 'MSAL.NET',
      here: expect.arrayContaining(['ERR_SOAP_FAULT']),
      anchor: 'docs/errors.md#peer-parsing_wstrust_response_failed',
    })
    expect(explain('ROPC_BCP')[0]).toMatchObject({ remedy: expect.stringContaining('--suppress-warning') })
  })
})

describe('a text', () => {
  it('of Entra: the number that decides first, the one that wraps it last, each once, with the ids', () => {
    const explanations = explain(JSON.stringify(entraError))
    expect(explanations.map(({ code }) => code)).toEqual(['AADSTS50126', 'invalid_grant', 'AADSTS70002'])
    expect(explanations[0]).toMatchObject({
      request: { correlationId, traceId, timestamp },
      whereToLook: expect.stringContaining(correlationId),
    })
  })

  it.each([
    ['in a HAR', { log: { entries: [{ response: { content: { text: JSON.stringify(entraError) } } }] } }],
    ['in a log of JSON lines of JSON', JSON.stringify(JSON.stringify(entraError))],
  ])('of Entra, %s', (_, value) => {
    const [first] = explain(JSON.stringify(value))
    expect(first).toMatchObject({ code: 'AADSTS50126', request: { correlationId, traceId, timestamp } })
  })

  it('with ids in headers of a HAR', () => {
    const headers = [
      { name: 'client-request-id', value: correlationId },
      { name: 'x-ms-request-id', value: traceId },
    ]
    const har = JSON.stringify({ headers, content: { text: '{"error":"invalid_grant","error_codes":[53003]}' } })
    expect(explain(har)[0]).toMatchObject({ code: 'AADSTS53003', request: { correlationId, traceId } })
  })

  it('with numbers that have lost their prefix', () => {
    expect(found(`ServerError { errorCode: 'invalid_grant', errorNo: '50034' }`)[0]).toBe('aadsts AADSTS50034')
    expect(found('"error_uri":"https://login.microsoftonline.com/error?code=50057"')[0]).toBe('aadsts AADSTS50057')
    expect(found("{'error_codes': ['50126']}")[0]).toBe('aadsts AADSTS50126')
  })

  it('of Entra: the first number is the one that the hint of an error is of', () => {
    const number = fc.constantFrom(...Object.keys(aadsts).map(Number), 70002, 50000, 70000, 50013, 500133)
    fc.assert(
      fc.property(fc.uniqueArray(number, { minLength: 1, maxLength: 3 }), (numbers) => {
        const [first] = explain(`{"error":"invalid_grant","error_codes":[${numbers.join()}]}`)
        expect(first?.code).toBe(`AADSTS${aadstsAdvice(numbers)?.code}`)
      }),
    )
  })

  it('of AD FS: the number of the reason, then the subcode, then what every fault says', () => {
    const codes = ['adfs_fault ID3242', 'soap_fault FailedAuthentication', 'soap_fault Sender']
    expect(found(soapFault)).toEqual(codes)
    expect(found(JSON.stringify(soapFault))).toEqual(codes)
    expect(explain(soapFault)[0]).toMatchObject({ whereToLook: expect.stringContaining('Get-AdfsEndpoint') })
    expect(found(`{"error":"invalid_grant","error_description":"MSIS9659: Invalid \\u0027username\\u0027."}`)).toEqual([
      'msis MSIS9659',
      'oauth_error invalid_grant',
    ])
  })

  it('of other libraries: the server’s code before their name for it', () => {
    expect(
      found(
        'MsalClientException: parsing_wstrust_response_failed\n Federated service at https://sts.contoso.example returned error: ID3242: no',
      ),
    ).toEqual(['adfs_fault ID3242', 'peer parsing_wstrust_response_failed', 'peer federated_service_returned_error'])
    expect(found('Error: Server returned an unknown  AccountType: undefined')).toEqual([
      'peer cannot parse account_type',
    ])
    expect(found('WsTrust server returned error in RSTR - ErrorCode: BadRequest. FaultMessage: x')).toEqual([
      'soap_fault BadRequest',
      'peer server returned error in rstr',
    ])
  })

  it('of the command', () => {
    const text = `warning: it is forbidden [ROPC_BCP]
error: the token endpoint answered interaction_required: AADSTS50076: more is needed
code: ERR_INTERACTION_REQUIRED, step: token
correlation id: ${correlationId}`
    expect(found(text)).toEqual([
      'aadsts AADSTS50076',
      'oauth_error interaction_required',
      'error_code ERR_INTERACTION_REQUIRED',
      'warning ROPC_BCP',
    ])
    expect(explain(text)[0]?.request).toEqual({ correlationId })
  })

  it('tells a suberror from an error of the same name', () => {
    expect(found('{"error":"invalid_grant","suberror":"unauthorized_client"}')).toEqual([
      'suberror unauthorized_client',
      'oauth_error invalid_grant',
    ])
    expect(found('{"error":"unauthorized_client"}')).toEqual(['oauth_error unauthorized_client'])
  })

  it('is not taken for a code because of words that other texts have, too', () => {
    for (const text of [
      'it took 50126 ms',
      'the Sender of a BadRequest is unknown',
      'HTTP 400 BadRequest',
      'ERR_MODULE_NOT_FOUND',
      'xinvalid_grants',
      'PID3242: started',
      'the order ID1234 of today',
      "reason: 'no_account'",
      'constructor',
      '',
    ]) {
      expect(explain(text), text).toMatchObject([{ kind: 'unknown', meaning: expect.stringContaining('no code') }])
    }
  })

  it('is read through every escape that it was put into', () => {
    expect(found('{"message":"\\nID3242: no\\r\\ninvalid_grant"}')).toEqual([
      'adfs_fault ID3242',
      'oauth_error invalid_grant',
    ])
    expect(found('{\\u0022suberror\\u0022:\\u0022unauthorized_client\\u0022}')).toEqual([
      'suberror unauthorized_client',
    ])
    expect(found('&lt;Value&gt;s:Sender&lt;/Value&gt;')).toEqual(['soap_fault Sender'])
  })

  it('has equally telling codes explained in its own order, by the first place of each', () => {
    expect(found('ID3242: x AADSTS50126: y MSIS9659: z ID3242:')).toEqual([
      'adfs_fault ID3242',
      'aadsts AADSTS50126',
      'msis MSIS9659',
    ])
    expect(found('error_codes: [50034], AADSTS50126: x, AADSTS50034: y')).toEqual([
      'aadsts AADSTS50034',
      'aadsts AADSTS50126',
    ])
  })

  it('says which log knows more, where it can be known', () => {
    const ids = `"trace_id":"${traceId}","timestamp":"${timestamp}"`
    const where = (text: string) => explain(text)[0]?.whereToLook
    expect(where(`{"suberror":"message_only",${ids}}`)).toContain(`request id ${traceId}`)
    expect(where(`{"error_description":"AADB2C90225: x",${ids}}`)).toContain(`server, at ${timestamp}`)
    expect(where(`{"error":"invalid_grant",${ids}}`)).toBeUndefined()
    expect(where('MSIS9659')).toContain('events 342, 364 and 411')
  })

  it('gives no id that is not a GUID and nothing else', () => {
    expect(explain(`AADSTS50126 correlation id: ${correlationId}-more, trace id: short`)[0]).not.toHaveProperty(
      'request',
    )
    expect(explain(`AADSTS50126 client-request-id: ${correlationId}`)[0]?.request).toEqual({ correlationId })
  })

  it('with a number nobody knows here says where to look it up', () => {
    expect(explain('AADSTS99999999: what?')).toMatchObject([
      { kind: 'unknown', code: 'AADSTS99999999', lookUp: 'https://login.microsoftonline.com/error?code=99999999' },
    ])
    expect(found('MSIS1111: what?')).toEqual(['unknown MSIS1111'])
    expect(found('invalid_grant AADSTS99999999 AADSTS50126')).toEqual([
      'aadsts AADSTS50126',
      'unknown AADSTS99999999',
      'oauth_error invalid_grant',
    ])
  })

  it('is read up to 1 MiB, however it is made', () => {
    const mebibyte = 1_048_576
    expect(found(`${' '.repeat(mebibyte)} AADSTS50126`)).toEqual(['unknown'])
    for (const piece of [
      'a',
      '\\',
      '"error_codes":[',
      'correlation id ',
      'AADSTS',
      '50126,',
      'ID3242: ',
      'error: ',
      's:',
    ]) {
      const start = performance.now()
      explain(piece.repeat(mebibyte / 4 / piece.length))
      expect(performance.now() - start, piece).toBeLessThan(1_000)
    }
  })
})

describe('secrets in the text', () => {
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

  /** What of an explanation is not from the registries must have the shape of a code, an id or a time. */
  function check(explanation: Explanation): void {
    const { request = {}, whereToLook: _, ...rest } = explanation
    if (rest.kind === 'unknown') {
      const known = JSON.stringify(rest).replaceAll(/(?:AADSTS|AADB2C|MSIS|ID)\d{4,9}|code=\d{4,9}/g, '')
      expect([JSON.stringify(explain('')[0]), ...unknownTexts]).toContain(known)
    } else if (rest.kind !== 'peer') {
      expect(rest).toEqual(lookUp(rest.kind, rest.code))
    }
    const { correlationId: correlation, traceId: trace, timestamp: time } = request
    for (const id of [correlation, trace]) if (id !== undefined) expect(id).toMatch(guid)
    if (time !== undefined) expect(time).toMatch(/^[\d:. TZ-]{19,30}$/)
  }
  const unknownTexts = ['AADSTS99999999', 'MSIS1111', 'AADB2C99999', 'ID9999:'].map((code) =>
    JSON.stringify({ ...explain(code)[0], whereToLook: undefined }).replaceAll(
      /(?:AADSTS|AADB2C|MSIS|ID)\d{4,9}|code=\d{4,9}/g,
      '',
    ),
  )

  const textAround = (secret: string): string =>
    [
      `AADSTS${secret} correlation id: ${secret} trace_id=${secret} "error":"${secret}" timestamp: ${secret}`,
      JSON.stringify({ ...entraError, password: secret, suberror: secret, correlation_id: secret }),
      `grant_type=password&password=${encodeURIComponent(secret)}&error=${secret}`,
      `eyJhbGciOiJub25lIn0.${Buffer.from(secret).toString('base64url')}. ERR_${secret} MSIS${secret} ID${secret}`,
      soapFault.replace('no.', () => secret).replace('a:Failed', () => `${secret}:Failed`),
    ].join('\n')

  secrecyContract(
    'explain',
    (secrets) => {
      // Ten in one text: they stand beside each other's codes too, and it takes a tenth of the time.
      const texts = Array.from({ length: 10 }, (_, tenth) => secrets.filter((_, index) => index % 10 === tenth))
      return texts.map((some) => JSON.stringify(explain(some.map(textAround).join('\n')))).join('\n')
    },
    { runs: 20 },
  )

  it('come back in no shape but that of a code, an id or a time', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(...randomSecrets(20)),
      fc.constantFrom(
        'AADSTS',
        'MSIS',
        'ID',
        'AADB2C',
        'error?code=',
        '"error_codes":[',
        ']',
        ': ',
        'correlation id: ',
      ),
      fc.constantFrom(
        'suberror: ',
        'faultcode: ',
        'invalid_grant',
        'Sender',
        traceId,
        timestamp,
        'timestamp: ',
        '50126',
      ),
      fc.nat().map(String),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const explanations = explain(pieces.join(''))
        expect(explanations.length).toBeGreaterThan(0)
        for (const explanation of explanations) check(explanation)
        expect(findLeaks(JSON.stringify(explanations))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
