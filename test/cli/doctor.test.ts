import dns from 'node:dns'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { createServerCertificate } from '../../src/simulator/certificates.ts'
import { loadLibraries } from '../../src/simulator/libraries.ts'
import type { FaultHook, RequestKind, RunningSimulator } from '../../src/simulator.ts'
import { createSimulator } from '../../src/simulator.ts'
import { type Certificates, createCertificates } from '../transport/certificates.ts'
import { createFolder, createTestIo, type Outcome, ropc, type TestIo } from './test-io.ts'

interface Shown {
  readonly id: string
  readonly status: string
  readonly label: string
  readonly detail?: string
  readonly hint?: string
  readonly children?: readonly Shown[]
}

interface Result {
  readonly code: number
  readonly stdout: string
  readonly json: {
    readonly version: number
    readonly username: string
    readonly authority: string
    readonly checks: readonly Shown[]
    readonly path?: { readonly type: string }
    readonly passwordGoesTo?: string
    readonly risks: readonly { readonly id: string; readonly text: string }[]
  }
  /** The check of an id. */
  get(id: string): Shown
  ids(): readonly string[]
}

let running: RunningSimulator
let caFile: string
let certificates: Certificates
let ownCaFile: string
let aheadSeconds = 0
const faults: Partial<Record<RequestKind, FaultHook>> = {}
const folder = createFolder()
const cleanUps: (() => void)[] = []

beforeAll(async () => {
  const now = (): number => Math.floor(Date.now() / 1000) + aheadSeconds
  const kinds = ['realm', 'mex', 'wstrust', 'token', 'metadata'] as const
  const hooks = Object.fromEntries(
    kinds.map((kind) => [kind, (...call: Parameters<FaultHook>) => faults[kind]?.(...call)]),
  )
  running = await (await createSimulator({ now, faults: hooks })).listen()
  caFile = folder.file('ca.pem', running.ca)
  certificates = await createCertificates()
  ownCaFile = folder.file('own.pem', certificates.ca)
})

afterEach(() => {
  for (const kind of Object.keys(faults)) delete faults[kind as RequestKind]
  aheadSeconds = 0
  running.simulator.clearJournal()
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

afterAll(async () => {
  await running.close()
  folder.remove()
})

function simulated(): readonly string[] {
  return ['--authority', running.authority, '--ca', caFile]
}

async function doctor(username: string, options: readonly string[] = simulated(), io?: TestIo): Promise<Result> {
  const { code, stdout, stderr } = await ropc(['doctor', username, ...options, '--json'], io)
  expect(stderr).toBe('')
  const json = JSON.parse(stdout)
  const all = flat(json.checks)
  const get = (id: string): Shown => {
    const found = all.find((check) => check.id === id)
    if (found === undefined) throw new Error(`no check ${id} among ${all.map((check) => check.id)}`)
    return found
  }
  return { code, stdout, json, get, ids: () => json.checks.map(({ id }: Shown) => id) }
}

function flat(checks: readonly Shown[]): readonly Shown[] {
  return checks.flatMap((check) => [check, ...flat(check.children ?? [])])
}

function listening(server: Server | HttpsServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })
  cleanUps.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A server that answers everything with one page; the options that lead there. */
async function serve(
  leaf: { readonly key: string; readonly cert: string },
  answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 404 },
  host = 'localhost',
): Promise<readonly string[]> {
  served = createHttpsServer(leaf, (_, response) => {
    response.writeHead(answer.status, answer.headers ?? {}).end(answer.body ?? '')
  })
  served.on('tlsClientError', () => undefined)
  return ['--authority', `https://${host}:${await listening(served)}/contoso.example`, '--ca', ownCaFile]
}

let served: HttpsServer

