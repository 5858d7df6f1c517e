import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { adviseOnGrant } from '../../src/client/advice.ts'
import type { Call } from '../../src/client/call.ts'
import { type ClientEvent, consoleListener, type LogLevel } from '../../src/index.ts'
import { findLeaks } from '../contract/secrecy.ts'
import { demo, simulate } from './simulated.ts'

const scopes = demo.scopes
const later = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('one channel', () => {
  it('gives every event to onEvent and to node:diagnostics_channel, the same ones', async () => {
    const heard: unknown[] = []
    const listen = (event: unknown): void => void heard.push(event)
    subscribe('ropc-client', listen)
    try {
      const { client, events } = await simulate()
      await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
      expect(heard).toEqual(events)
      expect(events.map(({ type }) => type)).toContain('token')
    } finally {
      unsubscribe('ropc-client', listen)
    }
  })

  it('is heard by a subscriber where no listener was given, with a call id', async () => {
    const heard: ClientEvent[] = []
    const listen = (event: unknown): void => void heard.push(event as ClientEvent)
    const { simulator } = await simulate()
    const { client } = await simulate({ onEvent: undefined, transport: simulator.send } as never)
    subscribe('ropc-client', listen)
    try {
      await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    } finally {
      unsubscribe('ropc-client', listen)
    }
    expect(heard.at(0)).toMatchObject({ type: 'run.start', callId: expect.stringMatching(/.{36}/) })
    expect(heard.at(-1)).toMatchObject({ type: 'run.end', ok: true })
    const count = heard.length
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    expect(heard).toHaveLength(count)
  })

  it('outlives a subscriber that throws', async () => {
    const uncaught = vi.fn()
    // What a subscriber throws, Node throws at the process, in the next turn.
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', uncaught)
    const listen = (): void => {
      throw new Error('a defect of the subscriber')
    }
    subscribe('ropc-client', listen)
    try {
      const { client } = await simulate()
      expect((await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })).source).toBe('password')
      await later()
    } finally {
      unsubscribe('ropc-client', listen)
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    }
    expect(uncaught).toHaveBeenCalled()
  })
})

describe('a warning', () => {
  const warned: { readonly code: string; readonly name: string; readonly message: string }[] = []
  const listen = (warning: Error): void => {
    if (warning.name === 'RopcClientWarning') warned.push(warning as (typeof warned)[number])
  }
  let printing: NodeJS.WarningListener[] = []
  beforeEach(() => {
    warned.length = 0
    // What this process was told before, by other tests, would not be told again.
    vi.resetModules()
    printing = process.listeners('warning')
    process.removeAllListeners('warning')
    process.on('warning', listen)
  })
  afterEach(() => {
    process.removeAllListeners('warning')
    for (const listener of printing) process.on('warning', listener)
  })
  const fresh = async (options: object = {}) => {
    const { createRopcClient } = await import('../../src/index.ts')
    const { simulator } = await simulate()
    const { clientId, authority, send: transport } = simulator
    return createRopcClient({ clientId, authority, transport, ...options })
  }

  it('goes to the process where nobody listens, once for each code', async () => {
    const client = await fresh()
    for (const user of [demo.ada, demo.fred, demo.ada]) await client.acquireTokenByUsernamePassword({ ...user, scopes })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.ada, password: ' x ', scopes })).rejects.toThrow()
    await later()
    expect(warned.map(({ code }) => code)).toEqual([
      'ROPC_BCP',
      'ROPC_MFA',
      'ROPC_FEDERATED_PLAINTEXT',
      'PASSWORD_BLANKS',
      'ROPC_LOCKOUT',
    ])
    expect(warned.find(({ code }) => code === 'ROPC_FEDERATED_PLAINTEXT')?.message).toContain(
      'https://sts.contoso.example',
    )
  })

  it('goes to the listener where there is one, and then not to the process', async () => {
    const events: ClientEvent[] = []
    const client = await fresh({ onEvent: (event: ClientEvent) => events.push(event) })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await later()
    const codes = events.flatMap((event) => (event.type === 'warning' ? [event.code] : []))
    expect(codes).toEqual(['ROPC_BCP', 'ROPC_MFA'])
    expect(warned).toEqual([])
  })

  it('is not told when its code is suppressed, nor is its first telling used up', async () => {
    const quiet = await fresh({ suppressWarnings: ['ROPC_BCP', 'ROPC_MFA'] })
    await quiet.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await later()
    expect(warned).toEqual([])
  })
})

