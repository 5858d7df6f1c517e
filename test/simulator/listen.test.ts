import { X509Certificate } from 'node:crypto'
import { Agent, type RequestOptions, request } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, expect, it } from 'vitest'
import type { Transport } from '../../src/protocol/http.ts'
import { createSimulator, type ListenOptions } from '../../src/simulator.ts'
import {
  assertionIn,
  assertionRequest,
  decodeJwt,
  endpointOf,
  getJson,
  passwordRequest,
  postForm,
  postSoap,
  requestSecurityToken,
  userNamed,
} from './messages.ts'

const simulator = await createSimulator()
const running = await simulator.listen()
const agent = new Agent({ ca: running.ca, keepAlive: true })
afterAll(async () => {
  agent.destroy()
  await running.close()
})

const entraPort = Number(new URL(running.authority).port)
const adfsPort = Number(new URL(running.adfsOrigin).port)

interface Reply {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

function call(url: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** The tests' own transport: real sockets, this run's certificate authority. */
const send: Transport = ({ method, url, headers, body }) => call(url, { method, headers }, body)
const overSockets = { ...simulator, send, authority: running.authority }

it('signs a managed user in over TLS, with issuers and endpoints on the origin it listens on', async () => {
  const { status, body } = await passwordRequest(overSockets, 'ada@contoso.example')
  expect(status).toBe(200)
  expect(decodeJwt(body['id_token'])['iss']).toBe(`${running.authority}/v2.0`)
  const metadata = await getJson(send, `${running.authority}/v2.0/.well-known/openid-configuration`)
  expect(metadata.body).toMatchObject({
    issuer: `${running.authority}/v2.0`,
    token_endpoint: `${running.authority}/oauth2/v2.0/token`,
  })
  expect(simulator.authority).toBe(running.authority)
})

it.each(['1.3', '2005'] as const)(
  'signs a federated user in over WS-Trust %s, on another port and host name',
  async (version) => {
    const fred = userNamed(simulator, 'fred@fed.contoso.example')
    const realm = await getJson(
      send,
      `https://localhost:${entraPort}/common/userrealm/${fred.username}?api-version=1.0`,
    )
    const mexUrl = String(realm.body['federation_metadata_url'])
    expect(new URL(mexUrl).origin).toBe(running.adfsOrigin)
    expect(new URL(mexUrl).hostname).not.toBe(new URL(running.authority).hostname)
    expect(adfsPort).not.toBe(entraPort)
    const to = endpointOf(running.adfsOrigin, version)
    expect((await call(mexUrl)).body).toContain(`<wsa10:Address>${to}</wsa10:Address>`)
    const assertion = assertionIn(await postSoap(send, to, requestSecurityToken({ ...fred, version, to })))
    expect(await assertionRequest(overSockets, assertion)).toMatchObject({ status: 200 })
    expect(simulator.journal.at(-1)).toMatchObject({ host: `localhost:${entraPort}`, assertionSignatureVerified: true })
  },
)

it('lets the clock be seen in the Date header, which a client with a wrong one needs', async () => {
  const shifted = await createSimulator({ now: () => 1_795_000_000 })
  await using server = await shifted.listen()
  const { headers } = await call(`${server.adfsOrigin}/adfs/services/trust/mex`, { ca: server.ca, agent: false })
  expect(headers['date']).toBe('Wed, 18 Nov 2026 11:06:40 GMT')
})

it.each([
  `localhost:${entraPort}`,
  `127.0.0.1:${entraPort}`,
  `[::1]:${entraPort}`,
  `login.simulator.invalid:${entraPort}`,
])('answers to the host %s', async (host) => {
  const { status } = await call(`https://localhost:${entraPort}/common/discovery/keys`, {
    servername: 'localhost',
    headers: { host },
  })
  expect(status).toBe(200)
})

it.each([
  'evil.example',
  `evil.example:${entraPort}`,
  'localhost',
  `localhost:${adfsPort}`,
  `localhost.evil.example:${entraPort}`,
  `sts.simulator.invalid:${entraPort}`,
])('does not answer to the host %s, so a name that resolves to loopback gets nothing', async (host) => {
  const { status, body } = await call(`https://localhost:${entraPort}/common/discovery/keys`, {
    servername: 'localhost',
    headers: { host },
  })
  expect({ status, body }).toEqual({ status: 421, body: 'not a host of this simulator\n' })
})

it('refuses two Host headers and an absolute request target', async () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port: entraPort, host: '127.0.0.1', servername: 'localhost', ca: running.ca }, () =>
        socket.write(text),
      )
      let answer = ''
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString()
      })
      socket.on('end', () => resolve(answer)).on('error', reject)
    })
  const host = `Host: localhost:${entraPort}\r\n`
  expect(
    await raw(`GET /common/discovery/keys HTTP/1.1\r\n${host}Host: evil.example\r\nConnection: close\r\n\r\n`),
  ).toMatch(/^HTTP\/1.1 4/)
  expect(
    await raw(`GET https://evil.example/common/discovery/keys HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
  ).toMatch(/^HTTP\/1.1 400/)
})

it.each(['https://evil.example', 'null', `https://localhost:${entraPort}`])(
  'refuses a browser page from %s',
  async (origin) => {
    const { status, headers } = await call(`https://localhost:${entraPort}/common/discovery/keys`, {
      headers: { origin },
    })
    expect(status).toBe(403)
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  },
)

it('sends no CORS header to anybody', async () => {
  const { headers } = await call(`https://localhost:${entraPort}/common/discovery/keys`)
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
})

it.each([
  ['announced', (size: number) => ({ 'content-length': size })],
  ['chunked', () => ({ 'transfer-encoding': 'chunked' })],
])('takes a body of 1 MiB and no byte more, %s', async (_title, lengthHeader) => {
  const url = endpointOf(running.adfsOrigin, '1.3')
  const post = (size: number): Promise<Reply> =>
    call(
      url,
      {
        method: 'POST',
        agent: false,
        ca: running.ca,
        headers: { 'content-type': 'application/soap+xml', ...lengthHeader(size) },
      },
      Buffer.alloc(size, 'x'),
    )
  expect((await post(1_048_576)).status).toBe(400)
  expect((await post(1_048_577)).status).toBe(413)
  expect((await post(8_000_000)).status).toBe(413)
})

it('refuses an é in Latin-1 under charset=utf-8, as AD FS does', async () => {
  const frida = userNamed(simulator, 'frida@fed.contoso.example')
  const to = endpointOf(running.adfsOrigin, '1.3')
  const body = Buffer.from(requestSecurityToken({ ...frida, password: 'é', version: '1.3', to }), 'latin1')
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8' }
  expect(await call(to, { method: 'POST', headers }, body)).toMatchObject({ status: 400 })
})

it('listens on 127.0.0.1 only, whatever it is asked for', async () => {
  const other = await createSimulator()
  for (const host of ['0.0.0.0', '::', '127.0.0.1', undefined]) {
    await expect(other.listen({ host } as unknown as ListenOptions)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
  }
  // Every address of 127/8 reaches the loopback interface: a server bound to all interfaces would answer here.
  const refused = await new Promise((resolve) => {
    const socket: Socket = connectPlain({ port: entraPort, host: '127.0.0.2' })
    socket.on('connect', () => resolve('connected')).on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
  expect(refused).toBe('ECONNREFUSED')
})

it('speaks TLS 1.2 and later and shows a certificate for its loopback names and configured hosts', async () => {
  const named = await createSimulator({ entraHost: 'login.contoso.test', adfsHost: 'sts.contoso.test:8443' })
  await using server = await named.listen()
  const port = Number(new URL(server.authority).port)
  const handshake = (options: object): Promise<unknown> =>
    new Promise((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: server.ca, ...options }, () => {
        resolve(socket.getPeerX509Certificate())
        socket.destroy()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
  const leaf = (await handshake({ maxVersion: 'TLSv1.2' })) as X509Certificate
  expect(leaf.subjectAltName?.replace(/, DNS:[\w.]+\.simulator\.invalid/g, '')).toBe(
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:login.contoso.test, DNS:sts.contoso.test',
  )
  expect(leaf.ca).toBe(false)
  const authority = new X509Certificate(server.ca)
  expect(authority.ca).toBe(true)
  expect(leaf.verify(authority.publicKey)).toBe(true)
  expect(new Date(leaf.validFrom).getTime()).toBeLessThan(Date.now() - 3_590_000)
  expect(await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).toMatch(
    /^(ERR_SSL|ECONNRESET)/,
  )
  expect(await handshake({ ca: running.ca })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

it('takes the port it is given, and fails when that is taken, leaving nothing behind', async () => {
  const other = await createSimulator()
  await expect(other.listen({ adfsPort: adfsPort })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await expect(simulator.listen()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  const first = await other.listen()
  const port = Number(new URL(first.authority).port)
  await first.close()
  const second = await other.listen({ port })
  expect(second.authority).toBe(first.authority)
  await second.close()
})

it('leaves no socket when it is closed, kept-alive connections included, and is itself again', async () => {
  const other = await createSimulator()
  const server = await other.listen()
  const keepAlive = new Agent({ ca: server.ca, keepAlive: true })
  await call(`${server.adfsOrigin}/adfs/services/trust/mex`, { agent: keepAlive })
  await server.close()
  await expect.poll(() => Object.keys({ ...keepAlive.sockets, ...keepAlive.freeSockets })).toEqual([])
  await expect(
    call(`${server.adfsOrigin}/adfs/services/trust/mex`, { agent: false, ca: server.ca }),
  ).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  keepAlive.destroy()
  expect(other.authority).toMatch(/^https:\/\/login\.simulator\.invalid\//)
  expect((await passwordRequest(other, 'ada@contoso.example')).status).toBe(200)
})

it('does not wait for a request that never ends when it is closed', async () => {
  const server = await (await createSimulator()).listen()
  const port = Number(new URL(server.authority).port)
  const { ended } = await new Promise<{ ended: Promise<unknown> }>((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: server.ca }, () => {
      socket.write(
        `POST /organizations/oauth2/token HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 100\r\n\r\nx`,
      )
      const ended = new Promise((done) => socket.on('close', done).on('error', () => undefined))
      setTimeout(() => resolve({ ended }), 50)
    })
  })
  const start = performance.now()
  await server.close()
  await ended
  expect(performance.now() - start).toBeLessThan(2_000)
})

it('answers a v1 request as well over sockets', async () => {
  const { body } = await postForm(send, `${running.authority}/oauth2/token`, {
    grant_type: 'password',
    client_id: simulator.clientId,
    resource: 'https://graph.microsoft.com',
    username: 'ada@contoso.example',
    password: 'Pa$$w0rd+&=é',
  })
  expect(decodeJwt(body['access_token'])['iss']).toBe(`${running.authority}/`)
})
