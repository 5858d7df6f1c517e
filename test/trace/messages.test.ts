import { describe, expect, it } from 'vitest'
import { requestParts, responseParts } from '../../src/trace/message-parts.ts'
import { explainField, explainParameter, showFact } from '../../src/trace/messages.ts'
import { hopsOf, readRuns } from '../../src/trace/runs.ts'
import { recorded, scenarios } from './scenarios.ts'

/** Of a server alone, or of no interest. */
const unexplained = ['pragma', 'x-content-type-options']

describe('what stands in messages', () => {
  it.each(Object.keys(scenarios))('%s: every part that was sent or answered is explained', async (name) => {
    const hops = readRuns(recorded(name)).flatMap(hopsOf)
    const parts = hops.flatMap((hop) => [...requestParts(hop), ...responseParts(hop)])
    const names = parts.filter(({ why, in: where }) => why === undefined && where !== 'text').map((part) => part.name)
    expect([...new Set(names)].filter((one) => !unexplained.includes(one))).toEqual([])
    expect(parts.length).toBeGreaterThan(5)
  })

  it('is explained by what it is where the name alone says too little', () => {
    expect(explainParameter('token', 'grant_type', 'password')).toContain('§4.3')
    expect(explainParameter('token', 'grant_type', 'refresh_token')).toContain('§6')
    expect(explainParameter('token', 'grant_type', 'client_credentials')).toContain('§4')
    const scope = explainParameter('token', 'scope', 'User.Read openid profile offline_access') ?? ''
    for (const word of ['access token', 'id_token', 'name', 'refresh token']) expect(scope).toContain(word)
    expect(explainParameter('token', 'scope', 'openid')).toContain('No permission of an API')
  })

  it('means another thing in another step', () => {
    expect(explainParameter('wstrust', 'Timestamp/Created')).not.toBe(explainField('wstrust', 'Timestamp/Created'))
    expect(explainParameter('token', 'claims')).not.toBe(explainField('token', 'claims'))
    expect(explainField('realm', 'account_type')).toContain('Managed')
  })

  it('is not explained by a name that every object has, or that nobody knows', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'x-unheard-of']) {
      expect(explainParameter('token', name)).toBeUndefined()
      expect(explainField('token', name)).toBeUndefined()
    }
  })

  it('shows instants with the date they mean', () => {
    expect(showFact('exp', 1_795_424_400)).toBe('1795424400 (2026-11-23T09:00:00Z)')
    expect(showFact('expires_in', 3_600)).toBe('3600')
    expect(showFact('audiences', ['a', 'b'])).toBe('a, b')
  })
})
