import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-code.ts'
import * as errors from '../../src/errors.ts'
import { type ErrorClass, errorClasses, errorCodes, exitCodeFor } from '../../src/explain/error-codes.ts'
import { peerCodes, peerMessages } from '../../src/explain/peer-names.ts'
import { lookUp, peerRemedy, peersOf, serverCodes } from '../../src/explain/registries.ts'
import { warningCodes } from '../../src/explain/warning-codes.ts'

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('explain'))
  .map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(`${src}${file}`, 'utf8') }))
const everything = sources.map(({ text }) => text).join('\n')

/** Codes of Node and its libraries that src names to recognise them. */
const notOurs =
  /^ERR_(MODULE_NOT_FOUND|SSL_|TLS_|OSSL_|HTTP_INVALID|INVALID_$|INVALID_ARG_VALUE$|UNESCAPED|INVALID_ARG$)/

const literals = (pattern: RegExp): string[] =>
  [...new Set([...everything.matchAll(pattern)].map(([, code = '']) => code))].sort()

describe('the codes of our errors', () => {
  it('are all in the registry, and nothing else is', () => {
    const named = literals(/'(ERR_[A-Z0-9_]+)'/g).filter((code) => !notOurs.test(code))
    expect(named).toEqual(Object.keys(errorCodes).sort())
  })

  it('have the class that throws them', () => {
    const thrown = [...everything.matchAll(/new (\w+Error)\(\s*'(ERR_\w+)'/g)]
    expect(thrown.length).toBeGreaterThan(50)
    for (const [, name, code = ''] of thrown) expect(errorCodes[code]?.classes, code).toContain(name)
    // The code of an InvalidArgumentError comes last, if it has one of its own.
    for (const [code, { classes }] of Object.entries(errorCodes)) {
      if (classes[0] === 'InvalidArgumentError') expect(thrown.map(([, , other]) => other)).not.toContain(code)
    }
  })

  it('end the command as its exit codes say', () => {
    const details = { step: 'token' } as const
    const facts = { error: 'invalid_grant', errorCodes: [], faultCode: 'Sender' }
    const make: Readonly<Record<ErrorClass, (code: string) => errors.AuthError>> = {
      InvalidArgumentError: (code) => new errors.InvalidArgumentError('', details, code),
      TransportError: (code) => new errors.TransportError(code as errors.TransportErrorCode, '', details),
      ProtocolError: (code) => new errors.ProtocolError(code, '', details),
      DeniedError: (code) => new errors.DeniedError(code, '', details),
      TokenEndpointError: () => new errors.TokenEndpointError('', facts, details),
      SoapFaultError: () => new errors.SoapFaultError('', facts, details),
      ThrottledError: (code) => new errors.ThrottledError(code as 'ERR_THROTTLED', '', new Date(0), details),
      InteractionRequiredError: () => new errors.InteractionRequiredError('', '', details),
      UnsupportedError: (code) => new errors.UnsupportedError(code, '', details),
      CacheError: (code) => new errors.CacheError(code as errors.CacheErrorCode, '', details),
    }
    expect(Object.keys(errorClasses).sort()).toEqual(Object.keys(make).sort())
    for (const [code, entry] of Object.entries(errorCodes)) {
      for (const name of entry.classes) {
        const error = make[name](code)
        expect(error.code).toBe(code)
        expect(exitCodeOf(error), code).toBe(exitCodeFor(entry))
      }
    }
  })

  it('name other libraries’ words for the same situation', () => {
    expect(peersOf('ERR_NO_WSTRUST_ENDPOINT')).toContain('wstrust_endpoint_not_found')
    expect(peersOf('ERR_UNSUPPORTED_ACCOUNT')).toEqual(
      expect.arrayContaining(['unknown_user_type', 'ropc_not_supported_for_msa']),
    )
  })
})

describe('the codes of warnings', () => {
  it('are all in the registry', () => {
    const union = /export type WarningCode =([\s\S]*?)\n\n/.exec(`${textOf('client/events.ts')}\n\n`)?.[1] ?? ''
    const declared = [...union.matchAll(/'([A-Z0-9_]+)'/g)].map(([, code]) => code)
    const given = literals(/(?:\bwarn|\bonWarning|noteWarning|warningSink\(options, io\))\(\s*(?:io, )?'([A-Z0-9_]+)'/g)
    expect(declared.length).toBeGreaterThan(5)
    expect(given).toContain('ROPC_SECRET_IN_ENV')
    expect(Object.keys(warningCodes)).toEqual(expect.arrayContaining([...declared, ...given]))
  })

  function textOf(name: string): string {
    return sources.find(({ file }) => file === name)?.text ?? ''
  }
})

describe('the names of other libraries', () => {
  it('lead to codes of ours, or say why there is none', () => {
    for (const [name, entry] of Object.entries({ ...peerCodes, ...peerMessages })) {
      for (const code of entry.here) expect({ ...errorCodes, ...warningCodes }, name).toHaveProperty(code)
      expect(peerRemedy(entry), name).toMatch(/\.$/)
    }
  })

  it('are told by words that can be found', () => {
    const all = Object.values({ ...peerCodes, ...peerMessages }).flatMap(({ messages = [] }) => messages)
    expect(new Set(all).size).toBe(all.length)
    for (const message of all) expect(message).toBe(message.toLowerCase().replace(/\s+/g, ' '))
    expect(Object.keys(peerCodes)).not.toEqual(expect.arrayContaining([expect.stringContaining('-')]))
  })
})

describe('looking up', () => {
  it('finds no code that only every object has', () => {
    for (const kind of ['aadsts', 'error_code', 'warning', 'peer'] as const) {
      expect(lookUp(kind, 'constructor')).toBeUndefined()
    }
  })
})

describe('every entry', () => {
  const entries = [
    ...Object.values(serverCodes).flatMap((record) => Object.entries(record)),
    ...Object.entries({ ...errorCodes, ...warningCodes, ...peerCodes, ...peerMessages }),
  ]

  it('has a meaning without a full stop and, but for other libraries’ names, a remedy in sentences', () => {
    for (const [code, entry] of entries) {
      expect(entry.meaning, code).toMatch(/\S[^.]$/)
      if (!('libraries' in entry)) expect(entry.remedy, code).toMatch(/[.!?)]$/)
      expect(entry.remedy?.length ?? 0, code).toBeLessThanOrEqual(400)
    }
  })
})
