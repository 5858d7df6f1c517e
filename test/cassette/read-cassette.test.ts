import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCassette, writeCassette } from '../../src/cassette/read-cassette.ts'
import { replayTransport } from '../../src/cassette/replay.ts'
import { isAuthError } from '../../src/errors.ts'
import { ask, clientOf } from './recorded.ts'

const request = { method: 'GET', url: 'https://login.microsoftonline.com/common', headers: { accept: 'a' } }
const response = { status: 200, headers: {}, body: '{}' }
const exchange = { call: 1, ids: ['x'], clock: [1], request, response }
const client = {
  clientId: '00000000-0000-4000-9000-000000000002',
  authority: 'https://login.microsoftonline.com/a.example',
}
const cassette = { version: 1, client, exchanges: [exchange] }

const hostile: Readonly<Record<string, [value: unknown, where: string]>> = {
  'no object': [7, 'the cassette'],
  'no JSON': ['{', 'the cassette'],
  'a list': [[], 'the cassette'],
  'another version': [{ ...cassette, version: 2 }, 'version'],
  'no exchanges': [{ version: 1 }, 'exchanges'],
  'huge text': [`{"a":"${'x'.repeat(8_000_001)}"}`, 'the cassette'],
  'too many exchanges': [{ ...cassette, exchanges: Array.from({ length: 1_001 }, () => exchange) }, 'exchanges'],
  'neither response nor failure': [with_({ response: undefined }), 'exchanges[0]'],
  'response and failure': [with_({ failure: { code: 'ERR_TRANSPORT_TLS', message: '' } }), 'exchanges[0]'],
  'a foreign method': [with_({ request: { ...request, method: 'DELETE' } }), 'exchanges[0].request.method'],
  'a plain http host': [with_({ request: { ...request, url: 'http://login.example/' } }), 'exchanges[0].request.url'],
  'a file URL': [with_({ request: { ...request, url: 'file:///etc/passwd' } }), 'exchanges[0].request.url'],
  'user info in a URL': [with_({ request: { ...request, url: 'https://a:b@c.example/' } }), 'exchanges[0].request.url'],
  'headers as a list': [with_({ request: { ...request, headers: ['a'] } }), 'exchanges[0].request.headers'],
  'a header with a line end': [with_({ response: { ...response, headers: { 'a\r\nb': 'c' } } }), 'response.headers'],
  'a header called __proto__': [
    JSON.stringify(with_({ request })).replace('"accept":"a"', '"__proto__":"b"'),
    'exchanges[0].request.headers',
  ],
  'a header that is a number': [with_({ response: { ...response, headers: { a: 1 } } }), 'response.headers.a'],
  'a status as text': [with_({ response: { ...response, status: '200' } }), 'response.status'],
  'a status beyond': [with_({ response: { ...response, status: 1_000 } }), 'response.status'],
  'a body that is an object': [with_({ response: { ...response, body: {} } }), 'response.body'],
  'a huge body': [with_({ response: { ...response, body: 'x'.repeat(1_048_577) } }), 'response.body'],
  'an unknown failure': [with_({ response: undefined, failure: { code: 'EPERM', message: '' } }), 'failure.code'],
  'a clock that is text': [with_({ clock: ['1'] }), 'exchanges[0].clock[0]'],
  'a call number of none': [with_({ call: 0 }), 'exchanges[0].call'],
  'a prototype for a request': [
    JSON.stringify(with_({ request: 1 })).replace('"request":1', '"__proto__":{"request":{}}'),
    'exchanges[0].request',
  ],
  'an authority elsewhere': [{ ...cassette, client: { ...client, authority: 'ftp://a.example' } }, 'client.authority'],
}

function with_(changes: object): unknown {
  const changed = Object.fromEntries(
    Object.entries({ ...exchange, ...changes }).filter(([, value]) => value !== undefined),
  )
  return { ...cassette, exchanges: [changed] }
}

describe('readCassette', () => {
  it('reads what writeCassette writes', () => {
    expect(readCassette(writeCassette(readCassette(cassette)))).toEqual(cassette)
  })

  it('writes nothing that is longer than it reads', () => {
    const response = { status: 200, headers: {}, body: 'x'.repeat(1_000_000) }
    const long = readCassette({ ...cassette, exchanges: Array(8).fill({ ...exchange, response }) })
    expect(() => writeCassette(long)).toThrow('longer than 8000000 characters')
    expect(writeCassette({ ...long, exchanges: long.exchanges.slice(1) }).length).toBeGreaterThan(7_000_000)
  })

  it.each(Object.entries(hostile))('refuses %s', (_, [value, where]) => {
    let error: unknown
    try {
      readCassette(value)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_CASSETTE_INVALID' })
    expect((error as Error).message).toContain(where)
  })

  it('makes of any JSON a cassette or an error of its own, and changes no prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('exchanges', 'client', 'calls', 'rest', 'title'), (value, member) => {
        try {
          const read = readCassette({ ...cassette, [member]: value })
          expect(readCassette(writeCassette(read))).toEqual(read)
        } catch (error) {
          expect(isAuthError(error)).toBe(true)
        }
        expect(({} as Record<string, unknown>)['request']).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('sends nothing to a host that a realm answer of a cassette names', async () => {
    const realm = {
      ...{ ver: '1.0', account_type: 'Federated', domain_name: 'a.example', federation_protocol: 'WSTrust' },
      federation_metadata_url: 'https://evil.example/mex',
      federation_active_auth_url: 'https://evil.example/usernamemixed',
      cloud_audience_urn: 'urn:federation:MicrosoftOnline',
    }
    const url = 'https://login.microsoftonline.com/common/userrealm/ada%40a.example?api-version=1.0'
    const headers = {
      ...{ accept: 'application/json', 'client-request-id': 'x', 'return-client-request-id': 'true' },
      'x-client-sku': 'ropc-client',
    }
    const replay = replayTransport({
      ...cassette,
      exchanges: [
        {
          ...{ call: 1, ids: ['x'], clock: [1], request: { method: 'GET', url, headers } },
          response: { status: 200, headers: {}, body: JSON.stringify(realm) },
        },
      ],
    })
    const asked = clientOf(replay).acquireTokenByUsernamePassword(ask('ada@a.example'))
    await expect(asked).rejects.toMatchObject({ code: 'ERR_CASSETTE_MISMATCH', step: 'mex' })
  })
})
