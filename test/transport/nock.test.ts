import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFetchTransport } from '../../src/transport/fetch-transport.ts'
import { createHttpsTransport } from '../../src/transport/https-transport.ts'
import { credentialRequest, failureOf } from '../contract/transport.ts'

// Not the undici transport: nock patches node:http(s) and the global fetch, and undici uses neither. A test of it that
// looks offline would send its request; its own MockAgent or the simulator stand in there.
const transports = { createHttpsTransport, createFetchTransport }

beforeAll(() => {
  // Another file of this worker may have restored it.
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
})
afterEach(() => nock.cleanAll())
afterAll(() => {
  nock.restore()
  nock.enableNetConnect()
})

describe.each(Object.entries(transports))('nock sees what %s makes', (_, make) => {
  const origin = 'https://login.contoso.test'

  it('and answers it, whichever of the two was set up first', async () => {
    const send = make()
    for (const body of ['{"n":1}', '{"n":2}']) {
      const scope = nock(origin, { reqheaders: { 'accept-encoding': 'identity' } })
        .post('/CANARY-path?q=CANARY-path', 'password=CANARY-body-é€😀')
        .reply(400, body, { 'X-Ms-Request-Id': 'id' })
      const response = await send(credentialRequest(origin))
      expect(response).toMatchObject({ status: 400, body, headers: { 'x-ms-request-id': 'id' } })
      scope.done()
    }
    await send.close()
  })

  it('and stops it, when no answer was set up', async () => {
    const send = make()
    expect((await failureOf(send(credentialRequest(origin)))).code).toBe('ERR_TRANSPORT_UNREACHABLE')
    await send.close()
  })

  it('and can redirect it, which is refused', async () => {
    nock(origin).post(/./).reply(307, '', { Location: 'https://evil.test/CANARY-path' })
    const send = make()
    const error = await failureOf(send(credentialRequest(origin)))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_REDIRECT', message: expect.stringContaining('evil.test') })
    await send.close()
  })

  it('and can let it fail with a system error', async () => {
    nock(origin)
      .post(/./)
      .replyWithError(Object.assign(new Error('CANARY-answer'), { code: 'ECONNRESET' }))
    const send = make()
    expect((await failureOf(send(credentialRequest(origin)))).message).toContain('ECONNRESET')
    await send.close()
  })
})