/** The connections to the server above that are open when all has had time to close. */
async function openConnections(): Promise<number> {
  let count = -1
  for (let i = 0; i < 50 && count !== 0; i++) {
    count = await new Promise<number>((resolve) => served.getConnections((_, found) => resolve(found)))
    if (count !== 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return count
}

describe('a sign-in that can work', () => {
  it('is seen for a managed user, whose password would go to the token endpoint', async () => {
    const { code, json, get, ids } = await doctor('ada@contoso.example')
    expect(code).toBe(0)
    expect(json).toMatchObject({ version: 1, username: 'ada@contoso.example', authority: running.authority })
    expect(json.path).toMatchObject({ type: 'managed' })
    expect(json.passwordGoesTo).toBe(new URL(running.authority).origin)
    expect(ids().filter((id) => !id.startsWith('env.'))).toEqual([
      'username',
      'proxy',
      'authority',
      'host.authority',
      'metadata',
      'realm',
      'endpoint.token',
      'clock',
      'path',
    ])
    for (const id of ['dns.authority', 'tcp.authority', 'tls.authority', 'realm', 'endpoint.token', 'clock', 'path']) {
      expect(get(id)).toMatchObject({ status: 'pass' })
    }
    expect(get('tls.authority').detail).toMatch(/^TLSv1\.\d; a CA that was added here: ropc-client simulator/)
    expect(get('tls.authority.1').detail).toMatch(/^localhost, from ropc-client simulator.*: until \d{4}-\d\d-\d\d$/)
    expect(get('metadata.device_authorization_endpoint').detail).toMatch(/devicecode$/)
    expect(get('path').detail).toContain(json.passwordGoesTo)
    expect(json.risks.map(({ id }) => id)).toEqual(['mfa', 'deprecated'])
  })

  it('is seen for a federated user, whose password would go to the federation server', async () => {
    const { code, json, get, ids } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(0)
    expect(json.path).toMatchObject({ type: 'federated', wsTrustVersion: '1.3', fallbacks: [] })
    expect(json.passwordGoesTo).toBe(running.adfsOrigin)
    expect(ids().slice(ids().indexOf('realm'))).toEqual([
      'realm',
      'host.federation',
      'mex',
      'endpoint.wstrust',
      'endpoint.token',
      'clock',
      'path',
    ])
    expect(get('dns.federation').detail).toMatch(/^127\.0\.0\.1 \(loopback\): an address, not looked up$/)
    expect(get('mex').detail).toMatch(/^WS-Trust 1\.3 at .*13\/usernamemixed; 2 of 8 take a password$/)
    const candidates = get('mex').children ?? []
    expect(candidates).toHaveLength(8)
    expect(candidates.filter(({ detail }) => detail?.endsWith('chosen'))).toHaveLength(1)
    expect(candidates.filter(({ status }) => status === 'skip')).toHaveLength(6)
    expect(get('endpoint.wstrust')).toMatchObject({ status: 'pass' })
    expect(json.risks.map(({ id }) => id)).toContain('federated')
  })

  it('sends no credential and nothing but GETs', async () => {
    await doctor('fred@fed.contoso.example')
    const { journal } = running.simulator
    expect(journal.length).toBeGreaterThan(4)
    expect(journal.filter(({ carriedCredential, method }) => carriedCredential || method !== 'GET')).toEqual([])
  })

  it('asks no realm for an authority that has none', async () => {
    const { code, json, ids } = await doctor('ada@contoso.example', [
      ...['--authority', running.authorities.adfs, '--ca', caFile, '--client-id', 'an-app'],
    ])
    expect(code).toBe(0)
    expect(ids()).not.toContain('realm')
    expect(ids()).not.toContain('mex')
    expect(json.path).toMatchObject({ type: 'managed' })
  })
})

describe('an account that cannot sign in', () => {
  it('is a personal one', async () => {
    const { code, json, get } = await doctor('ada@outlook.example')
    expect(code).toBe(6)
    expect(get('realm')).toMatchObject({ status: 'fail', detail: 'a personal Microsoft account' })
    expect(get('mex').status).toBe('skip')
    expect(get('endpoint.token').status).toBe('pass')
    expect(json).not.toHaveProperty('passwordGoesTo')
    expect(json.risks[0]?.id).toBe('personal-account')
  })

  it.each([
    ['ada@nowhere.example', 'pass', /typing errors/],
    ['CONTOSO\\ada', 'warn', /DOMAIN\\user/],
    ['+49 151 1234567', 'warn', /phone number/],
    ['ada', 'warn', /no domain/],
  ])('has a domain that Entra does not know: %s', async (username, form, hint) => {
    const { code, json, get } = await doctor(username)
    expect(code).toBe(6)
    expect(get('username').status).toBe(form)
    expect(get('realm').hint).toMatch(hint)
    expect(json.risks[0]?.id).toBe('unknown-domain')
  })

  it('has a federation server without an endpoint for passwords', async () => {
    faults.mex = (_, answer) => ({ ...answer, body: answer.body.replaceAll('UsernameToken', 'SomeToken') })
    const { code, get, json } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(6)
    expect(get('mex')).toMatchObject({ status: 'fail', detail: expect.stringContaining('ERR_NO_WSTRUST_ENDPOINT') })
    expect(get('mex').children).toHaveLength(8)
    expect(get('endpoint.wstrust').status).toBe('skip')
    expect(json).not.toHaveProperty('path')
  })
})

describe('a host that cannot be reached', () => {
  it('has a port on which nothing listens', async () => {
    const port = await freePort()
    const { code, get, json } = await doctor('ada@contoso.example', [
      ...['--authority', `https://localhost:${port}/contoso.example`, '--ca', caFile],
    ])
    expect(code).toBe(4)
    expect(get('dns.authority').status).toBe('pass')
    expect(get('tcp.authority')).toMatchObject({ status: 'fail', detail: expect.stringContaining('ECONNREFUSED') })
    for (const id of ['tls.authority', 'metadata', 'realm', 'mex', 'endpoint.token', 'clock', 'path']) {
      expect(get(id).status).toBe('skip')
    }
    expect(json.path).toBeUndefined()
    expect(json.checks).not.toContainEqual(expect.objectContaining({ exit: expect.anything() }))
    expect(get('tcp.authority')).not.toHaveProperty('exit')
  })

  it('has a name that does not resolve', async () => {
    fakeLookup(Object.assign(new Error('canary'), { code: 'ENOTFOUND' }))
    const { code, get, stdout } = await doctor('ada@contoso.example', [
      '--authority',
      'https://login.contoso.test/a.example',
    ])
    expect(code).toBe(4)
    expect(get('dns.authority')).toMatchObject({ status: 'fail', hint: expect.stringContaining('does not resolve') })
    expect(get('tcp.authority').status).toBe('skip')
    expect(get('tls.authority').status).toBe('skip')
    expect(stdout).not.toContain('canary')
  })

  it('is the federation server; Entra is looked at all the same', async () => {
    const dead = `https://127.0.0.1:${await freePort()}`
    faults.realm = (_, answer) => ({ ...answer, body: answer.body.replaceAll(running.adfsOrigin, dead) })
    const { code, get } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(4)
    expect(get('tcp.federation').status).toBe('fail')
    expect(get('mex').status).toBe('skip')
    expect(get('endpoint.wstrust').status).toBe('skip')
    expect(get('endpoint.token').status).toBe('pass')
  })

  it('never answers a handshake: the time limit ends it', async () => {
    const port = await listening(createServer(() => undefined))
    const startedAt = performance.now()
    const { code, get } = await doctor('ada@contoso.example', [
      ...['--authority', `https://localhost:${port}/contoso.example`, '--timeout', '1'],
    ])
    expect(code).toBe(4)
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    expect(get('tls.authority')).toMatchObject({ status: 'fail', hint: expect.stringContaining('--timeout') })
  })

  it('answers on one of its addresses only', async () => {
    const port = Number(new URL(running.authority).port)
    const original = dns.lookup
    vi.spyOn(dns, 'lookup').mockImplementation(((host: string, options: object, done: (...args: unknown[]) => void) => {
      if (host !== 'localhost') return original(host, options as never, done as never)
      const addresses = [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]
      done(null, addresses)
    }) as never)
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(0)
    expect(get('tcp.authority')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('no connection to ::1'),
    })
    expect(get('tcp.authority').detail).toContain(`port ${port} of 127.0.0.1`)
  })

  it('is left alone when the realm answer names a host that the client would not go to', async () => {
    const elsewhere = await doctorBehindCloud('https://169.254.169.254/adfs/services/trust')
    expect(elsewhere.code).toBe(5)
    expect(elsewhere.get('host.federation')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('link-local'),
    })
  })
})

