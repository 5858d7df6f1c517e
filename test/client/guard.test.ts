import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGuard, type Guard } from '../../src/client/guard.ts'
import { type AuthError, isAuthError, type Step, TransportError } from '../../src/errors.ts'
import { type HttpRequest, type HttpResponse, maxResponseBytes, type Transport } from '../../src/protocol/http.ts'

const authority = 'https://login.contoso.example/organizations'
const sts = 'https://sts.contoso.example/adfs/services/trust/mex'
const ok: HttpResponse = { status: 200, headers: {}, body: '{}' }

const requestTo = (url: string, step: Step = 'token'): HttpRequest => ({
  step,
  method: 'POST',
  url,
  headers: {},
  body: 'password=CANARY',
})

/** A transport that counts, and answers with whatever it is given. */
function counting(answer: unknown = ok): { send: Transport; sent: string[] } {
  const sent: string[] = []
  const send = (async ({ url }) => {
    sent.push(url)
    if (answer instanceof Error) throw answer
    return answer
  }) as Transport
  return { send, sent }
}

async function failureOf(pending: Promise<unknown>): Promise<AuthError> {
  const error = await pending.then(
    () => expect.fail('resolved'),
    (reason: unknown) => reason,
  )
  if (!isAuthError(error)) throw error
  expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('CANARY')
  expect(error.hint).toMatch(/\w/)
  return error
}

/** Sends through a guard that was told to trust the federation host by the realm, and by the caller `pinned`. */
function guarded(answer?: unknown): { guard: Guard; sent: string[] } {
  const { send, sent } = counting(answer)
  const guard = createGuard(send, authority)
  guard.justify(sts, 'realm')
  guard.justify('https://pinned.contoso.example:8443/x', 'caller')
  return { guard, sent }
}

