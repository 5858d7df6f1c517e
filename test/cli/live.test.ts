import { createHash } from 'node:crypto'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Interrupted } from '../../src/cli/io.ts'
import { faultChoices, readScenario, routeChoices, userChoices, wrongPassword } from '../../src/cli/live/scenario.ts'
import { liveScript } from '../../src/cli/live/script.ts'
import { type LiveServer, serveLive } from '../../src/cli/live/server.ts'
import { liveStyle } from '../../src/cli/live/style.ts'
import { findB2cUser } from '../../src/simulator/b2c-directory.ts'
import { demoWorld, findUser } from '../../src/simulator/world.ts'
import { escapeHtml } from '../../src/trace/report/markup.ts'
import { secrecyContract } from '../contract/secrecy.ts'
import { createTestIo, ropc } from './test-io.ts'

interface Reply {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
}

const opened: ClientRequest[] = []

function send(url: string, { method = 'GET', headers = {}, body }: Asked): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false, headers: headers as Record<string, string | string[]> })
    asked.once('response', resolve).once('error', reject).end(body)
    opened.push(asked)
  })
}

async function ask(url: string, asked: Asked = {}): Promise<Reply> {
  const response = await send(url, asked)
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode, headers: response.headers, text }
}

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    const socket = connect({ host: '127.0.0.1', port }, () => socket.end(text))
    socket.on('data', (chunk) => {
      got += chunk.toString()
    })
    socket.once('end', () => resolve(got)).once('error', reject)
  })
}

interface Message {
  readonly event: string
  readonly data: string
  /** Monotonic. */
  readonly at: number
}

interface Update {
  readonly html: string
  readonly status: string
  readonly first: boolean
  readonly over: boolean
}

/** A page that listens, without a browser. */
interface TestPage {
  readonly id: string
  readonly messages: readonly Message[]
  readonly raw: () => string
  until(holds: (message: Message) => boolean): Promise<Message>
  start(choice: Readonly<Record<string, unknown>>): Promise<Reply>
  /** Starts a run and waits for its end. */
  run(choice: Readonly<Record<string, unknown>>): Promise<readonly (Update & Message)[]>
  close(): void
}

async function openPage(url: string): Promise<TestPage> {
  const response = await send(`${url}events`, {})
  expect(response.statusCode).toBe(200)
  expect(response.headers['content-type']).toMatch(/^text\/event-stream/)
  response.setEncoding('utf8')
  const messages: Message[] = []
  let raw = ''
  let rest = ''
  response.on('data', (chunk: string) => {
    raw += chunk
    rest += chunk
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      messages.push({ event, data, at: performance.now() })
    }
  })
  response.on('error', () => {}) // it was closed
  const until: TestPage['until'] = async (holds) => {
    for (;;) {
      const found = messages.find(holds)
      if (found !== undefined) return found
      await wait(5)
    }
  }
  const { data: id } = await until(({ event }) => event === 'ready')
  const start: TestPage['start'] = (choice) => {
    const body = JSON.stringify({ page: id, fault: 'none', route: 'token', pauseMs: 0, ...choice })
    return ask(`${url}runs`, { method: 'POST', headers: json(url), body })
  }
  return {
    id,
    messages,
    raw: () => raw,
    until,
    start,
    async run(choice) {
      const before = messages.length
      expect(await start(choice)).toMatchObject({ status: 202, text: '' })
      await until((message) => messages.indexOf(message) >= before && /"over":true}$/.test(message.data))
      return messages.slice(before).map((message) => ({ ...message, ...(JSON.parse(message.data) as Update) }))
    },
    close: () => response.destroy(),
  }
}

function json(url: string): Record<string, string> {
  return { 'content-type': 'application/json', origin: new URL(url).origin }
}

const ada = 'entra/ada@contoso.example'
const fred = 'entra/fred@fed.contoso.example'
const countOf = (html: string): number => html.split('<details class="step').length - 1

let live: LiveServer
beforeAll(async () => {
  live = await serveLive({ callTimeoutMs: 60_000 })
})
afterAll(async () => {
  await live.close()
  for (const one of opened) one.destroy()
})