/** A realm answer with another federation server. */
async function doctorBehindCloud(trust: string): Promise<Result> {
  faults.realm = (_, answer) => ({
    ...answer,
    body: answer.body.replaceAll(`${running.adfsOrigin}/adfs/services/trust`, trust),
  })
  return doctor('fred@fed.contoso.example')
}

function fakeLookup(answer: Error | readonly string[]): void {
  vi.spyOn(dns, 'lookup').mockImplementation(((_: string, __: object, done: (...args: unknown[]) => void) => {
    if (answer instanceof Error) done(answer)
    else
      done(
        null,
        answer.map((address) => ({ address, family: 4 })),
      )
  }) as never)
}

describe('a certificate that does not verify', () => {
  it.each([
    ['expired', /expired on/, /Renew the certificate/],
    ['wrongName', /for other names than localhost: .*sts\.fabrikam\.test/, /a name that is in the certificate/],
    ['selfSigned', /not trusted here: localhost \(DEPTH_ZERO_SELF_SIGNED_CERT\)/, /--ca FILE/],
  ] as const)('is %s', async (defect, detail, hint) => {
    const { code, get } = await doctor('ada@contoso.example', await serve(certificates[defect]))
    expect(code).toBe(4)
    expect(get('tls.authority')).toMatchObject({ status: 'fail' })
    expect(get('tls.authority').detail).toMatch(detail)
    expect(get('tls.authority').hint).toMatch(hint)
    expect(get('metadata').status).toBe('skip')
    expect(await openConnections()).toBe(0)
  })

  it('is looked for under the name of the host, also where a hosts file leads to this machine', async () => {
    const options = await serve(certificates.good, { status: 404 }, 'login.contoso.test')
    fakeLookup(['127.0.0.1'])
    const { get } = await doctor('ada@contoso.example', options)
    expect(get('dns.authority')).toMatchObject({ status: 'warn', hint: expect.stringContaining('this machine itself') })
    expect(get('tcp.authority').status).toBe('pass')
    expect(get('tls.authority').status).toBe('warn')
  })

  it('comes from a CA that nobody named', async () => {
    const { code, get } = await doctor('ada@contoso.example', ['--authority', running.authority])
    expect(code).toBe(4)
    expect(get('tls.authority').detail).toMatch(/not trusted here: ropc-client simulator.*UNABLE_TO_VERIFY/)
    expect(get('tls.authority').hint).toContain('--ca FILE')
    expect(running.simulator.journal).toEqual([])
  })

  it('is no TLS at all', async () => {
    const port = await listening(createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    const { code, get } = await doctor('ada@contoso.example', [
      '--authority',
      `https://localhost:${port}/contoso.example`,
    ])
    expect(code).toBe(4)
    expect(get('tls.authority')).toMatchObject({ status: 'fail', hint: expect.stringContaining('does not speak TLS') })
  })

  it('is about to expire, which does not stop a sign-in', async () => {
    const { get } = await doctor('ada@contoso.example', await serve(certificates.good))
    expect(get('tls.authority')).toMatchObject({ status: 'warn', hint: expect.stringContaining('before it expires') })
    expect(await openConnections()).toBe(0)
  })
})

describe('a clock', () => {
  it.each([600, -600])('that is %d s off fails: messages would be refused', async (seconds) => {
    aheadSeconds = seconds
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(5)
    const words = seconds > 0 ? 'ahead of' : 'behind'
    expect(get('clock').detail).toMatch(new RegExp(`is (599|600|601) s ${words} this machine`))
    expect(get('clock').status).toBe('fail')
  })

  it('that is two minutes off is pointed out', async () => {
    aheadSeconds = 120
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(0)
    expect(get('clock').status).toBe('warn')
  })
})

describe('an answer that is not of the protocol', () => {
  it("is a proxy's page: who sent it is shown, and cannot command the terminal", async () => {
    const body = '<html><head><title>Blocked\u001b[2J by Example Gateway</title></head><body>no</body></html>'
    const headers = { 'content-type': 'text/html', server: 'ExampleGateway/9', via: '1.1 gateway.contoso.example' }
    const options = await serve(certificates.good, { status: 200, headers, body })
    const { code, get } = await doctor('ada@contoso.example', options)
    expect(code).toBe(5)
    const { status, detail } = get('metadata')
    expect(status).toBe('fail')
    expect(detail).toContain('Server: ExampleGateway/9')
    expect(detail).toContain('Via: 1.1 gateway.contoso.example')
    expect(detail).toContain('page "Blocked\\u{1b}[2J by Example Gateway"')
    expect(get('realm').status).toBe('skip')
    const plain = await ropc(['doctor', 'ada@contoso.example', ...options])
    expect(plain.stdout).not.toContain('\u001b')
  })

  it('is such a page in place of the token endpoint', async () => {
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><title>Sign in</title></html>' }
    faults.token = () => page
    // What is not of Entra does not carry its request ids.
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(5)
    expect(get('endpoint.token')).toMatchObject({ status: 'fail', detail: expect.stringContaining('page "Sign in"') })
    expect(get('realm').status).toBe('pass')
  })

  it('is a redirect, which is not followed', async () => {
    faults.token = (_, answer) => ({ ...answer, status: 302, headers: { location: 'https://portal.contoso.example/' } })
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(4)
    expect(get('endpoint.token').detail).toContain('redirect to portal.contoso.example')
  })

  it('is a WS-Trust endpoint that is closed', async () => {
    faults.wstrust = (_, answer) => ({ ...answer, status: 503 })
    const { code, get } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(5)
    expect(get('endpoint.wstrust').hint).toContain('Get-AdfsEndpoint')
    expect(get('path').status).toBe('pass')
  })

  it('says which tenant does not exist', async () => {
    const authority = `${new URL(running.authority).origin}/nobody.example`
    const { code, get } = await doctor('ada@contoso.example', ['--authority', authority, '--ca', caFile])
    expect(code).toBe(5)
    expect(get('metadata').detail).toMatch(/status 400.*: AADSTS90002: Tenant 'nobody\.example' not found/)
    expect(get('metadata').detail).not.toContain('Trace ID')
    expect(get('metadata').hint).toContain('the tenant')
    expect(get('path').status).toBe('skip')
  })

  it('is a realm answer that cannot be read', async () => {
    faults.realm = (_, answer) => ({ ...answer, body: '{"account_type":"Odd"}' })
    const { code, get } = await doctor('ada@contoso.example')
    expect(code).toBe(5)
    expect(get('realm').status).toBe('fail')
    expect(get('mex').status).toBe('skip')
  })
})

describe('the MEX document', () => {
  it('may be missing: the endpoint on file is used, and that is pointed out', async () => {
    faults.mex = (_, answer) => ({ ...answer, status: 404, body: '' })
    const { code, json, get } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(0)
    expect(get('mex')).toMatchObject({ status: 'warn', detail: expect.stringContaining('status 404') })
    expect(json.path).toMatchObject({ type: 'federated', wsTrustVersion: '2005' })
  })

  it('may name a host that nobody vouches for: which one to add is said', async () => {
    const other = 'https://127.0.0.2:8443'
    faults.mex = (_, answer) => ({ ...answer, body: answer.body.replaceAll(running.adfsOrigin, other) })
    const { code, json, get } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(5)
    expect(get('mex')).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining("federationHosts: ['127.0.0.2:8443']"),
    })
    expect(get('mex').children).toHaveLength(8)
    expect(json).not.toHaveProperty('passwordGoesTo')
  })

  it('may name an endpoint on the host of the endpoint on file, which is looked at on its own', async () => {
    const port = await freePort()
    const other = `https://127.0.0.1:${port}`
    const active = `${running.adfsOrigin}/adfs/services/trust/2005/usernamemixed`
    faults.realm = (_, answer) => ({
      ...answer,
      body: answer.body.replaceAll(active, `${other}/adfs/services/trust/2005/usernamemixed`),
    })
    faults.mex = (_, answer) => ({ ...answer, body: answer.body.replaceAll(running.adfsOrigin, other) })
    const { code, get } = await doctor('fred@fed.contoso.example')
    expect(code).toBe(4)
    expect(get('mex').status).toBe('pass')
    expect(get('host.wstrust').status).toBe('fail')
    expect(get('endpoint.wstrust').status).toBe('skip')
  })
})