describe('an advice', () => {
  const advised = (authority: { kind: string; tenant: string }, ...asked: string[]): Map<string, string> => {
    const told = new Map<string, string>()
    adviseOnGrant({ authority, advise: (code: string, text: string) => told.set(code, text) } as unknown as Call, asked)
    return told
  }
  const contoso = { kind: 'entra', tenant: 'contoso.example' }

  it.each([
    'Directory.ReadWrite.All',
    'https://graph.microsoft.com/RoleManagement.ReadWrite.Directory',
    'https://graph.microsoft.com/.default',
    'https://management.azure.com/.default',
    'https://management.core.windows.net//user_impersonation',
  ])('against giving a program an administrator’s password for %s', (scope) => {
    expect(advised(contoso, 'openid', scope).get('ROPC_PRIVILEGED')).toMatch(/identity of the program/)
  })

  it.each(['User.Read', 'https://graph.microsoft.com/Directory.Read.All', 'api://simulator-api/.default'])(
    'is not given for %s',
    (scope) => {
      expect([...advised(contoso, scope).keys()]).toEqual(['ROPC_BCP', 'ROPC_MFA'])
    },
  )

  it('speaks of what concerns the authority', () => {
    expect(advised(contoso, 'https://management.azure.com/.default').get('ROPC_MFA')).toMatch(/October 2025.*workload/)
    expect(advised({ kind: 'entra', tenant: 'organizations' }).get('ROPC_COMMON')).toMatch(/names no tenant/)
    expect([...advised({ kind: 'b2c', tenant: 'contoso.onmicrosoft.com' }).keys()]).toEqual(['ROPC_BCP', 'B2C_EOS'])
    expect([...advised({ kind: 'adfs', tenant: '' }).keys()]).toEqual(['ROPC_BCP'])
  })
})

describe('consoleListener', () => {
  const lines: [LogLevel, string][] = []
  const write = (level: LogLevel) => (line: string) => void lines.push([level, line])
  const console = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
  beforeEach(() => {
    lines.length = 0
  })

  it.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('at level %s tells of %j', async (level, told) => {
    const { client } = await simulate({ onEvent: consoleListener({ level, console }) })
    await client.acquireTokenByUsernamePassword({ ...demo.fred, scopes })
    await client.acquireTokenSilent({ account: demo.fred, scopes })
    await client.acquireTokenSilent({ account: demo.fred, scopes, forceRefresh: true })
    await expect(
      client.acquireTokenByUsernamePassword({ ...demo.ada, password: ' Not+the-p4ssword', scopes }),
    ).rejects.toThrow()
    expect(new Set(lines.map(([at]) => at))).toEqual(new Set(told))
  })

  it('writes one line for each event, in words, without the password or a token', async () => {
    const marks = 'Zk3vQx9LmA Wq8nHt2RfB Jy5cPd7GsC'
    const { client } = await simulate({
      onEvent: consoleListener({ level: 'debug', console }),
      runtime: { wait: async () => {} },
    })
    await client.acquireTokenByUsernamePassword({ ...demo.ada, scopes })
    await expect(client.acquireTokenByUsernamePassword({ ...demo.fred, password: marks, scopes })).rejects.toThrow()
    const text = lines.map(([level, line]) => `${level} ${line}`).join('\n')
    expect(findLeaks(text)).toEqual([])
    expect(lines.every(([, line]) => /^ropc-client [^\n]+$/.test(line))).toBe(true)
    for (const part of [
      /debug ropc-client acquireTokenByUsernamePassword begins, correlation id [0-9a-f-]{36}/,
      /debug ropc-client realm: account type: managed/,
      /debug ropc-client realm: GET login\.microsoftonline\.com\/common\/userrealm\/ada%40contoso\.example$/im,
      /info ropc-client token: POST login\.microsoftonline\.com\/[\w-]+\/oauth2\/v2\.0\/token 200 in \d+ ms/,
      /info ropc-client token: from password, expires \d{4}-/,
      /debug ropc-client done after \d+ ms/,
      /error ropc-client ERR_SOAP_FAULT at wstrust: the federation server refused/,
      /debug ropc-client failed after \d+ ms/,
    ]) {
      expect(text).toMatch(part)
    }
  })

  it('tells of a second try and of what the cache did', () => {
    const listener = consoleListener({ level: 'debug', console })
    const at = { at: 0, callId: '' }
    listener({ ...at, type: 'retry', step: 'realm', reason: 'HTTP status 500', waitMs: 1_000 })
    listener({ ...at, type: 'cache', key: {}, hit: true, reasons: [] })
    listener({
      ...at,
      type: 'cache',
      key: {},
      hit: false,
      reasons: [{ rule: 'cache.access-token.expired', ok: false }],
    })
    expect(lines.map(([, line]) => line)).toEqual([
      'ropc-client realm: again in 1000 ms: HTTP status 500',
      'ropc-client cache: hit',
      'ropc-client cache: no hit cache.access-token.expired',
    ])
  })
})