describe('createGuard', () => {
  it.each([
    authority,
    'https://login.contoso.example:443/CANARY?x=y',
    'HTTPS://LOGIN.contoso.example/token',
    'https://login.contoso.example',
    sts,
    'https://sts.contoso.example/other',
    'https://pinned.contoso.example:8443/adfs',
  ])('lets %s through, as its host and port were named', async (url) => {
    const { guard, sent } = guarded()
    expect(await guard.send(requestTo(url))).toEqual(ok)
    expect(sent).toEqual([url])
  })

  const insecure: readonly string[] = [
    'http://login.contoso.example/token',
    'http://login.contoso.example:443/token',
    'http://127.0.0.1/token',
    'http://localhost/token',
    'HTTP://login.contoso.example/token',
    'ftp://login.contoso.example/token',
    'ws://login.contoso.example/token',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'blob:https://login.contoso.example/x',
    '//login.contoso.example/token',
    '/token',
    'login.contoso.example',
    '',
    'https://',
    'https:///login.contoso.example/',
    'https:login.contoso.example/token',
    'https:/login.contoso.example/token',
    'https:\\\\login.contoso.example/token',
    'https:/\\login.contoso.example/token',
    'https://login.contoso.example\\token',
    'https://login.contoso.example\\@evil.example/',
    'https://login.contoso.example/a\\b',
    'https://user@login.contoso.example/',
    'https://user:CANARY@login.contoso.example/',
    'https://@login.contoso.example/',
    'https://login.contoso.example@evil.example/',
    'https://login.contoso.example:443@evil.example/',
    'https://login.contoso.example%40evil.example/',
    'https://login.contoso.example/#fragment',
    'https://login.contoso.example/#',
    'https://login.contoso.example#@evil.example/',
    ' https://login.contoso.example/',
    'https://login.contoso.example/ ',
    'https://login.contoso.example/a b',
    'https://login.con\ttoso.example/',
    'https://login.contoso.example/\n',
    'ht\ntps://login.contoso.example/',
    'https://login.contoso.example/\u0000',
    'https://login.contoso.example%00/',
    'https://login.contoso.example%2eevil.example/',
    'https://login%2econtoso.example/',
    'https://login。contoso.example/',
    'https://ｌogin.contoso.example/',
    'https://login.contoso.example\u00ad/',
    'https://login.contoso.example/é',
    'https://login.contoso.example:/token',
    'https://login.contoso.example:0443/token',
    'https://login.contoso.example:99999/token',
    'https://[fe80::1%25eth0]/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://2130706433/',
    'https://[::ffff:127.0.0.1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://1.2.3.4.5/',
  ]
  const unjustified: readonly string[] = [
    'https://evil.example/',
    'https://login.contoso.example.evil.test/',
    'https://sts.contoso.example.evil.test/',
    'https://evil-sts.contoso.example/',
    'https://contoso.example/',
    'https://xsts.contoso.example/',
    'https://sts.contoso.example./adfs',
    'https://sts.contoso.example:49443/adfs/services/trust/13/certificatemixed',
    'https://sts.contoso.example:80/',
    'https://login.contoso.example:8443/',
    'https://pinned.contoso.example/',
    'https://xn--sts-contoso-x9a.example/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://sts.localhost/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://169.254.169.254/latest/meta-data',
    'https://[fe80::1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://224.0.0.1/',
    'https://10.0.0.1/',
    'https://93.184.216.34/',
  ]

  it.each(insecure)('sends nothing to "%s", which is not plain https', async (url) => {
    const { guard, sent } = guarded()
    expect((await failureOf(guard.send(requestTo(url)))).code).toBe('ERR_INSECURE_ENDPOINT')
    expect(() => guard.check(url, 'mex')).toThrow(
      expect.objectContaining({ code: 'ERR_INSECURE_ENDPOINT', step: 'mex' }),
    )
    expect(sent).toEqual([])
  })

  it.each(unjustified)('sends nothing to "%s", which nobody named', async (url) => {
    const { guard, sent } = guarded()
    const error = await failureOf(guard.send(requestTo(`${url}CANARY`)))
    expect(error).toMatchObject({ code: 'ERR_UNJUSTIFIED_HOST', step: 'token', name: 'ProtocolError' })
    expect(error.message).toContain(new URL(url).host)
    expect(sent).toEqual([])
  })

  it('sends only to named hosts on https, whatever the URL', async () => {
    const part = fc.constantFrom(
      ...['https:', 'http:', '//', '/', '\\', '@', '#', '?', ':', '443', '.', '%2e', '\t', 'user', '[::1]', '127.1'],
      ...['login.contoso.example', 'sts.contoso.example', 'pinned.contoso.example', '8443', 'evil.test', 'é', '。'],
    )
    const urls = fc.oneof(
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join('')),
      fc.array(part, { maxLength: 6 }).map((parts) => `https://${parts.join('')}`),
      fc.webUrl(),
    )
    const named = ['login.contoso.example:443', 'sts.contoso.example:443', 'pinned.contoso.example:8443']
    await fc.assert(
      fc.asyncProperty(urls, async (text) => {
        const { guard, sent } = guarded()
        await guard.send(requestTo(text)).catch((error) => expect(isAuthError(error)).toBe(true))
        for (const url of sent) {
          // Read by hand, as a careless library would: everything up to the first slash or question mark.
          const host = /^https:\/\/([^/?#@\\]+)(?=[/?]|$)/i.exec(url)?.[1]?.toLowerCase() ?? ''
          expect(named).toContain(host.includes(':') ? host : `${host}:443`)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  describe('weighs who named a host', () => {
    const allows = async (named: string, by: 'caller' | 'realm', root = authority, url = named): Promise<boolean> => {
      const { send, sent } = counting()
      const guard = createGuard(send, root)
      guard.justify(named, by)
      const error = await guard.send(requestTo(url)).catch((reason: unknown) => reason)
      expect(sent.length).toBe(isAuthError(error) ? 0 : 1)
      return sent.length === 1
    }
    const loopback = 'https://127.0.0.1:8443/organizations'

    it.each([
      'https://sts.contoso.example:49443/',
      'https://127.0.0.1/',
      'https://localhost/',
      'https://10.0.0.1/',
      'https://[2001:db8::1]/',
      'https://93.184.216.34/',
    ])('%s counts from the caller, from the realm only when the authority is loopback', async (url) => {
      expect(await allows(url, 'caller')).toBe(true)
      expect(await allows(url, 'realm')).toBe(false)
      expect(await allows(url, 'realm', loopback)).toBe(true)
    })

    it.each([
      'https://0.0.0.0/',
      'https://169.254.169.254/',
      'https://[fe80::1]/',
      'https://[::]/',
      'https://224.0.0.1/',
    ])('%s counts from nobody', async (url) => {
      expect(await allows(url, 'caller')).toBe(false)
      expect(await allows(url, 'realm', loopback)).toBe(false)
      expect(await allows(url, 'caller', url)).toBe(false)
    })

    it('http counts between loopback hosts only', async () => {
      const root = 'http://localhost:8080/'
      expect(await allows('http://127.0.0.1:8081/', 'realm', root)).toBe(true)
      expect(await allows('http://[::1]:8081/', 'caller', root)).toBe(true)
      expect(await allows('http://sts.contoso.example/', 'caller', root)).toBe(false)
      expect(await allows('http://10.0.0.1/', 'caller', root)).toBe(false)
      expect(await allows('http://127.0.0.1:8081/', 'caller')).toBe(false)
      expect(await allows('http://login.contoso.example/', 'caller', 'http://login.contoso.example/')).toBe(false)
    })

    it('http://host names port 80, which does not stand for the same host on https', async () => {
      expect(await allows('http://sts.contoso.example/', 'realm', authority, sts)).toBe(false)
    })

    it('a realm that names what the caller named takes nothing away', async () => {
      const { send, sent } = counting()
      const guard = createGuard(send, authority)
      guard.justify('https://sts.contoso.example:49443/', 'caller')
      guard.justify('https://sts.contoso.example:49443/', 'realm')
      guard.justify('not a url', 'caller')
      await guard.send(requestTo('https://sts.contoso.example:49443/'))
      expect(sent).toHaveLength(1)
    })

    it('an authority that is no URL is the caller’s mistake', () => {
      expect(() => createGuard(counting().send, 'login.contoso.example')).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      )
    })
  })
})

describe('the guard around a transport of the user', () => {
  const answered = (answer: unknown, step: Step = 'token'): Promise<HttpResponse> =>
    guarded(answer).guard.send(requestTo(authority, step))

  it('passes on a good answer, with lower-case header names', async () => {
    const timings = { totalMs: 3 }
    const response = await answered({
      ...ok,
      headers: { 'Content-Type': 'a', __proto__: null },
      url: authority,
      timings,
    })
    expect(response).toEqual({ status: 200, headers: { 'content-type': 'a' }, body: '{}', url: authority, timings })
    expect(await answered({ ...ok, url: '', timings: 'soon' })).toEqual(ok)
  })

  it.each([300, 301, 302, 303, 304, 307, 308, 399])(
    'refuses status %i and names only the host it leads to',
    async (status) => {
      const headers = { Location: 'https://evil.example/CANARY' }
      const error = await failureOf(answered({ ...ok, status, headers }))
      expect(error).toMatchObject({ code: 'ERR_TRANSPORT_REDIRECT', step: 'token' })
      expect(error.message).toContain('evil.example')
    },
  )

  it.each([
    'https://evil.example/CANARY',
    'https://login.contoso.example:8443/',
    'http://login.contoso.example/',
    'nowhere',
  ])('notices that the transport followed a redirect to %s', async (url) => {
    const error = await failureOf(answered({ ...ok, url }))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_REDIRECT', hint: expect.stringContaining('manual') })
  })

  it.each(['realm', 'token', 'mex'] as const)('bounds the answer of %s in UTF-8 bytes', async (step) => {
    const limit = maxResponseBytes(step)
    expect((await answered({ ...ok, body: 'x'.repeat(limit) }, step)).body).toHaveLength(limit)
    for (const body of ['x'.repeat(limit + 1), 'é'.repeat(limit / 2 + 1), '€'.repeat(limit / 2)]) {
      expect((await failureOf(answered({ ...ok, body }, step))).code).toBe('ERR_TRANSPORT_TOO_LARGE')
    }
  })

  it.each([
    42,
    null,
    'CANARY',
    {},
    { ...ok, status: '200' },
    { ...ok, status: 0 },
    { ...ok, status: 99 },
    { ...ok, status: 600 },
    { ...ok, status: 200.5 },
    { ...ok, status: Number.NaN },
    { ...ok, headers: undefined },
    { ...ok, headers: 'CANARY' },
    { ...ok, headers: [] },
    { ...ok, headers: new Headers({ 'content-type': 'a' }) },
    { ...ok, headers: { a: 1 } },
    { ...ok, headers: { a: ['b'] } },
    { ...ok, body: undefined },
    { ...ok, body: Buffer.from('CANARY') },
    { ...ok, body: { CANARY: 1 } },
    { ...ok, url: 5 },
  ])('refuses %o, which is no response', async (answer) => {
    expect((await failureOf(answered(answer))).code).toBe('ERR_MALFORMED_RESPONSE')
  })

  it('keeps of a foreign error nothing but its code', async () => {
    const foreign = Object.assign(new Error('CANARY'), { code: 'ECONNRESET', config: { data: 'CANARY' } })
    const error = await failureOf(answered(foreign))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_UNREACHABLE', message: expect.stringContaining('ECONNRESET') })
    expect(error.cause).toBeUndefined()
    const odd = Object.assign(new TypeError('CANARY'), { code: 'CANARY with blanks', cause: foreign })
    expect((await failureOf(answered(odd))).message).toContain('ECONNRESET')
    const throwing: Transport = () => {
      throw new RangeError('CANARY')
    }
    const guard = createGuard(throwing, authority)
    expect((await failureOf(guard.send(requestTo(authority)))).message).toContain('RangeError')
  })

  it('passes on an error of ours as it is', async () => {
    const ours = new TransportError('ERR_TRANSPORT_TLS', 'x', { step: 'token', hint: 'y' })
    expect(await failureOf(answered(ours))).toBe(ours)
  })

  it.each([
    ['AbortError', 'ERR_TRANSPORT_ABORTED'],
    ['TimeoutError', 'ERR_TRANSPORT_TIMEOUT'],
  ])('takes a foreign %s for what it says', async (name, code) => {
    expect((await failureOf(answered(new DOMException('CANARY', name)))).code).toBe(code)
  })

  it('ends with the signal, even if the transport ignores it', async () => {
    const guard = createGuard(() => new Promise(() => undefined), authority)
    const controller = new AbortController()
    const pending = failureOf(guard.send(requestTo(authority), { signal: controller.signal }))
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await pending).toMatchObject({ code: 'ERR_TRANSPORT_ABORTED', name: 'AbortError', cause: reason })
    const timed = guard.send(requestTo(authority), { signal: AbortSignal.timeout(20) })
    expect((await failureOf(timed)).code).toBe('ERR_TRANSPORT_TIMEOUT')
  })

  it('sends nothing when the signal had fired already', async () => {
    const { guard, sent } = guarded()
    const error = await failureOf(guard.send(requestTo(authority), { signal: AbortSignal.abort() }))
    expect(error.code).toBe('ERR_TRANSPORT_ABORTED')
    expect(sent).toEqual([])
  })
})