describe('the proxy', () => {
  async function startProxy(): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (head) => {
        const port = Number(/^CONNECT [^ ]+:(\d+) /.exec(head.toString('latin1'))?.[1])
        const target = connect(port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
          socket.pipe(target).pipe(socket)
        })
        target.on('error', () => socket.destroy())
        socket.on('close', () => target.destroy())
      })
    })
    return `http://127.0.0.1:${await listening(server)}`
  }

  it('is looked at itself, and what lies behind it is not probed', async () => {
    const proxy = await startProxy()
    const { code, get, ids } = await doctor('fred@fed.contoso.example', [...simulated(), '--proxy', proxy])
    expect(code).toBe(0)
    expect(get('host.proxy').status).toBe('pass')
    expect(ids()).toContain('host.proxy')
    for (const role of ['authority', 'federation']) {
      for (const probe of ['dns', 'tcp', 'tls']) expect(get(`${probe}.${role}`).status).toBe('skip')
    }
    expect(get('endpoint.wstrust').status).toBe('pass')
  })

  it('that does not answer is what fails', async () => {
    const proxy = `http://127.0.0.1:${await freePort()}`
    const { code, get } = await doctor('ada@contoso.example', [...simulated(), '--proxy', proxy])
    expect(code).toBe(4)
    expect(get('tcp.proxy').status).toBe('fail')
    expect(get('realm').status).toBe('skip')
  })

  it('of the environment is used with --proxy env; NO_PROXY takes hosts out; its password is never shown', async () => {
    const proxy = (await startProxy()).replace('//', '//user:hunter2@')
    const env = { HTTPS_PROXY: proxy, no_proxy: new URL(running.adfsOrigin).host }
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    for (const name of ['https_proxy', 'http_proxy', 'HTTP_PROXY', 'NO_PROXY']) vi.stubEnv(name, undefined)
    const options = [...simulated(), '--proxy', 'env']
    const { code, get, stdout } = await doctor('fred@fed.contoso.example', options, createTestIo({ env }))
    expect(code).toBe(0)
    expect(get('tls.authority').status).toBe('skip')
    expect(get('tls.federation').status).toBe('pass')
    const plain = await ropc(['doctor', 'ada@contoso.example', ...options], createTestIo({ env }))
    expect(plain.stdout).toContain('with a user name')
    for (const text of [stdout, plain.stdout, plain.stderr]) {
      expect(text).not.toContain('hunter2')
      expect(text).not.toContain('user:')
    }
    vi.stubEnv('no_proxy', '*')
    const direct = await doctor('ada@contoso.example', options, createTestIo({ env: { ...env, no_proxy: '*' } }))
    expect(direct.ids()).not.toContain('host.proxy')
    expect(direct.get('tls.authority').status).toBe('pass')
  })

  it('of the environment that cannot be used is a fault of the command line', async () => {
    vi.stubEnv('https_proxy', 'socks5://user:hunter2@127.0.0.1:1080')
    const { code, get, stdout } = await doctor('ada@contoso.example', [...simulated(), '--proxy', 'env'])
    expect(code).toBe(2)
    expect(get('proxy')).toMatchObject({ status: 'fail', hint: expect.stringContaining('SOCKS') })
    expect(get('realm').status).toBe('skip')
    expect(stdout).not.toContain('hunter2')
  })
})