describe('the door of the live page', () => {
  it('opens to the token alone', async () => {
    const { origin, pathname } = new URL(live.url)
    const token = pathname.slice(1, -1)
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    const other = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`
    for (const path of [
      '/',
      '/favicon.ico',
      `/${other}/`,
      `/${other}/events`,
      `/${token}`,
      `/x${token}/`,
      `//${token}/`,
    ]) {
      expect([path, (await ask(`${origin}${path}`)).status]).toEqual([path, 404])
    }
    const withoutToken = { method: 'POST', headers: json(live.url), body: '{}' }
    expect((await ask(`${origin}/${other}/runs`, withoutToken)).status).toBe(404)
    expect((await ask(`${live.url}other`)).status).toBe(404)
    expect((await ask(live.url)).status).toBe(200)
  })

  it('knows its own host names and no other: a name that somebody makes point here is turned away', async () => {
    const { port } = new URL(live.url)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`]) {
      expect([host, (await ask(live.url, { headers: { host } })).status]).toEqual([host, 421])
    }
    const { pathname } = new URL(live.url)
    const head = `GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`
    expect(await sendRaw(Number(port), head)).toMatch(/^HTTP\/1\.1 4(?:00|21) /)
    expect((await ask(live.url, { headers: { host: `localhost:${port}` } })).status).toBe(200)
  })

  it('starts no run for another origin, nor for none', async () => {
    const page = await openPage(live.url)
    const body = JSON.stringify({ page: page.id, user: ada, fault: 'none', route: 'token', pauseMs: 0 })
    const { port } = new URL(live.url)
    const origins = [
      undefined,
      'null',
      'https://evil.example',
      `http://127.0.0.1:${Number(port) + 1}`,
      `http://localhost:${port}`,
    ]
    for (const origin of origins) {
      const headers = { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) }
      expect([origin, (await ask(`${live.url}runs`, { method: 'POST', headers, body })).status]).toEqual([origin, 403])
    }
    expect((await ask(`${live.url}events`, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
    expect(page.messages).toHaveLength(1)
    page.close()
  })

  it('has each thing for one method', async () => {
    expect(await ask(`${live.url}runs`)).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    const post = { method: 'POST', headers: json(live.url), body: '{}' }
    for (const place of ['', 'events']) {
      expect(await ask(`${live.url}${place}`, post)).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    }
  })

  it('listens on 127.0.0.1 only', async () => {
    const { port } = new URL(live.url)
    const outcome = await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.2', port: Number(port) })
      socket.once('connect', () => resolve('connected')).once('error', ({ message }) => resolve(message))
    })
    expect(outcome).toContain('ECONNREFUSED')
  })
})