describe('a host of a real cloud', () => {
  /** A proxy behind which the simulator answers for every host, under a certificate made for them. */
  async function simulatedInternet(hosts: readonly string[], instance?: unknown): Promise<readonly string[]> {
    const libraries = await loadLibraries()
    const made = await createServerCertificate(libraries, hosts, Math.floor(Date.now() / 1_000))
    const inner = await createSimulator({ entraHost: 'login.microsoftonline.com' })
    const tls = { key: made.privateKeyPem, cert: made.certificatePem }
    const server = createHttpsServer(tls, async ({ method, headers, url }, response) => {
      expect(method).toBe('GET')
      const target = `https://login.microsoftonline.com${url}`
      const request = { step: 'realm', method: 'GET', url: target, headers: { host: headers.host ?? '' } } as const
      const isInstance = instance !== undefined && url?.startsWith('/common/discovery/instance') === true
      const answer = isInstance
        ? { status: 200, headers: {}, body: JSON.stringify(instance) }
        : await inner.send(request)
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    const port = await listening(server)
    const proxy = createServer((socket) => {
      socket.once('data', () => {
        const target = connect(port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
          socket.pipe(target).pipe(socket)
        })
        target.on('error', () => socket.destroy())
        socket.on('close', () => target.destroy())
      })
    })
    const proxyPort = await listening(proxy)
    return ['--ca', folder.file('cloud.pem', made.caPem), '--proxy', `http://127.0.0.1:${proxyPort}`]
  }

  it('has endpoints by convention; its OpenID configuration shows whether the tenant exists', async () => {
    const options = await simulatedInternet(['login.microsoftonline.com'])
    const { code, json, get, ids } = await doctor('ada@contoso.example', options)
    expect(code).toBe(0)
    expect(json.passwordGoesTo).toBe('https://login.microsoftonline.com')
    expect(get('authority').detail).toBe('Entra ID; cloud login.windows.net; tenant organizations')
    expect(get('metadata.issuer').detail).toContain('{tenantid}')
    expect(get('endpoint.token').detail).toContain('/organizations/oauth2/v2.0/token')
    expect(ids()).not.toContain('authority.instance')
    const authority = 'https://login.microsoftonline.com/nobody.example'
    const nobody = await doctor('ada@contoso.example', [...options, '--authority', authority])
    expect(nobody.code).toBe(5)
    expect(nobody.get('metadata').detail).toContain('AADSTS90002')
    expect(nobody.get('path').status).toBe('pass')
  })

  it('may say that it goes by the name of another host, which is then the one to be asked', async () => {
    const aliases = ['login.microsoftonline.com', 'login.fabrikam.example']
    const entry = { preferred_network: aliases[0], preferred_cache: aliases[0], aliases }
    const options = await simulatedInternet(aliases, { metadata: [entry] })
    const authority = 'https://login.fabrikam.example/contoso.example'
    const { code, json, get } = await doctor('ada@contoso.example', [...options, '--authority', authority])
    expect(get('metadata').status).toBe('pass')
    expect(get('authority.instance').status).toBe('pass')
    expect(get('endpoint.token').status).toBe('pass')
    expect(json.passwordGoesTo).toBe('https://login.microsoftonline.com')
    expect(code).toBe(0)
  })

  it('is asked about a host that nobody knows', async () => {
    const options = await simulatedInternet(['login.microsoftonline.com', 'login.fabrikam.example'])
    const authority = 'https://login.fabrikam.example/contoso.example'
    const { code, get } = await doctor('ada@contoso.example', [...options, '--authority', authority])
    expect(code).toBe(2)
    expect(get('authority.instance').detail).toContain('ERR_UNKNOWN_AUTHORITY')
    expect(get('realm').status).toBe('skip')
  })
})

describe('the command line', () => {
  it.each(['common', 'consumers'])('may name the authority "%s", which is refused with the reason', async (tenant) => {
    const { code, get } = await doctor('ada@contoso.example', [
      '--authority',
      `https://login.microsoftonline.com/${tenant}`,
    ])
    expect(code).toBe(2)
    expect(get('authority')).toMatchObject({ status: 'fail', hint: expect.stringContaining('organizations') })
    expect(get('realm').status).toBe('skip')
  })

  it.each([
    [['doctor'], /the user is missing/],
    [['doctor', 'ada@contoso.example', 'hunter2'], /belongs to no option/],
    [['doctor', 'ada@contoso.example', '--timeout', '0'], /--timeout/],
    [['doctor', 'ada@contoso.example', '--ca', '/nowhere/ca.pem'], /--ca/],
    [['doctor', 'ada@contoso.example', '--ca', import.meta.filename], /PEM/],
    [
      ['doctor', 'ada@contoso.example', '--proxy', 'http://user:hunter2@proxy.example:8080'],
      /--proxy holds a password/,
    ],
    [['doctor', 'ada@contoso.example', '--proxy', 'socks5://proxy.example:1080'], /SOCKS/],
    [['doctor', 'ada\u0007@contoso.example'], /control character/],
  ])('that cannot be understood sends nothing: %j', async (argv, message) => {
    const { code, stdout, stderr } = await ropc(argv)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('hunter2')
  })

  it('takes the user name before, between or after the options', async () => {
    for (const argv of [
      ['ada', ...simulated()],
      [...simulated(), 'ada'],
    ]) {
      expect((await ropc(['doctor', ...argv])).code).toBe(6)
    }
  })

  it('tells the exit codes in its help', async () => {
    const { code, stdout } = await ropc(['doctor', '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/4 network.*5 protocol.*6 unsupported/s)
  })

  it('ends at Ctrl-C, with the exit code for it', async () => {
    const port = await listening(createServer(() => undefined))
    const io = createTestIo()
    setTimeout(() => io.stop.abort(new Interrupted('SIGINT')), 50)
    const authority = `https://localhost:${port}/contoso.example`
    const startedAt = performance.now()
    const { code, stdout, stderr } = await ropc(['doctor', 'ada@contoso.example', '--authority', authority], io)
    expect(code).toBe(130)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect([stdout, stderr]).toEqual(['', 'error: interrupted\n'])
  })
})

describe('what people read', () => {
  const read = async (parts: { readonly isTTY: boolean; readonly env?: Record<string, string> }): Promise<Outcome> => {
    const io = createTestIo({ env: parts.env ?? {} })
    io.stdout.isTTY = parts.isTTY
    return ropc(['doctor', 'ada@nowhere.example', ...simulated()], io)
  }

  it('is plain ASCII where it is not a terminal, with hints and a summary last', async () => {
    const { code, stdout } = await read({ isTTY: false })
    expect(code).toBe(6)
    expect(stdout).toMatch(/^[\n -~]*$/)
    expect(stdout).toMatch(/^fail {2}user realm: Entra does not know the domain\n {8}hint: No tenant has the domain/m)
    expect(stdout).toMatch(/^ {2}pass {2}DNS: 127\.0\.0\.1/m)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^1 failed, 0 to look at, \d+ well, 3 skipped: a sign-in would fail$/,
    )
  })

  it('has marks at a terminal, and colour unless NO_COLOR forbids it', async () => {
    const colourful = (await read({ isTTY: true })).stdout
    expect(colourful).toContain('\u001b[31m✗ fail\u001b[39m  user realm')
    const sober = (await read({ isTTY: true, env: { NO_COLOR: '1' } })).stdout
    expect(sober).toContain('\n✗ fail  user realm')
    expect(sober).not.toContain('\u001b')
  })
})