describe('the live page', () => {
  it('may run its own two scripts, talk to its own server, and nothing else', async () => {
    const { headers, text } = await ask(live.url)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    const hashes = (element: string): string[] =>
      [...text.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'))]
        .map(([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`)
        .toSorted()
    const policy = String(headers['content-security-policy'])
    const allowed = (directive: string): string[] =>
      (new RegExp(`(?:^|; )${directive} ([^;]*)`).exec(policy)?.[1] ?? '').split(' ').toSorted()
    expect([allowed('style-src'), allowed('script-src')]).toEqual([hashes('style'), hashes('script')])
    expect(hashes('script')).toHaveLength(2)
    expect(policy.replace(/'sha256-[^']*'/g, '#')).toBe(
      "default-src 'none'; style-src # #; script-src # #; img-src data:; base-uri 'none'; form-action 'none'; connect-src 'self'; frame-ancestors 'none'",
    )
    const rest = text.replace(/<(style|script)>.*?<\/\1>/gs, '')
    expect(rest.match(/<[^>]*\s(?:style|on\w+|src|action)=/g)).toBeNull()
  })

  it('offers every user of every authority, every fault, and no password', async () => {
    const { text } = await ask(live.url)
    const users = userChoices(demoWorld())
    expect(new Set(users.map(({ user }) => user.authority))).toEqual(new Set(['entra', 'adfs', 'b2c', 'ciam', 'oidc']))
    for (const { id } of [...users, ...faultChoices, ...routeChoices]) {
      expect(text).toContain(`<option value="${escapeHtml(id)}"`)
    }
    for (const { user } of users) expect(text).not.toContain(escapeHtml(user.password))
    expect(text).not.toContain(wrongPassword)
  })

  it('offers no refusal that the simulator does not know', () => {
    const world = demoWorld()
    const refusals = faultChoices.filter(({ refusal }) => refusal !== undefined)
    expect(refusals.length).toBeGreaterThan(100)
    const users = userChoices(world)
    for (const { id: fault, fits } of refusals) {
      const isFitting = (user: (typeof users)[number]): boolean => fits?.includes(user.fits) ?? true
      const [fitting, other] = [users.find(isFitting), users.find((user) => !isFitting(user))]
      const choose = (user: string | undefined) => readScenario(world, { user, fault, route: 'token', pauseMs: 0 })
      expect(choose(other?.id)).toBeUndefined()
      const { username = '', authority } = choose(fitting?.id) ?? {}
      const found = authority === 'b2c' ? findB2cUser(world.b2c, username) : findUser(world, username)
      expect(found?.what.toLowerCase()).toBe(`refused with ${fault}`)
    }
  })
})

describe('a run', () => {
  it('arrives step by step, from the first decision to the token', async () => {
    const page = await openPage(live.url)
    const updates = await page.run({ user: fred })
    page.close()
    expect(updates.every(({ event }) => event === 'run')).toBe(true)
    expect(updates.map(({ first }) => first)).toEqual(updates.map((_, index) => index === 0))
    expect(updates.map(({ over }) => over)).toEqual(updates.map((_, index) => index === updates.length - 1))
    const counts = updates.map(({ html }) => countOf(html))
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect([counts[0], counts.at(-1)]).toEqual([0, 13])
    for (let steps = 1; steps <= 13; steps++) expect(counts).toContain(steps)
    const statuses = updates.map(({ status }) => status)
    expect(statuses[0]).toBe('Running …')
    expect(statuses).toContain('Step 8: Federation metadata: waiting for the answer …')
    expect(statuses).toContain('Step 8: Federation metadata: HTTP 200')
    expect(statuses.at(-1)).toMatch(/^Token obtained\. Issued now, valid until/)
    // A request under way is not called one without an answer.
    for (const { html } of updates) expect(html).not.toContain('</span> no answer')
  })

  it('is shown while it goes on; the page has no other one then, another page has', async () => {
    const [page, other] = [await openPage(live.url), await openPage(live.url)]
    const long = page.run({ user: ada, fault: 'way-1', route: 'token' })
    await page.until(({ data }) => data.includes('Token request: waiting for the answer'))
    expect(await page.start({ user: ada })).toMatchObject({ status: 409, text: 'A run is under way on this page.' })
    const unharmed = await other.run({ user: 'oidc/olga' })
    expect(unharmed.at(-1)?.status).toMatch(/^Token obtained/)
    expect(other.messages.length).toBe(unharmed.length + 1)
    const [last, ...before] = (await long).toReversed()
    expect(last?.status).toMatch(/^Token obtained/)
    // The answer comes a second late, and the page does not wait for it with what was before.
    const waiting = before.find(({ status }) => status.endsWith('Token request: waiting for the answer …'))
    expect((last?.at ?? 0) - (waiting?.at ?? 0)).toBeGreaterThan(500)
    expect((await page.run({ user: 'oidc/olga' })).at(-1)?.status).toMatch(/^Token obtained/)
    page.close()
    other.close()
  })

  it('whose server never answers ends at the limit of a call', async () => {
    const server = await serveLive({ callTimeoutMs: 300 })
    const page = await openPage(server.url)
    const [last] = (await page.run({ user: 'oidc/olga', fault: 'way-2' })).toReversed()
    expect(last?.status).toMatch(/^Failed\..*deadline/)
    expect(last?.html).toContain('</span> no answer')
    await server.close()
  })

  it('rests on each event as long as it is asked to', async () => {
    const page = await openPage(live.url)
    const updates = await page.run({ user: 'oidc/olga', pauseMs: 20 })
    page.close()
    // What arrives late makes the next rest look short: the sum does not lie.
    const took = (updates.at(-1)?.at ?? 0) - (updates[0]?.at ?? 0)
    expect(updates.length).toBeGreaterThan(7)
    expect(took).toBeGreaterThan((updates.length - 2) * 18)
  })

  it.each([
    [ada, 'password', /^Failed\. .*AADSTS50126/],
    [ada, 'aadsts50034', /^Failed\. .*AADSTS50034/],
    [fred, 'id3242', /^Failed\. .*not accepted/],
    ['adfs/fred@fed.contoso.example', 'none', /^Token obtained\./],
    ['adfs/fred@fed.contoso.example', 'msis9605', /^Failed\. .*MSIS9605/],
    ['b2c/carla@customer.example', 'none', /^Token obtained\./],
    ['b2c/carla@customer.example', 'aadb2c90114', /^Failed\. .*AADB2C90114/],
    ['ciam/dora@mail.example', 'none', /^Token obtained\./],
    ['entra/grace@fabrikam.example', 'none', /^Token obtained\./],
    [ada, 'way-7', /^Failed\. /],
  ])('of %s with %s ends as it should', async (user, fault, status) => {
    const page = await openPage(live.url)
    const updates = await page.run({ user, fault })
    page.close()
    expect(updates.at(-1)?.status).toMatch(status)
    expect(updates.at(-1)?.status).not.toContain('did not happen')
  })

  it('says so when its fault did not happen', async () => {
    const page = await openPage(live.url)
    // The farm refuses the user, and Entra is not asked for a token.
    const refused = { user: 'entra/blocked@fed.contoso.example', fault: 'way-5', route: 'token' }
    expect((await page.run(refused)).at(-1)?.status).toMatch(
      /^Failed\..* The fault did not happen: this sign-in never asked the token endpoint\.$/,
    )
    page.close()
  })

  it('shows the same again for the same choice', async () => {
    const page = await openPage(live.url)
    const texts: string[][] = []
    for (let times = 0; times < 2; times++)
      texts.push((await page.run({ user: ada })).map(({ status }) => status.replace(/\d\d:\d\d:\d\d/, '')))
    page.close()
    expect(texts[0]).toEqual(texts[1])
    expect(texts[0]?.join()).toContain('ROPC_BCP')
  })
})

describe('the limits', () => {
  const post = (headers: Record<string, string>, body: string): Promise<Reply> =>
    ask(`${live.url}runs`, { method: 'POST', headers: { ...json(live.url), ...headers }, body })

  it('takes JSON of a known and small length, as the page sends it', async () => {
    expect((await post({ 'content-type': 'text/plain' }, '{}')).status).toBe(415)
    expect((await post({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).status).toBe(415)
    expect((await post({ 'transfer-encoding': 'chunked' }, '{}')).status).toBe(411)
    expect((await post({}, `{"a":"${'x'.repeat(2_048)}"}`)).status).toBe(413)
  })

  it('takes what can be chosen on the page, and nothing else', async () => {
    const page = await openPage(live.url)
    for (const body of ['', '{', 'null', '[]', '"x"', '{}'])
      expect([body, (await post({}, body)).status]).toEqual([body, 400])
    const wrong: readonly Readonly<Record<string, unknown>>[] = [
      { user: 'entra/nobody@contoso.example' },
      { user: ['entra/ada@contoso.example'] },
      { user: ada, fault: 'no-such-fault' },
      { user: ada, fault: 'constructor' },
      { user: ada, fault: 'id3242' },
      { user: 'oidc/olga', fault: 'aadsts50034' },
      { user: ada, fault: 'way-5', route: 'jwks' },
      { user: ada, fault: 'way-5', route: 'mex' },
      { user: ada, pauseMs: -1 },
      { user: ada, pauseMs: 2_001 },
      { user: ada, pauseMs: '0' },
      { user: ada, pauseMs: null },
    ]
    for (const choice of wrong) {
      expect([choice, await page.start(choice)]).toMatchObject([
        choice,
        { status: 400, text: 'This cannot be chosen.' },
      ])
    }
    expect(await page.start({ user: ada, page: 'another' })).toMatchObject({ status: 409 })
    expect(page.messages).toHaveLength(1)
    page.close()
  })

  it('ends a run that takes too long, and says so', async () => {
    const server = await serveLive({ runTimeoutMs: 100 })
    const page = await openPage(server.url)
    // What only a weak reference holds is gone, and a deadline with it.
    setFlagsFromString('--expose-gc')
    const collecting = setInterval(runInNewContext('gc') as () => void, 10)
    onTestFinished(() => clearInterval(collecting))
    await page.start({ user: ada, pauseMs: 2_000 })
    const { data } = await page.until(({ event }) => event === 'failed')
    expect(JSON.parse(data)).toBe('The run took too long, and was ended.')
    await server.close()
  })

  it('has room for eight pages, and for another when one has left', async () => {
    const server = await serveLive()
    const pages = await Promise.all(Array.from({ length: 8 }, () => openPage(server.url)))
    expect((await ask(`${server.url}events`)).status).toBe(503)
    await pages[0]?.start({ user: ada, fault: 'way-2' })
    pages[0]?.close()
    let left: Reply['status'] = 503
    while (left === 503) {
      const response = await send(`${server.url}events`, {})
      left = response.statusCode
      response.destroy()
    }
    expect(left).toBe(200)
    await server.close()
    for (const page of pages.slice(1)) await page.until(({ event }) => event === 'stopped')
  })
})

describe('ropc simulate --ui', () => {
  it('prints the address of the page, which ends with the simulator', async () => {
    const io = createTestIo()
    const outcome = ropc(['simulate', '--ui'], io)
    while (!io.stdout.text.endsWith('\n')) await wait(5)
    const [, url = ''] = /^page +(http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/)$/m.exec(io.stdout.text) ?? []
    const page = await openPage(url)
    await page.start({ user: ada, pauseMs: 2_000 })
    await page.until(({ event }) => event === 'run')
    const stoppedAt = performance.now()
    io.stop.abort(new Interrupted('SIGTERM'))
    expect((await outcome).code).toBe(0)
    expect(performance.now() - stoppedAt).toBeLessThan(1_000)
    await page.until(({ event }) => event === 'stopped')
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('secrecy', () => {
  secrecyContract(
    'everything the live page is ever sent',
    async (secrets) => {
      const world = demoWorld()
      const users = world.users.filter(({ username }) => /^(ada|fred)@/.test(username))
      const withSecrets = users.map((user, index) => ({ ...user, password: secrets[index] ?? '' }))
      const server = await serveLive({ world: { ...world, users: withSecrets } })
      const page = await openPage(server.url)
      const { text } = await ask(server.url)
      for (const { username } of withSecrets) {
        for (const fault of ['none', 'way-9']) await page.run({ user: `entra/${username}`, fault })
      }
      await server.close()
      return `${text}${page.raw()}`
    },
    { runs: 2, secretsPerRun: 2 },
  )
})

describe('the script', () => {
  it('is right by the types of the DOM', () => {
    const name = 'live.js'
    const options: ts.CompilerOptions = {
      allowJs: true,
      checkJs: true,
      strict: true,
      noEmit: true,
      skipDefaultLibCheck: true,
      skipLibCheck: true,
      noUnusedLocals: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile } = host
    host.getSourceFile = (file, target, ...rest) =>
      file === name ? ts.createSourceFile(file, liveScript, target) : getSourceFile(file, target, ...rest)
    host.fileExists = (file) => file === name || ts.sys.fileExists(file)
    const found = ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it('cannot end its element, nor the style sheet its own', () => {
    expect(liveScript).not.toMatch(/<\/|<!--/)
    expect(liveStyle).not.toContain('<')
  })
})
